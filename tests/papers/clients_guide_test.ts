/** docs/clients.md: its tables are those of the stored run. `deno task clients` makes that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENTS, versionOf } from "../system/client_table/clients.ts";
import { measurements, readResults, type Row } from "../system/client_table/results.ts";
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

test("docs/clients.md names each client that `deno task clients --fast` runs", () => {
  const [, named = ""] = /The gate of this project runs (.+?) through /s.exec(guide) ?? [];
  const fast = CLIENTS.filter(({ install }) => "locked" in install)
    .map(({ name }) => name.replace(", ", " for "));
  assert.deepEqual(named.replaceAll(/\s+/g, " ").split(/, | and /), fast);
});

test("docs/clients.md counts the rows of the stored run", () => {
  const count = (is: (row: Row) => boolean): number => rows.filter(is).length;
  const all = rows.length;
  const own = count(({ logsIn }) => logsIn === "yes");
  const later = count(({ logsIn, stepsUp }) => logsIn === "yes" && !stepsUp.startsWith("no"));
  const [after1, after5] = [
    count((row) => row.outage1 === "yes"),
    count((row) => row.outage5 === "yes"),
  ];
  const text = guide.replaceAll(/\s+/g, " ");
  for (
    const sentence of [
      `${own} of the ${all} clients log in by themselves`,
      `declined a scope at the first login gets it later in ${later} of them`,
      `${after1} of ${all} sessions survive an outage of 1 second, and ${after5} one of 5 seconds`,
    ]
  ) assert(text.includes(sentence), `"In short" has to say: ${sentence}`);
  const unable = rows.filter((row) => row.logsIn === "yes" && row.callsWithScope !== "yes");
  assert.deepEqual(unable, [], "each of them can call both tools");
  assert.equal(count((row) => row.outage30 === "yes"), 0, "none survives 30 seconds");
});

test("every client of the table has a row of the listed version, and no other", () => {
  assert.deepEqual(rows.map(({ id }) => id), CLIENTS.map(({ id }) => id));
  for (const client of CLIENTS) {
    const row = rows.find(({ id }) => id === client.id);
    assert.equal(row?.version, versionOf(client), client.id);
    assert.match(row?.date ?? "", /^20\d\d-\d\d-\d\d$/, Deno.version.deno);
  }
});
