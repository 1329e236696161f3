/**
 * How long properties are tried: 10,000 cases each, from source; 1,000 on each runtime that the
 * packed package is tested on; or with `deno task fuzz` for so many seconds each.
 *
 * @module
 */

import process from "node:process";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? "0");

export const RUNS = seconds > 0
  ? {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
  }
  : { numRuns: /\.ts$/.test(import.meta.url) ? 10_000 : 1_000 };
