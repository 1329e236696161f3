/**
 * The stored run: `results.json`, from which the tables of docs/clients.md are made.
 *
 * @module
 */
import { CLIENTS } from "./clients.ts";
import { type Measured, NONE } from "./measured.ts";
import type { Measurement } from "./table.ts";

/** A client's results. */
export interface Row extends Measured {
  readonly id: string;
  readonly version: string;
  /** The day of the run, `YYYY-MM-DD`. */
  readonly date: string;
}

const FILE = new URL("results.json", import.meta.url);

/** The rows of the stored run; none before the first. A column that is newer than a row is `-`. */
export async function readResults(): Promise<Row[]> {
  const rows: Row[] = JSON.parse(await Deno.readTextFile(FILE).catch(() => "[]"));
  return rows.map((row) => ({ ...NONE, ...row }));
}

/** Stores rows. */
export function writeResults(rows: readonly Row[]): void {
  Deno.writeTextFileSync(FILE, `${JSON.stringify(rows, null, 2)}\n`);
}

/** The clients that have a row, in the order of the list. */
export function measurements(rows: readonly Row[]): Measurement[] {
  return CLIENTS.flatMap((client) => {
    const row = rows.find(({ id }) => id === client.id);
    return row === undefined ? [] : [{ client, row }];
  });
}

/** A line for each column of `row` that differs, the date aside. */
export function differences(stored: Row | undefined, row: Partial<Row>): string[] {
  if (stored === undefined) return ["no stored run"];
  return (Object.keys(row) as (keyof Row)[])
    .filter((name) => name !== "date" && stored[name] !== row[name])
    .map((name) => `${name}: ${JSON.stringify(stored[name])} became ${JSON.stringify(row[name])}`);
}
