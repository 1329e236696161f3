import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuth } from "../../src/propel_auth.ts";
import type { AccessTokenErrorReason } from "../../src/oauth/refusal_sentences.ts";
import type { PropelAuthEvent } from "../../src/events/events.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../support/harness.ts";

/** Runs code as a tool would, in a request of the caller that the claims describe. */
async function inTool<T>(
  claims: Record<string, unknown>,
  run: (auth: PropelAuth) => T,
  options: Partial<PropelAuthOptions> = {},
): Promise<T> {
  const { auth } = createHarness(options, () => json({ ...ACTIVE, ...claims }));
  const results: T[] = [];
  const response = await auth.handler(() => {
    results.push(run(auth));
    return new Response();
  })(mcpRequest());
  assert.equal(response.status, 200);
  const [result] = results;
  return result as T;
}

const ORG = { org_id: "acme", org_role: "Admin" };

const HELD: [what: string, run: (auth: PropelAuth) => unknown][] = [
  ["requireScopes() with one", (auth) => auth.requireScopes("read")],
  ["requireScopes() with all", (auth) => auth.requireScopes("write", "read")],
  ["requireOrg()", (auth) => auth.requireOrg("acme")],
  ["requireRole() with the one", (auth) => auth.requireRole("Admin")],
  ["requireRole() with one of several", (auth) => auth.requireRole("Owner", "Admin")],
];

for (const [what, run] of HELD) {
  test(`${what} gives the caller when the requirement is kept`, () =>
    inTool(ORG, (auth) => assert.equal(run(auth), auth.getAccessToken())));
}

const REFUSED: [
  what: string,
  claims: Record<string, unknown>,
  run: (auth: PropelAuth) => unknown,
  reason: AccessTokenErrorReason,
  message: RegExp,
][] = [
  [
    "requireScopes() when one is missing",
    {},
    (auth) => auth.requireScopes("read", "admin"),
    "scope_missing",
    /: read admin$/,
  ],
  [
    "requireScopes() when none was granted",
    { scope: "" },
    (auth) => auth.requireScopes("read"),
    "scope_missing",
    /: read$/,
  ],
  [
    "requireScopes() when the case differs",
    {},
    (auth) => auth.requireScopes("READ"),
    "scope_missing",
    /: READ$/,
  ],
  [
    "requireScopes() when a longer one is held",
    { scope: "read:all" },
    (auth) => auth.requireScopes("read"),
    "scope_missing",
    /: read$/,
  ],
  [
    "requireOrg() when it is another",
    ORG,
    (auth) => auth.requireOrg("globex"),
    "org_mismatch",
    /for another organization/,
  ],
  [
    "requireOrg() when the case differs",
    ORG,
    (auth) => auth.requireOrg("ACME"),
    "org_mismatch",
    /for another/,
  ],
  [
    "requireOrg() when the claim is absent",
    {},
    (auth) => auth.requireOrg("acme"),
    "org_claim_missing",
    /issued for an organization/,
  ],
  [
    "requireOrg() when the claim is null",
    { org_id: null },
    (auth) => auth.requireOrg("null"),
    "org_claim_missing",
    /issued for an organization/,
  ],
  [
    "requireOrg() when the claim is a list",
    { org_id: ["acme"] },
    (auth) => auth.requireOrg("acme"),
    "org_claim_missing",
    /issued for an organization/,
  ],
  [
    "requireRole() when it is another",
    ORG,
    (auth) => auth.requireRole("Owner"),
    "role_mismatch",
    /role of this user/,
  ],
  [
    "requireRole() when the case differs",
    ORG,
    (auth) => auth.requireRole("admin"),
    "role_mismatch",
    /role of this user/,
  ],
  [
    "requireRole() when the claim is absent",
    { org_id: "acme" },
    (auth) => auth.requireRole("Admin"),
    "role_claim_missing",
    /with a role in an organization/,
  ],
];

for (const [what, claims, run, reason, message] of REFUSED) {
  test(`${what} throws ${reason}`, () =>
    inTool(claims, (auth) => {
      assert.throws(() => run(auth), { name: "AccessTokenError", reason, message });
    }));
}

const ANY: [what: string, run: (auth: PropelAuth) => unknown][] = [
  ["requireScopes()", (auth) => auth.requireScopes("read")],
  ["requireOrg()", (auth) => auth.requireOrg("acme")],
  ["requireRole()", (auth) => auth.requireRole("Admin")],
];

for (const [what, run] of ANY) {
  test(`${what} refuses when there is no caller`, () => {
    assert.throws(() => run(createHarness().auth), {
      reason: "missing_credentials",
      message:
        /^No request of this PropelAuth is under way: .+ inside a tool that auth\.handler\(\) or/,
    });
  });

  test(`${what} refuses the caller of another PropelAuth`, () =>
    inTool(ORG, () => {
      assert.throws(() => run(createHarness().auth), {
        reason: "missing_credentials",
        message:
          /^No request of this PropelAuth is under way: .+ inside a tool that auth\.handler\(\) or/,
      });
    }));
}

// An unset variable must not admit a caller, least of all where the claim is absent too.
const NOTHING: [what: string, run: (auth: PropelAuth) => unknown][] = [
  ["requireScopes() of nothing", (auth) => auth.requireScopes()],
  ["requireScopes() of an empty text", (auth) => auth.requireScopes("")],
  ["requireScopes() of two in one text", (auth) => auth.requireScopes("read write")],
  ["requireScopes() of undefined", (auth) => auth.requireScopes(undefined as unknown as string)],
  ["scopeChallenge() of nothing", (auth) => auth.scopeChallenge()],
  ["requireOrg() of undefined", (auth) => auth.requireOrg(undefined as unknown as string)],
  ["requireOrg() of an empty text", (auth) => auth.requireOrg("")],
  ["requireRole() of nothing", (auth) => auth.requireRole()],
  ["requireRole() of undefined", (auth) => auth.requireRole(undefined as unknown as string)],
];

for (const [what, run] of NOTHING) {
  test(`${what} is a TypeError`, () =>
    inTool({}, (auth) => assert.throws(() => run(auth), { name: "TypeError" })));
}

test("requireScopes() names what every request needs too, since a client asks for what it is told", () =>
  inTool(
    {},
    (auth) =>
      assert.throws(() => auth.requireScopes("admin"), {
        scopes: ["read", "admin"],
        message: /: read admin$/,
      }),
    { requiredScopes: ["read"] },
  ));

// An MCP server that is a function of one's own lets through what it throws.
const THROWN: [
  when: string,
  run: (auth: PropelAuth) => unknown,
  challenge: RegExp,
  body: RegExp,
][] = [
  [
    "a scope is missing",
    (auth) => auth.requireScopes("admin"),
    /scope="read admin", error="insufficient_scope"/,
    /"insufficient_scope"/,
  ],
  [
    "the organization is another",
    (auth) => auth.requireOrg("globex"),
    /^$/,
    /"access_denied".+another organization/,
  ],
  [
    "the role is another",
    (auth) => auth.requireRole("Owner"),
    /^$/,
    /"access_denied".+role of this user/,
  ],
];

for (const [when, run, challenge, body] of THROWN) {
  test(`handler() answers 403 to what a function requires of its caller: ${when}`, async () => {
    const { auth } = createHarness({ requiredScopes: ["read"] }, () => json({ ...ACTIVE, ...ORG }));
    const origin = "https://mcp.example.com";
    const response = await auth.handler(async () => {
      await Promise.resolve();
      run(auth);
      return new Response("not reached");
    })(mcpRequest("token-1", { headers: { "Origin": origin } }));
    assert.equal(response.status, 403);
    assert.match(response.headers.get("WWW-Authenticate") ?? "", challenge);
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), origin);
    assert.match(await response.text(), body);
  });
}

test("handler() passes on what is thrown about another token, or only looks like it", async () => {
  const { auth } = createHarness();
  const other = createHarness({}, () => json({ active: false })).auth;
  const lookalike = Object.assign(new Error("of the tool"), {
    name: "AccessTokenError",
    reason: "scope_missing",
  });
  const ask = auth.handler(async () => {
    await other.verifier.verifyAccessToken("another");
    return new Response();
  });
  await assert.rejects(ask(mcpRequest()), { reason: "inactive" });
  await assert.rejects(auth.handler(() => Promise.reject(lookalike))(mcpRequest()), lookalike);
});

test("scopeChallenge() challenges a caller that lacks a scope, and no other", () =>
  inTool({}, (auth) => {
    const authInfo = auth.getAccessToken() ?? assert.fail();
    assert.equal(auth.scopeChallenge("write")({ authInfo }), undefined);
    const challenge = auth.scopeChallenge("admin", "write")({ authInfo });
    assert.deepEqual(challenge?.scopes, ["read", "admin", "write"]);
    assert.match(challenge?.errorDescription ?? "", /^[^"=\\]+$/);
  }, { requiredScopes: ["read"] }));

test("scopeChallenge() takes the caller of the request when it is handed none", () =>
  inTool({}, (auth) => {
    assert.equal(auth.scopeChallenge("write")({}), undefined);
    assert.deepEqual(auth.scopeChallenge("admin")({})?.scopes, ["admin"]);
  }));

test("scopeChallenge() challenges when there is no caller at all", () => {
  const { auth } = createHarness();
  assert.deepEqual(auth.scopeChallenge("read")({})?.scopes, ["read"]);
});

test("requireScopes() and scopeChallenge() take a broader scope for a narrower one, not the reverse", () =>
  inTool({ scope: "write" }, (auth) => {
    assert.equal(auth.requireScopes("read", "write"), auth.getAccessToken());
    assert.equal(auth.scopeChallenge("read")({}), undefined);
    assert.throws(() => auth.requireScopes("admin"), { scopes: ["admin"] });
    assert.deepEqual(auth.scopeChallenge("admin")({})?.scopes, ["admin"]);
  }, {
    scopeHierarchy: { admin: ["write"], write: ["read"] },
    scopesSupported: ["read", "write", "admin"],
  }));

test("requirements tell the operator what a caller lacks, once, whoever hears of it", async () => {
  const events: PropelAuthEvent[] = [];
  const { auth } = createHarness(
    { onEvent: (event) => void events.push(event) },
    () => json({ ...ACTIVE, ...ORG }),
  );
  const run = async (act: () => unknown) => {
    events.length = 0;
    await auth.handler(() => (act(), new Response()))(mcpRequest());
    return events.flatMap((event) =>
      event.code === "call_refused"
        ? [[event.reason, event.expected, event.received, event.challenged]]
        : []
    );
  };
  const lacking = [["scope_missing", '"admin"', '"read write"', false]];
  assert.deepEqual(await run(() => auth.requireScopes("admin")), lacking);
  assert.deepEqual(await run(() => auth.scopeChallenge("admin")({})), [
    ["scope_missing", '"admin"', '"read write"', true],
  ]);
  // As an SDK does with what a tool throws.
  assert.deepEqual(await run(() => assert.throws(() => auth.requireScopes("admin"))), lacking);
  assert.deepEqual(await run(() => auth.requireOrg("globex")), [
    ["org_mismatch", undefined, '"acme"', false],
  ]);
  assert.deepEqual(await run(() => auth.requireScopes("read")), []);
});

test("getAccessToken() gives the caller of its own PropelAuth when one serves a request inside the other's", async () => {
  const [outer, inner] = ["outer", "inner"].map((sub) =>
    createHarness({}, () => json({ ...ACTIVE, sub })).auth
  ) as [PropelAuth, PropelAuth];
  const seen = (): unknown[] => [outer, inner].map((auth) => auth.getAccessToken()?.subject);
  const found: unknown[][] = [seen()];
  const innerHandler = inner.handler(async () => {
    await undefined;
    found.push(seen());
    return new Response();
  });
  await outer.handler(async () => {
    await undefined;
    found.push(seen());
    await innerHandler(mcpRequest());
    found.push(seen());
    return new Response();
  })(mcpRequest());
  found.push(seen());
  const nobody = [undefined, undefined];
  const outerAlone = ["outer", undefined];
  assert.deepEqual(found, [nobody, outerAlone, ["outer", "inner"], outerAlone, nobody]);
});
