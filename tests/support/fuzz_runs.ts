/**
 * How long properties are tried: 10,000 cases each, from source; 1,000 on each runtime that the
 * packed package is tested on; or with `deno task fuzz` for so many seconds each.
 *
 * @module
 */

import process from "node:process";
import fc from "fast-check";

const { FUZZ, FUZZ_SECONDS = "60" } = process.env;
const seconds = FUZZ === undefined ? 0 : Number(FUZZ_SECONDS);
if (!(seconds >= 0)) throw new RangeError(`FUZZ_SECONDS is no number: ${FUZZ_SECONDS}`);

// The gate tries the same cases each time, so that red means a change; `deno task fuzz` tries others.
if (seconds === 0) fc.configureGlobal({ seed: 20_261_125 });

export const RUNS = seconds > 0
  ? {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
  }
  : { numRuns: /\.ts$/.test(import.meta.url) ? 10_000 : 1_000 };
