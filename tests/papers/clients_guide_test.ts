/** docs/clients.md: its tables are those of the stored run. `deno task clients` makes that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENTS } from "../system/client_table/clients.ts";
import { measurements, readResults, type Row, versionOf } from "../system/client_table/results.ts";
import { withTables } from "../system/client_table/table.ts";
import { command, GUIDES } from "../support/guides.ts";

const guide = GUIDES.get("clients.md") ?? "";
const rows = await readResults();
/** The same text whatever the width of the columns. */
const narrow = (text: string): string =>
  text.replace(/ +/g, " ").replace(/-{3,}/g, "---").replaceAll("\\", "");

test("docs/clients.md has the tables of the stored run", () => {
  assert.equal(narrow(guide), narrow(withTables(guide, measurements(rows))));
});

test("docs/clients.md names the task that makes its tables", () => {
  assert.equal(command("clients.md", "deno task clients"), "deno task clients");
});

test("every client of the table has a row of the listed version, and no other", () => {
  assert.deepEqual(rows.map(({ id }) => id), CLIENTS.map(({ id }) => id));
  for (const client of CLIENTS) {
    const row = rows.find(({ id }) => id === client.id);
    assert.equal(row?.version, versionOf(client), client.id);
    assert.match(row?.date ?? "", /^20\d\d-\d\d-\d\d$/, Deno.version.deno);
  }
});

test("docs/clients.md counts what its tables say", () => {
  const count = (is: (row: Row) => boolean): number => rows.filter(is).length;
  const all = rows.length;
  const logIn = count(({ logsIn }) => logsIn === "yes");
  const later = count(({ stepsUp }) => /^(?:yes|at the second call)/.test(stepsUp));
  const [one, five, thirty] = (["outage1", "outage5", "outage30"] as const)
    .map((name) => count((row) => row[name] === "yes"));
  const said = guide.replace(/\s+/g, " ");
  for (
    const sentence of [
      `${logIn} of the ${all} clients log in by themselves`,
      `gets it later in ${later} of them`,
      `${one} of ${all} sessions survive an outage of 1 second, ${five} survive one of 5 seconds, ` +
      `and ${thirty} survive one of 30 seconds`,
    ]
  ) assert(said.includes(sentence), sentence);
});
