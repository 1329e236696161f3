import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActiveFacts } from "../../src/oauth/facts.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { createCompactor } from "../../src/verification/compact_facts.ts";
import { ACTIVE } from "../support/harness.ts";

const MAX_SHARED_TEXTS = 10_000;
const MAX_SHARED_LENGTH = 1024;

function factsOf(claims: Record<string, unknown>): ActiveFacts {
  const facts = readFacts(JSON.stringify({ ...ACTIVE, ...claims }));
  assert(facts.active);
  return facts;
}

const GIVEN: [what: string, claims: Record<string, unknown>][] = [
  ["usual claims", {}],
  ["texts that stand twice", { user_id: "user-1", username: "a@b.example", email: "a@b.example" }],
  ["lists", { scope: ["read", "write"], aud: ["https://mcp.example.com/mcp", "other"] }],
  ["a resource in place of an audience", { aud: null, resource: "https://mcp.example.com/mcp" }],
  ["no client", { client_id: undefined }],
  ["an empty client and no user", { client_id: "", sub: "" }],
  ["no scope and no audience", { scope: undefined, aud: undefined }],
  ["a token type that is no text", { token_type: 7 }],
  ["a token type", { token_type: "Bearer" }],
  ["times", { exp: 2_000_000_000.5, iat: 1, nbf: 2 }],
  ["members of other kinds", {
    plan: { name: "pro", seats: [1, { of: 2 }] },
    flag: true,
    none: null,
  }],
  ["names that are numbers", { "7": "seven", "1": "one" }],
  ["a member that other objects inherit", { constructor: "text", toString: "text" }],
  ["texts longer than those that are shared", { scope: "read ".repeat(MAX_SHARED_LENGTH) }],
];

for (const [what, claims] of GIVEN) {
  test(`createCompactor() restores facts with ${what}`, () => {
    const { compact, restore } = createCompactor();
    const facts = factsOf(claims);
    for (let time = 0; time < 2; time++) {
      const restored = restore(compact(facts));
      assert.deepEqual(restored, facts);
      assert.deepEqual(Object.keys(restored.claims), Object.keys(facts.claims));
      assert([restored.claims, restored.scopes, restored.audience].every(Object.isFrozen));
    }
  });
}

test("createCompactor() restores a member named __proto__ as a member", () => {
  const { compact, restore } = createCompactor();
  const text = `{"__proto__":{"org_id":"org-1"},${JSON.stringify(ACTIVE).slice(1)}`;
  const facts = readFacts(text);
  assert(facts.active);
  const { claims } = restore(compact(facts));
  assert.deepEqual(Object.keys(claims), Object.keys(facts.claims));
  assert.equal(claims.org_id, undefined);
});

test("createCompactor() restores facts that their claims do not show", () => {
  const { compact, restore } = createCompactor();
  const facts = { ...factsOf({}), clientId: "another" };
  assert.deepEqual(restore(compact(facts)), facts);
  const more = { ...factsOf({}), more: "of another kind" };
  assert.deepEqual(restore(compact(more)), more);
});

test("createCompactor() gives tokens with equal texts the same lists", () => {
  const { compact, restore } = createCompactor();
  const [one, other] = ["user-1", "user-2"].map((sub) => restore(compact(factsOf({ sub }))));
  assert.equal(one?.scopes, other?.scopes);
  assert.equal(one?.audience, other?.audience);
  assert.notEqual(one?.claims, other?.claims);
});

test("createCompactor() tells a scope from an audience of the same text", () => {
  const { compact, restore } = createCompactor();
  const text = "https://mcp.example.com/mcp/";
  const { scopes, audience } = restore(compact(factsOf({ scope: text, aud: text })));
  assert.deepEqual([scopes, audience], [[text], ["https://mcp.example.com/mcp"]]);
});

test("createCompactor() restores right facts after more texts than it shares", () => {
  const { compact, restore } = createCompactor();
  const first = factsOf({ scope: "first" });
  const kept = compact(first);
  for (let i = 0; i <= MAX_SHARED_TEXTS; i++) restore(compact(factsOf({ scope: `scope-${i}` })));
  assert.deepEqual(restore(kept), first);
});
