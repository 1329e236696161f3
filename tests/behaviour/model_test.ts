// Random histories (history.ts) against the reference model (model.ts); `deno task model` plays 100,000.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { runs } from "../support/fuzz_runs.ts";
import { type Account, playHistory } from "./history.ts";

const { MODEL_HISTORIES = String(Math.max(100, runs(1_000))), MODEL_SEED = "1" } = process.env;

test("no history lets a token in that an order, an answer or the time has shut out", async () => {
  const account: Account = {};
  const [first, histories] = [Number(MODEL_SEED), Number(MODEL_HISTORIES)];
  for (let seed = first; seed < first + histories; seed++) await playHistory(seed, account);
  // A model that nothing happens in would find nothing.
  const { inactive = 0, forget = 0, shared_cache = 0, stale = 0, cache = 0 } = account;
  const counts = { inactive, forget, shared_cache, stale, cache };
  for (const [what, times] of Object.entries(counts)) {
    assert(times > histories / 100, `${what} happened ${times} times`);
  }
  if (histories > 1_000) console.log(`# ${histories} histories: ${JSON.stringify(account)}`);
});
