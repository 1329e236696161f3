import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { auditLog } from "@x/propelauth-mcp/audit";
import { createHarness, json } from "../../support/harness.ts";
import { message, post } from "./harness.ts";

/** Collects garbage: V8 has to be told to offer it, Bun does. */
function collectGarbage(): void {
  const bun: { gc(force: boolean): void } | undefined = Reflect.get(globalThis, "Bun");
  if (bun !== undefined) return bun.gc(true);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/** The memory in use, in MB. Requests and their streams are let go of over some turns. */
async function measureMemory(): Promise<number> {
  for (let turn = 0; turn < 6; turn++) {
    await setImmediate();
    collectGarbage();
  }
  return process.memoryUsage().heapUsed / 1e6;
}

test("auditLog() keeps no text in memory of which an event holds the beginning alone", async () => {
  const log = auditLog({ write: () => new Promise(() => {}) });
  const { auth } = createHarness({ audit: log });
  const handler = auth.handler(() => json({ jsonrpc: "2.0", id: 1, result: {} }));
  const long = (call: number) => String(call).padStart(1_000_000, "x");
  const calls = 30;
  const before = await measureMemory();
  for (let call = 0; call < calls; call++) {
    const _meta = { "io.modelcontextprotocol/protocolVersion": long(call) };
    const response = await handler(post(message("ping", { _meta }, long(call))));
    await response.text();
  }
  assert.equal(log.counts().waiting, calls);
  const grown = await measureMemory() - before;
  // Each call has sent two texts of 1 MB.
  assert(grown < calls / 2, `${calls} calls take ${grown} MB`);
});
