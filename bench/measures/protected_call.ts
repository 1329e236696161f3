import { atMost, type Figure, median, pairedRatio, timed } from "../figure.ts";
import { CALL, createGate, createMcpServer, expectHello } from "../fixture.ts";
import { startProgram } from "../start_program.ts";

const URL_ = "https://mcp.example.com/mcp";

/** Compares a warm protected call with the same call without the gate, without a network. */
export async function measureProcessCall(): Promise<Figure[]> {
  const mcp = createMcpServer();
  const guarded = createGate("https://mcp.example.com").handler(mcp);
  const rounds = (call: (request: Request) => Promise<Response>) => () =>
    timed(async () => {
      for (let i = 0; i < 1_000; i++) await expectHello(await call(new Request(URL_, CALL)));
    });
  const ratio = await pairedRatio(15, rounds(guarded), rounds((request) => mcp.fetch(request)));
  return [{ what: "warm protected call / unprotected, in process", measured: ratio.toFixed(2) }];
}

/**
 * Compares the same calls over HTTP, with each server in a process of its own: in one process the
 * engine's optimisations for one server would affect the other.
 */
export async function measureHttpCall(): Promise<Figure[]> {
  const { ratio, one, other } = await compareServers(["guarded"], ["bare"], (url) => load(url));
  return [
    atMost("warm protected call / unprotected, over HTTP", ratio, 1.05),
    inMicroseconds("what the gate adds to such a call", one - other),
    inMicroseconds("the unprotected call, of a tool that does nothing", other),
  ];
}

/**
 * Compares two servers, each in a process of its own.
 *
 * @param oneKind The arguments of the first server.
 * @param otherKind The arguments of the second server.
 * @param run Sends {@linkcode CALLS} requests to a server; `isOne` for the first.
 * @param rounds How many rounds count.
 * @returns The ratio, and the medians of both in microseconds.
 */
export async function compareServers(
  oneKind: readonly string[],
  otherKind: readonly string[],
  run: (url: string, isOne: boolean) => Promise<number>,
  rounds = 40,
): Promise<{ ratio: number; one: number; other: number }> {
  const one = await startProgram("programs/server.ts", ...oneKind);
  const other = await startProgram("programs/server.ts", ...otherKind);
  try {
    const times = { one: [] as number[], other: [] as number[] };
    const measure = async (name: keyof typeof times): Promise<number> => {
      const isOne = name === "one";
      const time = await run(isOne ? one.line : other.line, isOne);
      times[name].push(time * 1000 / CALLS);
      return time;
    };
    for (let round = 0; round < rounds / 4; round++) {
      await Promise.all([run(one.line, true), run(other.line, false)]);
    }
    const ratio = await pairedRatio(rounds, () => measure("one"), () => measure("other"));
    return { ratio, one: median(times.one), other: median(times.other) };
  } finally {
    await one.stop();
    await other.stop();
  }
}

/** A figure without a goal. */
export function inMicroseconds(what: string, time: number): Figure {
  return { what, measured: `${time.toFixed(0)} microseconds` };
}

const CALLS = 400;

/** Sends 400 calls over eight connections that stay open; returns the time in milliseconds. */
export function load(
  url: string,
  request: RequestInit = CALL,
  expect: (response: Response) => Promise<void> = expectHello,
): Promise<number> {
  return timed(() =>
    Promise.all(Array.from({ length: 8 }, async () => {
      for (let call = 0; call < CALLS / 8; call++) await expect(await fetch(url, request));
    }))
  );
}
