/**
 * Runs every client of the table, and prints what changed since the stored run.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { root } from "../../support/root.ts";
import { type Client, CLIENTS } from "./clients.ts";
import { startDriver } from "./driver.ts";
import { install } from "./install.ts";
import {
  differences,
  measurements,
  readResults,
  type Row,
  versionOf,
  writeResults,
} from "./results.ts";
import { playProgram } from "./program.ts";
import { PROGRAMS } from "./programs.ts";
import { SCOPES } from "./policy.ts";
import { measure, type Start, tryScopes, tryStarts } from "./scenarios.ts";
import type { Stage } from "./stage.ts";
import { withTables } from "./table.ts";

const HELP = `Runs every client of docs/clients.md, and prints what changed since the stored run.

Usage: deno task clients [options] [CLIENT ...]

  CLIENT     only these, by their ids in tests/system/client_table/clients.ts
  --write    stores the results, and writes the tables of docs/clients.md
  --challenge none|required|operations
             prints which scopes clients ask for when a 401 names no scope, those of every request,
             or those of the operations too, and whether they can call the second tool
  --starts SECONDS,...
             prints whether a session works that starts in an outage of each length
  --stale    the same where the server has staleIfErrorSeconds
  --jobs N   how many run at once (2)
  --help     this text

Ends with 1 when something changed. The two options that print store nothing. Clients are installed into .clients.`;

const CHALLENGES: Readonly<Record<string, readonly string[]>> = {
  none: [],
  required: SCOPES.slice(0, 1),
  operations: SCOPES,
};
const GUIDE = fileURLToPath(new URL("docs/clients.md", root));
const NODE = fileURLToPath(new URL(".ci/tools/node_modules/node24/bin/node", root));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      write: { type: "boolean" },
      challenge: { type: "string" },
      starts: { type: "string" },
      stale: { type: "boolean" },
      jobs: { type: "string", default: "2" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const chosen = CLIENTS.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
  const stored = await readResults();
  const rows = new Map(stored.map((row) => [row.id, row]));
  const counts = new Map<string, number>();
  let changed = 0;
  const waiting = [...chosen];
  async function work(): Promise<void> {
    for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) {
      if (values.challenge !== undefined || values.starts !== undefined) {
        const results = await tryOut(client, values);
        for (const one of results) counts.set(one, (counts.get(one) ?? 0) + 1);
        console.log(`${client.id}: ${results.join("; ")}`);
        continue;
      }
      const row = await run(client);
      const found = differences(rows.get(client.id), row);
      console.log(`${client.id} ${row.version}: ${found.length === 0 ? "as stored" : "CHANGED"}`);
      for (const line of found) console.log(`  ${line}`);
      changed += found.length;
      if (found.length > 0 || values.write) rows.set(client.id, row);
      if (values.write) store(CLIENTS.flatMap(({ id }) => rows.get(id) ?? []));
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  if (values.write) {
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", GUIDE] }).output();
  }
  for (const [result, count] of [...counts].filter(([, count]) => count > 1)) {
    console.log(`${count} times ${result}`);
  }
  console.log(`${chosen.length} clients, ${changed} changes`);
  return changed === 0 || values.write ? 0 : 1;
}

/** Measures what `--challenge` or `--starts` asks for. */
async function tryOut(
  client: Client,
  { challenge = "", starts, stale = false }: {
    readonly challenge?: string;
    readonly starts?: string;
    readonly stale?: boolean;
  },
): Promise<string[]> {
  if (starts !== undefined) {
    const lengths = starts.split(",").map(Number);
    const results = await atHome(client, (start) => tryStarts(start, lengths, stale));
    return results.map((result, i) => `${lengths[i]} s: ${result}`);
  }
  const scopes = CHALLENGES[challenge];
  if (scopes === undefined) throw new Error(`--challenge ${challenge} is unknown`);
  const { asks, callsWithScope } = await atHome(client, (start) => tryScopes(start, [...scopes]));
  return [`asks for ${asks}`, `the second tool: ${callsWithScope}`];
}

/** Stores rows, and writes the tables of the guide; at once, since several clients run. */
function store(rows: readonly Row[]): void {
  writeResults(rows);
  Deno.writeTextFileSync(GUIDE, withTables(Deno.readTextFileSync(GUIDE), measurements(rows)));
}

async function run(client: Client): Promise<Row> {
  const log = (line: string): void => console.error(`    ${line}`);
  const measured = await atHome(client, (start) => measure(start, log, client.lifetimeSeconds));
  const date = new Date().toISOString().slice(0, 10);
  return { id: client.id, version: versionOf(client), date, ...measured };
}

/** Installs a client and measures it in a home of its own. */
async function atHome<T>(
  client: Client,
  measureClient: (start: Start) => Promise<T>,
): Promise<T> {
  const folder = await install(client);
  const home = await Deno.makeTempDir({ prefix: "client-" });
  try {
    return await measureClient((stage) => start(client, folder, home, stage));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function start(client: Client, folder: string, home: string, stage: Stage) {
  const { id, driver, header } = client;
  const browser = fileURLToPath(new URL("drivers/", import.meta.url));
  const env = {
    HOME: home,
    PATH: `${browser}:${folder}/bin:${dirname(NODE)}:${Deno.env.get("PATH") ?? ""}`,
    MCP_URL: stage.mcpUrl,
    BROWSER_URL: stage.browserUrl,
    BROWSER: `${browser}xdg-open`,
    NO_COLOR: "1",
    ...(header === true && { MCP_TOKEN: await stage.mintToken() }),
  };
  const program = PROGRAMS[id];
  if (program !== undefined) {
    // Tokens of another stage are of no use, and some programs find them again by the name.
    const own = await Deno.makeTempDir({ dir: home });
    const around = { mcpUrl: stage.mcpUrl, home: own, folder, env: { ...env, HOME: own } };
    return playProgram(program, around);
  }
  const path = `${folder}/${driver}`;
  const [command, ...args] = path.endsWith(".mjs")
    ? [NODE, "--no-warnings", path]
    : path.endsWith(".py")
    ? [`${folder}/bin/python`, path]
    : path.endsWith(".java")
    ? ["java", "-cp", `${folder}/lib/*:${folder}`, "JavaSdk"]
    : [`${folder}/client`];
  return startDriver({ program: command, args, cwd: home, env });
}

Deno.exit(await main());
