import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { ACTIVE, cached, createHarness, json, mcpRequest, NOW } from "../../support/harness.ts";
import { call, POLICY } from "./tried.ts";

// Operations with `fresh: true`: the token is introspected now, whatever the cache holds.
const FRESH: Partial<PropelAuthOptions> = { ...POLICY, ...cached() };
const PURGE = JSON.stringify(call("purge"));
const LIST = JSON.stringify(call("list_notes"));

test("handler() asks about the token now where the operation wants it", async () => {
  const { auth, asked } = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = auth.handler(() => new Response("ok"));
  const count = async (body: string) => {
    assert.equal((await handler(mcpRequest("token-1", { body }))).status, 200);
    return asked.length;
  };
  assert.deepEqual(
    [
      await count(LIST),
      await count(LIST),
      await count(PURGE),
      await count(LIST),
      await count(PURGE),
    ],
    [1, 1, 2, 2, 3],
  );
});

test("handler() asks once for a fresh operation with a cold token", async () => {
  const { auth, asked } = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: PURGE }));
  assert.equal(asked.length, 1);
});

test("handler() asks once for a hundred simultaneous fresh operations", async () => {
  const harness = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = harness.auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: LIST }));
  const all = await Promise.all(
    Array.from({ length: 100 }, () => handler(mcpRequest("token-1", { body: PURGE }))),
  );
  assert(all.every(({ status }) => status === 200));
  assert.equal(harness.asked.length, 2);
});

test("handler() does not ask anew for a fresh operation that lacks a scope anyway", async () => {
  const { auth, asked } = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp" }));
  const handler = auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: JSON.stringify(call("about")) }));
  assert.equal((await handler(mcpRequest("token-1", { body: PURGE }))).status, 403);
  assert.equal(asked.length, 1);
});

const CHANGES: [what: string, answer: () => Response, status: number, error: string][] = [
  ["revoked", () => json({ active: false }), 401, "invalid_token"],
  ["expired", () => json({ ...ACTIVE, scope: "mcp notes:admin", exp: NOW }), 401, "invalid_token"],
  ["without the scope", () => json({ ...ACTIVE, scope: "mcp" }), 403, "insufficient_scope"],
  [
    "without the scope of every request",
    () => json({ ...ACTIVE, scope: "notes:admin" }),
    403,
    "insufficient_scope",
  ],
  [
    "unknown, since PropelAuth is away",
    () => new Response(null, { status: 502 }),
    503,
    "temporarily_unavailable",
  ],
];

for (const [what, answer, status, error] of CHANGES) {
  test(`handler() refuses a fresh operation when the token is ${what} by now`, async () => {
    const harness = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
    let calls = 0;
    const handler = harness.auth.handler(() => {
      calls++;
      return new Response("ok");
    });
    await handler(mcpRequest("token-1", { body: LIST }));
    harness.answer = answer;
    const response = await handler(mcpRequest("token-1", { body: PURGE }));
    assert.deepEqual([response.status, (await response.json()).error, calls], [status, error, 1]);
  });
}

test("handler() believes the cache no longer when a fresh answer says that the token is dead", async () => {
  const harness = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = harness.auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: LIST }));
  harness.answer = () => json({ active: false });
  const statuses = [];
  for (const body of [LIST, PURGE, LIST]) {
    statuses.push((await handler(mcpRequest("token-1", { body }))).status);
  }
  assert.deepEqual(statuses, [200, 401, 401]);
});
