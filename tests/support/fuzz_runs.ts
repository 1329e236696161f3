/**
 * How many cases each property is tried with: 250, with `deno task test:long` 10,000, and with
 * `deno task fuzz` as many as fit into FUZZ_SECONDS.
 *
 * @module
 */

import process from "node:process";
import fc from "fast-check";

const { FUZZ, FUZZ_SECONDS = "60", LONG } = process.env;
const seconds = FUZZ === undefined ? 0 : Number(FUZZ_SECONDS);
if (!(seconds >= 0)) {
  throw new RangeError(`FUZZ_SECONDS must be a number >= 0: received ${FUZZ_SECONDS}`);
}

// The gate uses a fixed seed, so that a failure is due to a change; `deno task fuzz` uses others.
if (seconds === 0) fc.configureGlobal({ seed: 20_261_125 });

export const RUNS = seconds > 0
  ? {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
  }
  : { numRuns: runs(10_000) };

/** The whole number of cases with `deno task test:long`, else a fortieth. */
export function runs(whole: number): number {
  return LONG === undefined ? Math.ceil(whole / 40) : whole;
}
