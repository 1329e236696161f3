import { type Spread, spreadOf, timed } from "./figure.ts";
import { CALL, expectHello, TOKEN } from "./fixture.ts";
import type { Program } from "./start_program.ts";

/** How a server is called while it is measured. */
export interface Load {
  /** How many rounds count; a quarter more runs first, to warm up. */
  readonly rounds?: number;
  /** The calls of a round. */
  readonly calls?: number;
  readonly request?: RequestInit;
  /** Throws unless the response is the right one; `index` is the server's place in the list. */
  readonly expect?: (response: Response, index: number) => Promise<void>;
}

/** The times of one server, round by round. */
export interface Taken {
  /** CPU time of the whole process for each call, in microseconds. */
  readonly cpu: readonly number[];
  /** Calls per second. */
  readonly rate: readonly number[];
}

const CONNECTIONS = 8;

/** `--rounds`; `undefined` leaves each measure its own number. */
let roundsOfAll: number | undefined;

/** Sets how many rounds of each comparison of servers count. */
export function setRounds(rounds: number): void {
  roundsOfAll = rounds;
}

/**
 * Calls servers in turn, round by round, each in a process of its own: in one process the engine's
 * optimizations for one server would affect the other. The order rotates from round to round.
 *
 * @param starts Start the servers.
 * @param load How they are called.
 * @returns What each took, in the order of `starts`.
 */
export async function compareServers(
  starts: readonly (() => Promise<Program>)[],
  { rounds: ownRounds = 40, calls = 400, request = CALL, expect = expectHello }: Load = {},
): Promise<Taken[]> {
  const rounds = roundsOfAll ?? ownRounds;
  const servers: Program[] = [];
  try {
    for (const start of starts) servers.push(await start());
    const taken = servers.map(() => ({ cpu: [] as number[], rate: [] as number[] }));
    const inits = await Promise.all(servers.map(({ line }) => prepare(line, request)));
    const warmUps = Math.ceil(rounds / 4);
    for (let round = -warmUps; round < rounds; round++) {
      for (let place = 0; place < servers.length; place++) {
        const index = (place + round + warmUps) % servers.length;
        const [server, into, init = []] = [servers[index], taken[index], inits[index]];
        if (!server || !into) continue;
        const before = Number(await server.ask("cpu"));
        const time = await timed(() =>
          callAll(server.line, init, calls, (response) => expect(response, index))
        );
        const cpu = Number(await server.ask("cpu")) - before;
        if (round < 0) continue;
        into.cpu.push(cpu / calls);
        into.rate.push(calls * 1000 / time);
      }
    }
    return taken;
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** The ratios of two servers' CPU times, round by round. */
export function ratioOf(one: Taken | undefined, other: Taken | undefined): Spread {
  return spreadOf(pairs(one, other).map(([a, b]) => a / b));
}

/** The differences of two servers' CPU times, round by round, in microseconds. */
export function differenceOf(one: Taken | undefined, other: Taken | undefined): Spread {
  return spreadOf(pairs(one, other).map(([a, b]) => a - b));
}

function pairs(one: Taken | undefined, other: Taken | undefined): [number, number][] {
  return (one?.cpu ?? []).map((cpu, round) => [cpu, other?.cpu[round] ?? NaN]);
}

/**
 * The request of each connection, with the token that a server wants. A server that insists on a session
 * gets one for each: all calls have the same id, and in one session their answers could not be told apart.
 */
async function prepare(line: string, request: RequestInit): Promise<RequestInit[]> {
  const [url = "", token = TOKEN] = line.split(" ");
  const headers = new Headers(request.headers);
  headers.set("Authorization", `Bearer ${token}`);
  const first = await fetch(url, { ...request, headers });
  await first.body?.cancel();
  const inits = Array.from({ length: CONNECTIONS }, () => ({
    ...request,
    headers: new Headers(headers),
  }));
  if (first.status !== 400) return inits;
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1.0.0" },
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  for (const init of inits) {
    const answer = await fetch(url, { method: "POST", headers, body });
    await answer.body?.cancel();
    init.headers.set("Mcp-Session-Id", answer.headers.get("Mcp-Session-Id") ?? "");
  }
  return inits;
}

async function callAll(
  line: string,
  inits: readonly RequestInit[],
  calls: number,
  expect: (response: Response) => Promise<void>,
): Promise<void> {
  const [url = ""] = line.split(" ");
  await Promise.all(inits.map(async (init) => {
    for (let call = 0; call < calls / CONNECTIONS; call++) await expect(await fetch(url, init));
  }));
}
