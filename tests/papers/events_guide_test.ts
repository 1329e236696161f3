import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { AccessTokenErrorReason } from "../../src/oauth/refusal_sentences.ts";
import { EVENT_LEVELS } from "../../src/entries/events/levels.ts";
import type { EventFacts, PropelAuthEvent, TokenEvent } from "../../src/events/events.ts";
import type { FactsSource } from "../../src/oauth/facts.ts";
import { root } from "../support/root.ts";
import { formatJson, formatText } from "../../src/entries/events/mod.ts";
import { block } from "../support/guides.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../support/harness.ts";

const guide = readFileSync(new URL("docs/events.md", root), "utf8");

/** The first two cells of each row of the table with this first heading. */
function rows(heading: string): [string, string][] {
  const lines = guide.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  assert(start >= 0, `docs/events.md has no table of ${heading}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) => {
    const [, first = "", second = ""] = line.split("|").map((cell) => cell.trim());
    return [first.replaceAll("`", ""), second];
  });
}

test("docs/events.md lists every code with its level", () => {
  assert.deepEqual(Object.fromEntries(rows("code")), EVENT_LEVELS);
});

test("docs/events.md lists every source and every reason", () => {
  const sources: Record<FactsSource, true> = {
    cache: true,
    introspection: true,
    flight: true,
    shared_cache: true,
    stale: true,
  };
  const reasons: Record<AccessTokenErrorReason, true> = {
    missing_credentials: true,
    malformed_credentials: true,
    inactive: true,
    wrong_token_type: true,
    expired: true,
    not_yet_valid: true,
    audience_mismatch: true,
    org_claim_missing: true,
    org_mismatch: true,
    role_claim_missing: true,
    role_mismatch: true,
    scope_missing: true,
    api_key_user_disabled: true,
    api_key_maker_left: true,
    api_key_kind_refused: true,
    api_key_scope_missing: true,
  };
  assert.deepEqual(rows("`source`").map(([name]) => name).sort(), Object.keys(sources).sort());
  const named = rows("`reason` of a refusal").map(([name]) => name);
  assert.deepEqual(named.sort(), Object.keys(reasons).sort());
});

type Code = EventFacts["code"];
/** The members of an event, without those that the guide explains above the table. */
type MembersOf<C extends Code, Event = EventFacts> = Event extends EventFacts
  ? C extends Event["code"] ? Exclude<keyof Event, keyof TokenEvent | "code"> : never
  : never;

/** Every member of every event: the compiler refuses this table if it lacks a member or has another. */
const MEMBERS: { [C in Code]: Record<MembersOf<C>, true> } = {
  token_accepted: { source: true, clientId: true, subject: true },
  token_refused: { reason: true, source: true, expected: true, received: true },
  token_unverified: { reason: true },
  call_refused: {
    reason: true,
    clientId: true,
    subject: true,
    method: true,
    operation: true,
    challenged: true,
    expected: true,
    received: true,
  },
  introspection_completed: { active: true },
  propelauth_unreachable: { reason: true, status: true, detail: true },
  propelauth_misconfigured: { reason: true, status: true, detail: true },
  metadata_unavailable: { status: true, detail: true },
  breaker_opened: { failures: true, retryAfterSeconds: true },
  breaker_closed: {},
  shared_cache_lost: {},
  shared_cache_recovered: {},
  shared_cache_order_lost: {},
  shared_cache_entry_rejected: {},
  operations_unjudged: {},
  rule_unmatched: { kind: true, rule: true, nearest: true },
  calls_unaudited: {},
  session_refused: { clientId: true, subject: true },
  request_refused: { reason: true, clientId: true, subject: true, received: true },
};

test("docs/events.md names every member of every event", () => {
  for (const [code, members] of Object.entries(MEMBERS)) {
    const row = guide.split("\n").find((line) => line.startsWith(`| \`${code}\` `)) ?? "";
    for (const member of Object.keys(members)) {
      assert(row.includes(`\`${member}\``), `${code}: ${member}`);
    }
  }
});

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

/** Asserts that a text is as shown, where an ellipsis stands for any text. */
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
