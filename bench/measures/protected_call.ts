import { compareServers, differenceOf, ratioOf } from "../compare.ts";
import { atMost, type Figure, pairedRatio, plain, spreadOf, timed } from "../figure.ts";
import { CALL, createGate, createMcpServer, expectHello } from "../fixture.ts";
import { DENO, findNodes, type Runtime } from "../project.ts";
import { type ServerKind, startServer } from "../servers.ts";

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
  return [plain("warm protected call / unprotected, in process", ratio)];
}

/** Compares calls over HTTP with those to the same server without the gate, on Deno. */
export async function measureHttpCall(): Promise<Figure[]> {
  return [
    ...await measureCall(DENO, "SDK v2", { adapter: "deno" }, 1.03),
    ...await measureCall(DENO, "SDK v1, stateless", { adapter: "deno", server: "v1" }, 1.05),
    ...await measureFunction(DENO, "deno", 12),
  ];
}

/** The same on each version of Node, through the usual adapters. */
export async function measureNodeCall(): Promise<Figure[]> {
  const { nodes, missing } = findNodes();
  const figures: Figure[] = [];
  for (const node of nodes) {
    figures.push(
      ...await measureCall(node, "@hono/node-server", { adapter: "hono" }, 0.97),
      ...await measureCall(node, "@modelcontextprotocol/node", { adapter: "sdk" }, 1.15),
      ...await measureCall(node, "Express 5", { adapter: "express" }, 1.1),
      ...await measureCall(node, "SDK v1, stateless", { adapter: "hono", server: "v1" }, 1.05),
      ...await measureFunction(node, "hono", 60),
    );
  }
  if (missing !== "") {
    const measured = "needs `npm ci --prefix .ci/tools`";
    figures.push({ what: `the same on Node ${missing}`, measured, isExact: true });
  }
  return figures;
}

async function measureCall(
  runtime: Runtime,
  what: string,
  kind: Omit<ServerKind, "gate">,
  goal: number,
): Promise<Figure[]> {
  const [guarded, bare] = await compareServers([
    () => startServer(runtime, { ...kind, gate: "guarded" }),
    () => startServer(runtime, { ...kind, gate: "bare" }),
  ]);
  const call = `${runtime.name}, ${what}`;
  return [
    atMost(`${call}: protected call / unprotected`, ratioOf(guarded, bare), goal),
    plain(`${call}: the unprotected call`, spreadOf(bare?.cpu ?? []), " \u00b5s", 0),
  ];
}

async function measureFunction(
  runtime: Runtime,
  adapter: string,
  goal: number,
): Promise<Figure[]> {
  const [guarded, bare] = await compareServers([
    () => startServer(runtime, { adapter, server: "function", gate: "guarded" }),
    () => startServer(runtime, { adapter, server: "function", gate: "bare" }),
  ]);
  const what = `${runtime.name}, a function as server: what the gate adds`;
  return [atMost(what, differenceOf(guarded, bare), goal, " \u00b5s", 0)];
}
