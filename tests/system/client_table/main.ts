/**
 * Runs every client of the table, and prints what changed since the stored run.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { root } from "../../support/root.ts";
import { type Client, CLIENTS, versionOf } from "./clients.ts";
import { atHome } from "./home.ts";
import { install } from "./install.ts";
import { type Measured, NONE } from "./measured.ts";
import { differences, measurements, readResults, type Row, writeResults } from "./results.ts";
import { SCOPES } from "./policy.ts";
import { measure, measureFast, tryScopes, tryStarts } from "./scenarios.ts";
import { withTables } from "./table.ts";

const HELP = `Runs every client of docs/clients.md, and prints what changed since the stored run.

Usage: deno task clients [options] [CLIENT ...]

  CLIENT     only these, by their ids in tests/system/client_table/clients.ts
  --fast     only logins, calls, scopes and dead tokens, which need no waiting; without CLIENT those
             of tests/system/client_table/npm/package.json, as the gate does
  --install-only
             installs clients, one after another, and runs none
  --write    stores the results, and writes the tables of docs/clients.md
  --challenge none|required|operations
             prints which scopes clients ask for when a 401 names no scope, those of every request,
             or those of the operations too, and whether they can call the second tool
  --starts SECONDS,...
             prints whether a session works that starts in an outage of each length
  --stale    the same where the server has staleIfErrorSeconds
  --jobs N   how many run at once (8): most of the time a client waits for an outage to end
  --help     this text

A client whose results changed is run once more, alone: many at once take each other's time. Ends with 1
when both runs changed. Only --write stores anything. Clients are installed into .clients.`;

const CHALLENGES: Readonly<Record<string, readonly string[]>> = {
  none: [],
  required: SCOPES.slice(0, 1),
  operations: SCOPES,
};
const GUIDE = fileURLToPath(new URL("docs/clients.md", root));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fast: { type: "boolean" },
      "install-only": { type: "boolean" },
      write: { type: "boolean" },
      challenge: { type: "string" },
      starts: { type: "string" },
      stale: { type: "boolean" },
      jobs: { type: "string", default: "8" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const unknown = positionals.find((one) => !CLIENTS.some(({ id }) => id === one));
  if (unknown !== undefined) throw new Error(`There is no client ${unknown}`);
  if (values.fast && values.write) throw new Error("--fast measures too little for --write");
  const chosen = CLIENTS.filter(({ id, install }) =>
    positionals.length === 0 ? !values.fast || "locked" in install : positionals.includes(id)
  );
  // Before any client runs: compilers take the processor time that the measured clients need.
  const folders = await installAll(chosen);
  const failed = chosen.length - folders.size;
  if (values["install-only"]) return failed === 0 ? 0 : 1;
  const stored = await readResults();
  const rows = new Map(stored.map((row) => [row.id, row]));
  const written = new Map(rows);
  const counts = new Map<string, number>();
  const changed = new Map<Client, string>();
  const waiting = folders.entries();
  async function work(): Promise<void> {
    for (const [client, folder] of waiting) {
      if (values.challenge !== undefined || values.starts !== undefined) {
        const results = await tryOut(client, folder, values);
        for (const one of results) counts.set(one, (counts.get(one) ?? 0) + 1);
        console.log(`${client.id}: ${results.join("; ")}`);
        continue;
      }
      if (!(await compare(client, folder))) changed.set(client, folder);
    }
  }
  /** Runs a client, prints and stores its results; whether they are those of the stored run. */
  async function compare(client: Client, folder: string): Promise<boolean> {
    const measured = await run(client, folder, values.fast);
    const version = versionOf(client);
    const found = differences(rows.get(client.id), { version, ...measured });
    console.log(`${client.id} ${version}: ${found.length === 0 ? "as stored" : "CHANGED"}`);
    for (const line of found) console.log(`  ${line}`);
    if (values.write) {
      const date = new Date().toISOString().slice(0, 10);
      written.set(client.id, { ...NONE, ...measured, id: client.id, version, date });
      store(CLIENTS.flatMap(({ id }) => written.get(id) ?? []));
    }
    return found.length === 0;
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  let changes = 0;
  for (const [client, folder] of changed) {
    console.log(`${client.id}: again, alone`);
    if (!(await compare(client, folder))) changes++;
  }
  if (values.write) {
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", GUIDE] }).output();
  }
  for (const [result, count] of [...counts].filter(([, count]) => count > 1)) {
    console.log(`${count} times ${result}`);
  }
  console.log(`${chosen.length} clients, ${failed} not installed, ${changes} changed`);
  return failed === 0 && (changes === 0 || values.write) ? 0 : 1;
}

/** Measures what `--challenge` or `--starts` asks for. */
async function tryOut(
  client: Client,
  folder: string,
  { challenge = "", starts, stale = false }: {
    readonly challenge?: string;
    readonly starts?: string;
    readonly stale?: boolean;
  },
): Promise<string[]> {
  if (starts !== undefined) {
    const lengths = starts.split(",").map(Number);
    const results = await atHome(client, folder, (start) => tryStarts(start, lengths, stale));
    return results.map((result, i) => `${lengths[i]} s: ${result}`);
  }
  const scopes = CHALLENGES[challenge];
  if (scopes === undefined) throw new Error(`--challenge ${challenge} is unknown`);
  const { asks, callsWithScope } = await atHome(
    client,
    folder,
    (start) => tryScopes(start, [...scopes]),
  );
  return [`asks for ${asks}`, `the second tool: ${callsWithScope}`];
}

/** Stores rows, and writes the tables of the guide; at once, since several clients run. */
function store(rows: readonly Row[]): void {
  writeResults(rows);
  Deno.writeTextFileSync(GUIDE, withTables(Deno.readTextFileSync(GUIDE), measurements(rows)));
}

async function run(client: Client, folder: string, fast = false): Promise<Partial<Measured>> {
  const log = (line: string): void => console.error(`    ${line}`);
  return await atHome(
    client,
    folder,
    (start) => fast ? measureFast(start, log) : measure(start, log, client.lifetimeSeconds),
  );
}

/** Installs clients, one after another; gives their folders, without those that failed. */
async function installAll(clients: readonly Client[]): Promise<Map<Client, string>> {
  const folders = new Map<Client, string>();
  for (const client of clients) {
    const started = Date.now();
    try {
      folders.set(client, await install(client));
      const seconds = Math.round((Date.now() - started) / 1000);
      if (seconds > 1) console.log(`${client.id} ${versionOf(client)}: installed in ${seconds} s`);
    } catch (error) {
      console.log(`${client.id} ${versionOf(client)}: NOT INSTALLED: ${error}`);
    }
  }
  return folders;
}

Deno.exit(await main());
