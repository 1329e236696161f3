/** What the guides show as printed is what is printed. Where a guide shows `…`, anything may stand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatJson, formatText } from "../../src/entries/events/mod.ts";
import type { PropelAuthEvent } from "../../src/events/events.ts";
import { block } from "../support/guides.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../support/harness.ts";

/** The events of four requests: without a token, with one, with it again, with one that lacks a scope. */
async function happen(): Promise<PropelAuthEvent[]> {
  const events: PropelAuthEvent[] = [];
  const { auth, world } = createHarness({
    requiredScopes: ["read"],
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
    onEvent: (event) => events.push(event),
  }, (token) => {
    world.advance(0.024);
    const scope = token === "a" ? "read" : "write";
    return json({ ...ACTIVE, sub: "6f0c1f8e", client_id: "claude", scope });
  });
  const handler = auth.handler(() => new Response("called"));
  for (const token of [null, "a", "a", "b"]) await handler(mcpRequest(token));
  return events;
}

/** Whether a text is as shown, with anything in the place of each ellipsis. */
function assertShown(actual: string, shown: string): void {
  const parts = shown.split(/…|\.\.\./).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  assert.match(actual, new RegExp(`^${parts.join(".+")}$`));
}

const CLOCK = /^\d\d:\d\d:\d\d /;

test("docs/events.md shows what a terminal shows", async () => {
  const shown = block("events.md", "").trim().split("\n");
  const printed = (await happen()).map((event) => formatText(event, false));
  assert.equal(printed.length, shown.length, printed.join("\n"));
  for (const [index, line] of shown.entries()) {
    assert.match(line, CLOCK);
    assertShown(printed[index]?.replace(CLOCK, "") ?? "", line.replace(CLOCK, ""));
  }
});

test("docs/events.md shows a line of JSON as it is", async () => {
  const shown = JSON.parse(block("events.md", "json"));
  const event = (await happen()).at(-1) ?? assert.fail();
  const printed = JSON.parse(formatJson({ ...event, occurredAt: Date.parse(shown.time) / 1000 }));
  assert.deepEqual(Object.keys(printed), Object.keys(shown));
  assertShown(printed.message, shown.message);
  assert.deepEqual({ ...printed, message: "" }, { ...shown, message: "" });
});

test("docs/scopes.md shows the challenge of a call that lacks its scopes", async () => {
  const { auth } = createHarness(
    { operations: { tools: { add_note: ["notes:write"] } } },
    () => json({ ...ACTIVE, scope: "notes:read" }),
  );
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "add_note", arguments: {} },
  });
  const handler = auth.handler(() => new Response("called"));
  const headers = { "Content-Type": "application/json" };
  const response = await handler(mcpRequest("a", { body, headers }));
  assert.equal(response.status, 403);
  const [name = "", value = ""] = block("scopes.md", "").trim().split(/: /);
  assertShown(response.headers.get(name) ?? "", value);
});
