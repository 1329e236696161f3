import { atMost, type Figure, median, pairedRatio, timed } from "./figure.ts";
import { CALL, createGate, createMcpServer, expectHello } from "./parts.ts";

const URL_ = "https://mcp.example.com/mcp";

/** A warm protected call against the same call without the gate, without a network. */
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
 * The same over HTTP, each server in a process of its own: in one they would share what the engine
 * has learnt of either, and the bare one would pay for the other.
 */
export async function measureHttpCall(): Promise<Figure[]> {
  const guarded = await startServer("guarded");
  const bare = await startServer("bare");
  try {
    const times = { guarded: [] as number[], bare: [] as number[] };
    const run = async (name: keyof typeof times, url: string): Promise<number> => {
      const time = await load(url);
      times[name].push(time * 1000 / CALLS);
      return time;
    };
    for (let round = 0; round < 10; round++) await Promise.all([load(guarded.url), load(bare.url)]);
    const ratio = await pairedRatio(
      40,
      () => run("guarded", guarded.url),
      () => run("bare", bare.url),
    );
    const [protectedTime, bareTime] = [median(times.guarded), median(times.bare)];
    return [
      atMost("warm protected call / unprotected, over HTTP", ratio, 1.05),
      inMicroseconds("what the gate adds to such a call", protectedTime - bareTime),
      inMicroseconds("the unprotected call, of a tool that does nothing", bareTime),
    ];
  } finally {
    await guarded.stop();
    await bare.stop();
  }
}

function inMicroseconds(what: string, time: number): Figure {
  return { what, measured: `${time.toFixed(0)} microseconds` };
}

async function startServer(kind: "guarded" | "bare") {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      new URL("./server.ts", import.meta.url).pathname,
      kind,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) line += (await reader.read()).value ?? "";
  await reader.cancel();
  const stop = async (): Promise<void> => {
    await child.stdin.close();
    await child.status;
  };
  return { url: line.trim(), stop };
}

const CALLS = 400;

/** 400 calls over eight connections that stay open. */
function load(url: string): Promise<number> {
  return timed(() =>
    Promise.all(Array.from({ length: 8 }, async () => {
      for (let call = 0; call < CALLS / 8; call++) await expectHello(await fetch(url, CALL));
    }))
  );
}
