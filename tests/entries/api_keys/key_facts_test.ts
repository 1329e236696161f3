import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiKeyKind } from "@x/propelauth-mcp";
import { readKeyFacts } from "../../../src/entries/api_keys/key_facts.ts";
import type { ActiveFacts } from "../../../src/oauth/facts.ts";
import { ORGANIZATION, PERSONAL } from "./harness.ts";

const DIGEST = "0123456789abcdef".repeat(4);
const KINDS: ReadonlySet<ApiKeyKind> = new Set(["personal", "organization", "generic"]);

const read = (answer: unknown, kinds = KINDS) =>
  readKeyFacts(typeof answer === "string" ? answer : JSON.stringify(answer), DIGEST, kinds);

function readActive(answer: unknown): ActiveFacts {
  const facts = read(answer);
  assert(facts.active);
  return facts;
}

const READ: [what: string, answer: unknown, apiKey: Record<string, unknown>][] = [
  ["a user's key", PERSONAL, {
    kind: "personal",
    subject: "user-1",
    email: "ada@example.com",
    metadata: { purpose: "ci" },
  }],
  ["an organization's key", ORGANIZATION, {
    kind: "organization",
    subject: "user-1",
    email: "ada@example.com",
    orgId: "acme",
    orgName: "Acme",
    orgRole: "Admin",
    permissions: ["builds::read"],
  }],
  ["an organization's key that no user made", { org: { org_id: "acme", org_name: "Acme" } }, {
    kind: "organization",
    orgId: "acme",
    orgName: "Acme",
  }],
  ["nobody's key", { metadata: { a: 1 } }, { kind: "generic", metadata: { a: 1 } }],
  ["nobody's key without metadata", { metadata: null }, { kind: "generic" }],
  ["ids alone", { user_id: "user-1", user: null, org: null, user_in_org: null, org_id: null }, {
    kind: "personal",
    subject: "user-1",
  }],
  ["ids that agree", { user_id: "user-1", org_id: "acme", ...ORGANIZATION }, {
    kind: "organization",
    subject: "user-1",
    email: "ada@example.com",
    orgId: "acme",
    orgName: "Acme",
    orgRole: "Admin",
    permissions: ["builds::read"],
  }],
  ["members of other types than text", {
    user: { user_id: "u", email: 1, username: null },
    user_in_org: { org_id: "o", org_name: {}, user_role: ["a"], user_permissions: ["p", 1] },
  }, { kind: "organization", subject: "u", orgId: "o", permissions: ["p"] }],
  ["permissions that are no list", {
    org_id: "o",
    user_in_org: { org_id: "o", user_permissions: "p" },
  }, {
    kind: "organization",
    orgId: "o",
  }],
];

for (const [what, answer, apiKey] of READ) {
  test(`readKeyFacts() reads ${what}`, () => {
    const facts = readActive(answer);
    assert.deepEqual(facts.apiKey, { metadata: {}, permissions: [], ...apiKey });
    assert.equal(facts.clientId, "api_key_0123456789abcdef");
    assert.deepEqual([facts.scopes, facts.audience, facts.expiresAt], [[], undefined, undefined]);
    assert.deepEqual(
      [facts.subject, facts.claims.sub, facts.claims.email, facts.claims.org_id],
      [apiKey["subject"], apiKey["subject"], apiKey["email"], apiKey["orgId"]],
    );
    assert(Object.isFrozen(facts.apiKey) && Object.isFrozen(facts.apiKey?.metadata));
  });
}

test("readKeyFacts() takes no claim of a token from an answer about a key", () => {
  const { claims, ...facts } = readActive({
    metadata: { scope: "admin" },
    scope: "admin",
    sub: "user-2",
    exp: 1,
    nbf: 1,
    aud: "https://other.example",
    client_id: "client",
    email: "eve@example.com",
    org_role: "Owner",
    token_type: "refresh_token",
    active: true,
    more: { kept: true },
  });
  assert.deepEqual(claims, {
    active: true,
    metadata: { scope: "admin" },
    more: { kept: true },
  });
  assert.deepEqual([facts.scopes, facts.subject, facts.expiresAt, facts.tokenType], [
    [],
    undefined,
    undefined,
    undefined,
  ]);
});

const { user_in_org: _, ...MAKER_LEFT } = ORGANIZATION;
const REFUSED: [what: string, answer: unknown, reason: string][] = [
  [
    "a key of a disabled user",
    { user: { ...PERSONAL.user, enabled: false } },
    "api_key_user_disabled",
  ],
  ["a key of a locked user", { user: { ...PERSONAL.user, locked: true } }, "api_key_user_disabled"],
  ["an organization's key of a locked user", {
    ...ORGANIZATION,
    user: { ...PERSONAL.user, locked: true },
  }, "api_key_user_disabled"],
  ["an organization's key whose maker has left", MAKER_LEFT, "api_key_maker_left"],
  ["the same with ids alone", { user_id: "u", org_id: "o" }, "api_key_maker_left"],
  ["the same with null", { ...ORGANIZATION, user_in_org: null }, "api_key_maker_left"],
];

for (const [what, answer, reason] of REFUSED) {
  test(`readKeyFacts() refuses ${what}`, () => {
    assert.deepEqual(read(answer), { active: false, reason });
  });
}

test("readKeyFacts() refuses a kind that is not let in", () => {
  const answers: [ApiKeyKind, unknown][] = [
    ["personal", PERSONAL],
    ["organization", ORGANIZATION],
    ["generic", { metadata: {} }],
  ];
  for (const [kind, answer] of answers) {
    assert.equal(read(answer, new Set([kind])).active, true);
    const others = new Set([...KINDS].filter((one) => one !== kind));
    assert.deepEqual(read(answer, others), { active: false, reason: "api_key_kind_refused" });
  }
});

const MALFORMED: unknown[] = [
  "",
  "null",
  "[]",
  '"valid"',
  "<html>",
  {},
  { active: false },
  { active: true },
  { active: false, ...PERSONAL },
  { active: "true", ...PERSONAL },
  { message: "It works!" },
  '{"metadata":{},"metadata":{}}',
  { user: "user-1" },
  { user: [] },
  { user: {} },
  { user: { user_id: "" } },
  { user: { user_id: 1 } },
  { user_id: 1 },
  { org: { name: "Acme" } },
  { org: true },
  { user_in_org: {} },
  { metadata: "text" },
  { user: { user_id: "u", enabled: "false" } },
  { user: { user_id: "u", locked: 1 } },
  { user: { user_id: "u" }, user_id: "v" },
  { org: { org_id: "o" }, org_id: "p" },
  { org: { org_id: "o" }, user_in_org: { org_id: "p" } },
];

for (const answer of MALFORMED) {
  test(`readKeyFacts() finds ${JSON.stringify(answer)} malformed`, () => {
    assert.throws(() => read(answer), { reason: "malformed_response" });
  });
}
