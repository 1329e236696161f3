import { compareServers, ratioOf, type Taken } from "../compare.ts";
import { atLeast, atMost, type Figure, plain, spreadOf } from "../figure.ts";
import { CALL } from "../fixture.ts";
import { createProject, DENO, findNodes, pathOf, type Runtime } from "../project.ts";
import { startServer } from "../servers.ts";
import { type Program, startCommand, startProgram } from "../start_program.ts";

/** The gates of `programs/peers.mjs`. */
const PEERS: readonly [gate: string, name: string][] = [
  ["sdk", "requireBearerAuth of the MCP SDK"],
  ["mcp-handler", "mcp-handler"],
  ["better-auth", "@better-auth/mcp"],
  ["cloudflare", "OAuthResourceServer of Cloudflare"],
];

/** Compares the gate with those of others: the same tool and the same machine, in one run. */
export async function measurePeers(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const runtime of [DENO, ...findNodes().nodes]) {
    const adapter = runtime === DENO ? "deno" : "hono";
    const start = (gate: string) => () => startServer(runtime, { adapter, gate }, pathOf(".."));
    const [ours, ...others] = await compareServers([
      start("guarded"),
      ...PEERS.map(([gate]) => start(gate)),
      () => startFramework(runtime),
    ]);
    const names = [...PEERS.map(([, name]) => name), "mcp-framework"];
    figures.push(...compareAll(runtime.name, ours, others, names));
    if (runtime === DENO) continue;
    const [onExpress, sdk] = await compareServers([
      () => startServer(runtime, { adapter: "express", gate: "guarded" }),
      () => startServer(runtime, { adapter: "express", gate: "sdk" }),
    ]);
    const name = "requireBearerAuth of the MCP SDK";
    figures.push(...compareAll(`${runtime.name}, Express 5`, onExpress, [sdk], [name]));
  }
  return figures;
}

function compareAll(
  where: string,
  ours: Taken | undefined,
  others: readonly (Taken | undefined)[],
  names: readonly string[],
): Figure[] {
  return [
    plain(`${where}: calls per second, @x/propelauth-mcp`, spreadOf(ours?.rate ?? []), "", 0),
    ...others.flatMap((other, index) => [
      plain(`${where}: calls per second, ${names[index]}`, spreadOf(other?.rate ?? []), "", 0),
      atMost(`${where}: CPU of a call, ours / ${names[index]}`, ratioOf(ours, other), 1),
    ]),
  ];
}

async function startFramework({ command }: Runtime): Promise<Program> {
  return await startCommand([...command, "bench/programs/framework.mjs"], await createProject());
}

const FASTMCP = "4.2.3";
const RESOURCE = "https://mcp.example.com/mcp";

/** Compares a call with one of FastMCP (Python) behind its `PropelAuthProvider`, with and without its cache. */
export async function measureFastMcp(): Promise<Figure[]> {
  const python = await installFastMcp();
  if (python === undefined) {
    return [{ what: "FastMCP", measured: "needs python3 with venv and pip", isExact: true }];
  }
  const propelAuth = await startProgram("programs/propelauth.ts", RESOURCE, "0");
  const startTheirs = (seconds: string) => () =>
    startCommand([
      python,
      pathOf("programs/fastmcp_server.py"),
      propelAuth.line,
      RESOURCE,
      seconds,
    ]);
  const startOurs = (seconds: string) => () =>
    startServer(DENO, { adapter: "deno", gate: "guarded", asks: [propelAuth.line, seconds] });
  try {
    const figures: Figure[] = [];
    for (const [what, seconds] of [["cached", "3600"], ["uncached", "0"]] as const) {
      const [theirs, ours] = await compareServers(
        [startTheirs(seconds), startOurs(seconds)],
        { rounds: 20, calls: 200 },
      );
      const [name, own] = [`FastMCP ${FASTMCP}, ${what}`, `@x/propelauth-mcp on Deno, ${what}`];
      figures.push(
        plain(`${name}: calls per second`, spreadOf(theirs?.rate ?? []), "", 0),
        plain(`${own}: calls per second`, spreadOf(ours?.rate ?? []), "", 0),
        atLeast(`${name}: CPU of a call / ours`, ratioOf(theirs, ours), 5, "", 1),
      );
    }
    for (
      const [name, start] of [["FastMCP", startTheirs], ["@x/propelauth-mcp", startOurs]] as const
    ) {
      const what = `introspections for 1,000 simultaneous cold requests, ${name}`;
      const measured = await countIntrospections(propelAuth, await start("3600")());
      figures.push({ what, measured, isExact: true });
    }
    return figures;
  } finally {
    await propelAuth.stop();
  }
}

/** Counts them; a server that is overrun may also leave requests unanswered. */
async function countIntrospections(propelAuth: Program, server: Program): Promise<string> {
  try {
    const before = Number(await propelAuth.ask("count"));
    const statuses = await Promise.all(Array.from({ length: 1_000 }, async () => {
      try {
        const response = await fetch(server.line.trim(), CALL);
        await response.text();
        return response.status;
      } catch {
        return undefined;
      }
    }));
    const asked = Number(await propelAuth.ask("count")) - before;
    const failed = statuses.filter((status) => status !== 200).length;
    return failed === 0 ? `${asked}` : `${asked}, and ${failed} requests failed`;
  } finally {
    await server.stop();
  }
}

/** Installs FastMCP in a folder of its own; returns its Python, or `undefined` where pip does not answer. */
async function installFastMcp(): Promise<string | undefined> {
  const folder = pathOf("../.ci/out/fastmcp");
  const python = `${folder}/bin/python`;
  const run = async (command: string, ...args: string[]): Promise<boolean> => {
    try {
      return (await new Deno.Command(command, { args }).output()).success;
    } catch {
      return false;
    }
  };
  if (await run(python, "-c", "import fastmcp")) return python;
  const isReady = await run("python3", "-m", "venv", folder) &&
    await run(python, "-m", "pip", "install", "--quiet", `fastmcp==${FASTMCP}`);
  return isReady ? python : undefined;
}
