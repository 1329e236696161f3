import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type AccessTokenPolicy, judgeAccessToken } from "../../src/oauth/access_token.ts";
import type { AccessTokenError } from "../../src/oauth/errors.ts";
import type { AccessTokenErrorReason } from "../../src/oauth/refusal_sentences.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { createHoldsScope } from "../../src/oauth/scope_hierarchy.ts";
import { ACTIVE, METADATA_URL, NOW, RESOURCE } from "../support/harness.ts";

const POLICY: AccessTokenPolicy = {
  resource: RESOURCE,
  audience: RESOURCE,
  resourceMetadataUrl: METADATA_URL,
  requiredScopes: ["read"],
  challengeScopes: [],
  holdsScope: createHoldsScope({ admin: ["read"] }, new Set(["admin", "read"])),
  dangerouslyAllowAnyAudience: false,
};

function judge(
  change: Record<string, unknown> = {},
  policy: Partial<AccessTokenPolicy> = {},
  now = NOW,
) {
  const facts = readFacts(JSON.stringify({ ...ACTIVE, ...change }));
  return judgeAccessToken(facts, { ...POLICY, ...policy }, now, "token-1");
}

test("judgeAccessToken() gives everything that a tool needs to know", () => {
  const accessToken = judge();
  assert.equal(accessToken.token, "token-1");
  assert.deepEqual({ ...accessToken }, {
    clientId: "client-1",
    scopes: ["read", "write"],
    expiresAt: NOW + 600,
    resource: new URL(RESOURCE),
    resourceMetadataUrl: METADATA_URL,
    subject: "user-1",
    claims: ACTIVE,
    extra: { subject: "user-1", claims: ACTIVE },
  });
});

test("judgeAccessToken() gives the organization and the role that the token names", () => {
  const { orgId, orgRole } = judge({ org_id: "acme", org_role: "Owner" });
  assert.deepEqual([orgId, orgRole], ["acme", "Owner"]);
  for (const nothing of [undefined, null, "", 42, ["acme"]]) {
    const accessToken = judge({ org_id: nothing, org_role: nothing });
    assert.deepEqual(["orgId" in accessToken, "orgRole" in accessToken], [false, false]);
  }
});

test("judgeAccessToken() has no member for a claim that the response lacks", () => {
  const accessToken = judge({ exp: null, sub: undefined });
  assert.deepEqual(
    ["expiresAt" in accessToken, "subject" in accessToken, "subject" in accessToken.extra],
    [false, false, false],
  );
});

// G1, G3 to G5, G13, G35
const ACCEPTED: [
  when: string,
  change: Record<string, unknown>,
  policy?: Partial<AccessTokenPolicy>,
][] = [
  ["a broader scope stands for the required one", { scope: "admin" }],
  ["token_type is absent", { token_type: undefined }],
  ["token_type is null", { token_type: null }],
  ["token_type is bearer in lower case", { token_type: "bearer" }],
  ["token_type is access_token", { token_type: "access_token" }],
  ["exp is absent", { exp: undefined }],
  ["exp is a moment away", { exp: NOW + 0.001 }],
  ["nbf is now", { nbf: NOW }],
  ["aud is an array with ours in it", { aud: ["https://a.example/mcp", RESOURCE] }],
  ["aud has another case of scheme and host", { aud: "HTTPS://MCP.Example.COM/mcp" }],
  ["aud names the default port", { aud: "https://mcp.example.com:443/mcp" }],
  ["aud has a slash at the end", { aud: `${RESOURCE}/` }],
  ["aud is foreign and any audience allowed", { aud: "https://a.example" }, {
    dangerouslyAllowAnyAudience: true,
  }],
  ["nothing is required", { scope: undefined }, { requiredScopes: [] }],
  ["scopes stand in an array", { scope: ["read"] }],
];

for (const [when, change, policy] of ACCEPTED) {
  test(`judgeAccessToken() accepts when ${when}`, () => {
    assert.equal(judge(change, policy).clientId, "client-1");
  });
}

const FOREIGN = [
  undefined,
  null,
  "",
  "mcp",
  [],
  ["https://a.example/mcp"],
  "https://mcp.example.com",
  "https://mcp.example.com/mcp/admin",
  "https://mcp.example.com/mcpx",
  "https://mcp.example.com/MCP",
  `${RESOURCE}?a=b`,
  `${RESOURCE}#a`,
  "https://user@mcp.example.com/mcp",
  "http://mcp.example.com/mcp",
  "https://mcp.example.com:8443/mcp",
  'https://mcp.example.com/mcp"\r\nX-Injected: 1',
];

const REFUSED: [when: string, change: Record<string, unknown>, reason: AccessTokenErrorReason][] = [
  ["the token is inactive", { active: false }, "inactive"],
  ["it is a refresh token", { token_type: "refresh_token" }, "wrong_token_type"],
  ["it is bound to a proof", { token_type: "DPoP" }, "wrong_token_type"],
  ["token_type only ends in Bearer", { token_type: "NotBearer" }, "wrong_token_type"],
  ["token_type only begins with Bearer", { token_type: "Bearerless" }, "wrong_token_type"],
  ["token_type is empty", { token_type: "" }, "wrong_token_type"],
  ["token_type is not a string", { token_type: ["Bearer"] }, "wrong_token_type"],
  ["exp is now", { exp: NOW }, "expired"],
  ["exp is past", { exp: NOW - 1 }, "expired"],
  ["exp is 0", { exp: 0 }, "expired"],
  ["exp is negative", { exp: -1 }, "expired"],
  ["nbf is to come", { nbf: NOW + 1 }, "not_yet_valid"],
  ["a required scope is missing", { scope: "write" }, "scope_missing"],
  ["no scope was granted", { scope: null }, "scope_missing"],
  ["a scope differs in case", { scope: "READ" }, "scope_missing"],
  ["scopes are separated by commas", { scope: "read,write" }, "scope_missing"],
  ...FOREIGN.map((aud): [string, Record<string, unknown>, AccessTokenErrorReason] => [
    `aud is ${JSON.stringify(aud)}`,
    { aud },
    "audience_mismatch",
  ]),
];

for (const [when, change, reason] of REFUSED) {
  test(`judgeAccessToken() refuses when ${when}`, () => {
    assert.throws(() => judge(change), { name: "AccessTokenError", reason });
  });
}

// Each row has every fault of the rows below it: the first one has to win.
const FAULTS: [change: Record<string, unknown>, reason: AccessTokenErrorReason][] = [
  [{ active: false }, "inactive"],
  [{ token_type: "refresh_token" }, "wrong_token_type"],
  [{ exp: NOW }, "expired"],
  [{ nbf: NOW + 1 }, "not_yet_valid"],
  [{ aud: "https://a.example" }, "audience_mismatch"],
  [{ scope: "" }, "scope_missing"],
];

for (const [index, [, reason]] of FAULTS.entries()) {
  test(`judgeAccessToken() finds ${reason} before every later fault`, () => {
    const change = Object.assign({}, ...FAULTS.slice(index).map(([fault]) => fault));
    assert.throws(() => judge(change), { reason });
  });
}

test("judgeAccessToken() names every required scope when one is missing", () => {
  assert.throws(
    () => judge({ scope: "read" }, { requiredScopes: ["read", "write", "admin"] }),
    (error: AccessTokenError) => {
      assert.deepEqual(error.scopes, ["read", "write", "admin"]);
      return true;
    },
  );
});

test("judgeAccessToken() judges the same facts by the time it is given", () => {
  assert.equal(judge({}, {}, NOW + 599).subject, "user-1");
  assert.throws(() => judge({}, {}, NOW + 600), { reason: "expired" });
});

// P49, P80, G29
test("judgeAccessToken() gives each caller an object of its own", () => {
  const facts = readFacts(JSON.stringify({ ...ACTIVE, tier: { level: 1 } }));
  const first = judgeAccessToken(facts, POLICY, NOW, "token-1");
  first.scopes.push("admin");
  first.resource.pathname = "/other";
  Object.assign(first, { clientId: "other" });
  assert.throws(() => Object.assign(first.claims, { sub: "other" }), TypeError);
  assert.throws(() => Object.assign(first.claims["tier"] ?? {}, { level: 2 }), TypeError);
  const second = judgeAccessToken(facts, POLICY, NOW, "token-1");
  assert.deepEqual(
    [second.scopes, second.resource.href, second.clientId, second.claims["tier"]],
    [["read", "write"], RESOURCE, "client-1", { level: 1 }],
  );
});

test("judgeAccessToken() gives a token that no print of the object shows", () => {
  const accessToken = judge();
  const prints = [inspect(accessToken, { depth: 9 }), JSON.stringify(accessToken)];
  for (const print of [...prints, `${accessToken}`, String(Object.keys(accessToken))]) {
    assert.doesNotMatch(print, /token-1/);
  }
});
