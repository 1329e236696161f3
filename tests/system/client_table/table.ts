/**
 * The tables of docs/clients.md, made from the stored run. Pure: no clock, no network.
 *
 * @module
 */
import type { Client } from "./clients.ts";
import type { Row } from "./results.ts";

/** A client with its stored results. */
export interface Measurement {
  readonly client: Client;
  readonly row: Row;
}

type Column = readonly [heading: string, cell: (measurement: Measurement) => string];

const MAX_TEXT = 160;

const name: Column = ["client", ({ client, row }) => `${client.name} ${row.version}`];

/** Each table by the heading of the guide's section that has it. */
const TABLES: Readonly<Record<string, readonly Column[]>> = {
  "Logins and calls": [
    name,
    ["run on", ({ row }) => row.date],
    ["asks for", ({ row }) => row.asks],
    ["logs in", ({ row }) => brief(row.logsIn)],
    ["calls", ({ row }) => brief(row.calls)],
    ["needs one more scope", ({ row }) => brief(row.callsWithScope)],
    ["scope declined before", ({ row }) => brief(row.stepsUp)],
    ["token expired", ({ row }) => brief(row.refreshes)],
    ["token revoked", ({ row }) => brief(row.revoked)],
    ["logged out", ({ row }) => brief(row.loggedOut)],
  ],
  "Outages and restarts": [
    name,
    ["begins with", ({ row }) => row.begins],
    ["starts in an outage of 1 s", ({ row }) => brief(row.outage1)],
    ["5 s", ({ row }) => brief(row.outage5)],
    ["30 s", ({ row }) => brief(row.outage30)],
    ["starts again after it", ({ row }) => brief(row.afterOutage)],
    ["call after an outage in the session", ({ row }) => brief(row.outageInSession)],
    ["call after a restart", ({ row }) => brief(row.restart)],
  ],
  "Issuers and URLs": [
    name,
    ["issuer without a path", ({ row }) => brief(row.bareIssuer)],
    ["its words", ({ row }) => words(row.bareIssuer)],
    ["URL with another host than `resource`", ({ row }) => brief(row.otherHost)],
    ["its words", ({ row }) => words(row.otherHost)],
  ],
  "The words that the user gets": [
    name,
    ["scope missing", ({ row }) => words(row.stepsUp)],
    ["logged out", ({ row }) => words(row.loggedOut)],
    ["outage of 30 s at the start", ({ row }) => words(row.outage30)],
    ["outage in the session", ({ row }) => words(row.outageInSession)],
    ["after a restart", ({ row }) => words(row.restart)],
  ],
  "How to configure them": [
    ["client", ({ client }) => client.name],
    ["package", ({ client }) => `\`${packageOf(client)}\``],
    ["redirect address", ({ row }) => row.redirect === "-" ? "none" : `\`${row.redirect}\``],
    ["what to do", ({ client }) => client.note],
  ],
};

/**
 * Replaces the first table of each section that has one here.
 *
 * @param guide The text of the guide.
 * @param measurements The rows, in their order.
 * @returns The guide; its tables are not aligned.
 */
export function withTables(guide: string, measurements: readonly Measurement[]): string {
  let text = guide;
  for (const [heading, columns] of Object.entries(TABLES)) {
    const section = text.indexOf(`\n## ${heading}\n`);
    if (section < 0) throw new Error(`The guide has no section ${heading}`);
    const [table] = /(?:^\|.*\n)+/m.exec(text.slice(section)) ?? [];
    if (table === undefined) throw new Error(`The section ${heading} has no table`);
    const start = text.indexOf(table, section);
    const made = buildTable(columns, measurements);
    text = text.slice(0, start) + made + text.slice(start + table.length);
  }
  return text;
}

function buildTable(columns: readonly Column[], measurements: readonly Measurement[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return [
    line(columns.map(([heading]) => heading)),
    line(columns.map(() => "---")),
    ...measurements.map((one) => line(columns.map(([, cell]) => cell(one)))),
  ].join("");
}

/** A result without the text of its error. */
function brief(result: string): string {
  if (result === "-") return "not reached";
  return result.replace(/^no: hangs.*/, "hangs").replace(/^no: .*/, "no")
    .replace(/^then yes: .*/, "yes").replace(/; .*/, ", but not `ping()`");
}

/** The text of an error alone, as code. */
function words(result: string): string {
  const [, text] = /^(?:no|then yes): (.*)$/.exec(result) ?? [];
  if (text === undefined) return result === "-" ? "not reached" : "no error";
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return `\`${short.replaceAll("`", "'").replaceAll("|", "¦")}\``;
}

/** The package's name, without its version. */
function packageOf({ install }: Client): string {
  const [[first = ""] = []] = Object.values(install);
  return first.replace(/(?<=.)(?:@|==| = |:(?=[\d.]+$)).*$/, "");
}
