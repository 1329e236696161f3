import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActiveFacts } from "../../src/oauth/facts.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { ACTIVE, NOW, RESOURCE } from "../support/harness.ts";

function read(change: Record<string, unknown> = {}): ActiveFacts {
  const facts = readFacts(JSON.stringify({ ...ACTIVE, ...change }));
  assert(facts.active);
  return facts;
}

test("readFacts() reads the members of a response about an active token", () => {
  assert.deepEqual(read(), {
    active: true,
    clientId: "client-1",
    subject: "user-1",
    scopes: ["read", "write"],
    audience: [RESOURCE],
    tokenType: "Bearer",
    expiresAt: NOW + 600,
    notBefore: undefined,
    claims: ACTIVE,
  });
});

const INACTIVE = ['{"active":false}', '{"active":false,"exp":"x","sub":null,"active2":1}'];

for (const text of INACTIVE) {
  test(`readFacts() reads ${text} as inactive`, () => {
    assert.deepEqual(readFacts(text), { active: false });
  });
}

// RFC 7662 §2.2; P32, P38, G6, G8, G10, G20
const MALFORMED: [when: string, text: string][] = [
  ["it is empty", ""],
  ["it is HTML", "<html></html>"],
  ["it is null", "null"],
  ["it is an array", '[{"active":true}]'],
  ["it is a string", '"active"'],
  ["it is cut off", '{"active":true'],
  ["active is absent", "{}"],
  ["active is the text true", '{"active":"true"}'],
  ["active is the text false", '{"active":"false"}'],
  ["active is 1", '{"active":1}'],
  ["active is null", '{"active":null}'],
  ["active is only inherited", '{"__proto__":{"active":true}}'],
  ...["exp", "nbf", "iat"].flatMap((name): [string, string][] => [
    [`${name} is text`, `{"active":true,"${name}":"4000000600"}`],
    [`${name} is a boolean`, `{"active":true,"${name}":true}`],
    [`${name} is infinite`, `{"active":true,"${name}":1e999}`],
    [`${name} is an array`, `{"active":true,"${name}":[4000000600]}`],
  ]),
  ...["scope", "aud", "resource"].flatMap((name): [string, string][] => [
    [`${name} is a number`, `{"active":true,"${name}":1}`],
    [`${name} is an object`, `{"active":true,"${name}":{"a":"b"}}`],
    [`${name} has a member that is not a string`, `{"active":true,"${name}":["a",1]}`],
    [`${name} has a null in it`, `{"active":true,"${name}":["a",null]}`],
  ]),
];

for (const [when, text] of MALFORMED) {
  test(`readFacts() finds a malformed response when ${when}`, () => {
    assert.throws(() => readFacts(text), { reason: "malformed_response" });
  });
}

// P30, P33 to P36, G6, G7
const READ: [when: string, change: Record<string, unknown>, expected: Partial<ActiveFacts>][] = [
  ["scope is an array", { scope: ["read", "", "a b"] }, { scopes: ["read", "a b"] }],
  ["scope has odd white space", { scope: "  read\t\nwrite " }, { scopes: ["read", "write"] }],
  ["scope has a comma", { scope: "read,write" }, { scopes: ["read,write"] }],
  ["scope is null", { scope: null }, { scopes: [] }],
  ["scope is empty", { scope: "" }, { scopes: [] }],
  ["client_id is absent", { client_id: undefined }, { clientId: "user-1" }],
  ["client_id is a number", { client_id: 42 }, { clientId: "user-1" }],
  ["client_id is empty", { client_id: "" }, { clientId: "user-1" }],
  ["client_id and sub are null", { client_id: null, sub: null }, { clientId: "unknown" }],
  ["sub is a number", { sub: 42 }, { subject: undefined }],
  ["sub is empty", { sub: "" }, { subject: undefined }],
  ["exp is null", { exp: null }, { expiresAt: undefined }],
  ["exp is 0", { exp: 0 }, { expiresAt: 0 }],
  ["nbf is there", { nbf: NOW }, { notBefore: NOW }],
  ["token_type is null", { token_type: null }, { tokenType: undefined }],
  ["token_type is a number", { token_type: 1 }, { tokenType: null }],
  ["aud is an array", { aud: ["https://a.example", `${RESOURCE}/`] }, {
    audience: ["https://a.example", RESOURCE],
  }],
  ["aud is no URL", { aud: "mcp" }, { audience: [] }],
  ["aud is absent and resource there", { aud: undefined, resource: RESOURCE }, {
    audience: [RESOURCE],
  }],
  ["aud is null and resource there", { aud: null, resource: [RESOURCE] }, { audience: [RESOURCE] }],
  ["aud is foreign and resource ours", { aud: "https://a.example", resource: RESOURCE }, {
    audience: ["https://a.example"],
  }],
  ["aud is an empty array and resource ours", { aud: [], resource: RESOURCE }, { audience: [] }],
  ["neither aud nor resource is there", { aud: undefined }, { audience: [] }],
];

for (const [when, change, expected] of READ) {
  test(`readFacts() reads on when ${when}`, () => {
    const facts: Partial<ActiveFacts> = read(change);
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(facts[name as keyof ActiveFacts], value);
    }
  });
}

test("readFacts() leaves known members of a wrong type out of the claims, and others in", () => {
  const { claims } = read({ email: 1, org_id: null, sub: {}, tier: { level: [1] }, extra: null });
  assert.deepEqual(
    ["email", "org_id", "sub", "tier", "extra"].map((name) => [name in claims, claims[name]]),
    [[false, undefined], [false, undefined], [false, undefined], [true, { level: [1] }], [
      true,
      null,
    ]],
  );
});

test("readFacts() freezes the facts all the way down, however deep they are", () => {
  const depth = 20_000;
  const nested = "[".repeat(depth) + "]".repeat(depth);
  const facts = readFacts(`{"active":true,"scope":["a"],"deep":${nested}}`);
  assert(facts.active);
  const open: unknown[] = [facts];
  let seen = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    assert(Object.isFrozen(value));
    seen++;
    open.push(...Object.values(value));
  }
  assert(seen > depth);
});
