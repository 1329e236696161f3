import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { createPropelAuth } from "@x/propelauth-mcp";
import { apiKeys, type ApiKeysOptions } from "@x/propelauth-mcp/api-keys";
import { composePropelAuth } from "../../../src/create_propel_auth.ts";
import { readEnvironment } from "../../../src/options/environment.ts";
import { createMemoryCache } from "../../shared_cache/memory_cache.ts";
import { ACTIVE, cached, json, mcpRequest, OPTIONS, until } from "../../support/harness.ts";
import {
  BACKEND_KEY,
  createKeyHarness,
  inactive,
  invalid,
  type KeyHarness,
  ORGANIZATION,
  PERSONAL,
} from "./harness.ts";

const verify = ({ auth }: KeyHarness, credential = "key-1") =>
  auth.verifier.verifyAccessToken(credential);

test("apiKeys() lets an organization's key in, and the caller says whose it is", async () => {
  const harness = createKeyHarness({ scopes: ["read"] });
  harness.key = () => json(ORGANIZATION);
  const caller = await verify(harness);
  assert.equal(caller.credential, "api_key");
  assert.deepEqual(caller.apiKey, {
    kind: "organization",
    metadata: {},
    subject: "user-1",
    orgId: "acme",
    email: "ada@example.com",
    orgName: "Acme",
    orgRole: "Admin",
    permissions: ["builds::read"],
  });
  const { claims, scopes, subject, orgId, orgRole, expiresAt, extra } = caller;
  assert.deepEqual([scopes, subject, orgId, orgRole, expiresAt], [
    ["read"],
    "user-1",
    "acme",
    "Admin",
    undefined,
  ]);
  assert.deepEqual([claims.sub, claims.email, claims.username], [
    "user-1",
    "ada@example.com",
    "ada",
  ]);
  assert.deepEqual(claims["user_in_org"], ORGANIZATION.user_in_org);
  assert.deepEqual(extra, { subject: "user-1", claims });
  assert(Object.isFrozen(caller.apiKey) && Object.isFrozen(claims));
  assert.equal(harness.auth.getAccessToken(caller), caller);
});

test("apiKeys() gives two keys of one user two client ids, and tokens theirs", async () => {
  const harness = createKeyHarness();
  const [one, two] = [await verify(harness, "key-1"), await verify(harness, "key-2")];
  assert.equal(one.subject, two.subject);
  assert.equal(one.clientId, `api_key_${hash("sha256", "key-1", "hex").slice(0, 16)}`);
  assert.notEqual(one.clientId, two.clientId);
  harness.token = () => json(ACTIVE);
  const token = await verify(harness, "token-1");
  assert.deepEqual([token.credential, token.clientId, token.apiKey], [
    "access_token",
    "client-1",
    undefined,
  ]);
});

test("a session of one key is not another key's of the same user", async () => {
  const harness = createKeyHarness();
  const handler = harness.auth.handler(() =>
    new Response("served", { headers: { "Mcp-Session-Id": "session-1" } })
  );
  const headers = { "Mcp-Session-Id": "session-1" };
  assert.equal((await handler(mcpRequest("key-1"))).status, 200);
  assert.equal((await handler(mcpRequest("key-2", { headers }))).status, 404);
  assert.equal((await handler(mcpRequest("key-1", { headers }))).status, 200);
});

test("apiKeys() sends the backend key and the key as PropelAuth's own packages do", async () => {
  const harness = createKeyHarness();
  const sent: RequestInit[] = [];
  harness.key = (_key, init) => (sent.push(init), json(PERSONAL));
  await verify(harness);
  const [init = {}] = sent;
  assert.deepEqual([init.method, init.body, init.redirect], [
    "POST",
    '{"api_key_token":"key-1"}',
    "manual",
  ]);
  assert.equal(new Headers(init.headers).get("Authorization"), `Bearer ${BACKEND_KEY}`);
});

const QUESTIONS: [
  what: string,
  options: ApiKeysOptions,
  credential: string,
  cold: string[],
  warm: string[],
][] = [
  ["a key", {}, "key-1", ["token key-1", "key key-1"], []],
  ["a token", {}, "token-1", ["token token-1"], []],
  ["neither", {}, "garbage", ["token garbage", "key garbage"], []],
  ["a key that isApiKey knows", { isApiKey: (c) => c.startsWith("key") }, "key-1", [
    "key key-1",
  ], []],
  ["a token that isApiKey knows", { isApiKey: (c) => c.startsWith("key") }, "token-1", [
    "token token-1",
  ], []],
  ["neither, with isApiKey", { isApiKey: (c) => c.startsWith("key") }, "garbage", [
    "token garbage",
  ], []],
];

for (const [what, options, credential, cold, warm] of QUESTIONS) {
  test(`PropelAuth is asked ${cold.length} questions about ${what}, and none about it warm`, async () => {
    const harness = createKeyHarness(options, cached());
    harness.token = (token) => json(token.startsWith("token") ? ACTIVE : { active: false });
    const ask = () =>
      Promise.allSettled(Array.from({ length: 20 }, () => verify(harness, credential)));
    await ask();
    assert.deepEqual(harness.asked.splice(0), cold);
    await ask();
    assert.deepEqual(harness.asked, warm);
  });
}

test("a key that PropelAuth once called valid is asked about as a key alone, for an hour", async () => {
  const harness = createKeyHarness();
  await verify(harness);
  harness.asked.length = 0;
  harness.world.advance(3599);
  await verify(harness);
  harness.key = invalid;
  await assert.rejects(verify(harness), { reason: "inactive" });
  assert.deepEqual(harness.asked, ["key key-1", "key key-1"]);
  harness.world.advance(3600);
  await assert.rejects(verify(harness), { reason: "inactive" });
  assert.deepEqual(harness.asked.slice(2), ["token key-1", "key key-1"]);
});

test("an outage of one endpoint does not repeat the question to the other", async () => {
  const harness = createKeyHarness();
  harness.key = () => new Response(null, { status: 500 });
  await assert.rejects(verify(harness), { reason: "unavailable" });
  await assert.rejects(verify(harness), { reason: "unavailable" });
  assert.deepEqual(harness.asked, ["token key-1", "key key-1", "key key-1"]);
});

test("while introspection fails, a credential that may be a token is not refused as a key", async () => {
  for (const status of [401, 429, 500]) {
    const harness = createKeyHarness();
    harness.token = () => new Response(null, { status });
    const reason = status === 401 ? "client_refused" : "unavailable";
    await assert.rejects(verify(harness), { reason });
    assert(!harness.asked.includes("key key-1"));
  }
});

test("each endpoint has a breaker of its own: keys are let in while introspection is out", async () => {
  const harness = createKeyHarness();
  await verify(harness);
  harness.token = () => new Response(null, { status: 500 });
  for (let i = 0; i < 10; i++) {
    await assert.rejects(verify(harness, `token-${i}`), { reason: "unavailable" });
  }
  const opened = harness.events.find(({ code }) => code === "breaker_opened");
  assert(opened?.code === "breaker_opened" && opened.credential === "access_token");
  await assert.rejects(verify(harness, "token-11"), { reason: "breaker_open" });
  await verify(harness);
});

test("a key that is refused for its user says so, and is not asked about as a token again", async () => {
  const harness = createKeyHarness();
  harness.key = () => json({ user: { ...PERSONAL.user, enabled: false } });
  await assert.rejects(verify(harness), { reason: "api_key_user_disabled" });
  const refused = harness.events.at(-1);
  assert(refused?.code === "token_refused");
  assert.deepEqual([refused.credential, refused.reason], ["api_key", "api_key_user_disabled"]);
  harness.world.advance(10);
  await assert.rejects(verify(harness), { reason: "api_key_user_disabled" });
  assert.deepEqual(harness.asked, ["token key-1", "key key-1", "key key-1"]);
});

test("a 400 at the end of redirects is no answer about the key", async () => {
  const harness = createKeyHarness();
  harness.key = () => Object.defineProperty(invalid(), "redirected", { value: true });
  await assert.rejects(verify(harness), { reason: "client_refused" });
});

test("forget() has both endpoints asked again", async () => {
  const harness = createKeyHarness({}, cached());
  await verify(harness);
  await harness.auth.forget("key-1");
  harness.asked.length = 0;
  await verify(harness);
  assert.deepEqual(harness.asked, ["token key-1", "key key-1"]);
  harness.key = invalid;
  await assert.rejects(verify(harness, "late-1"));
  harness.key = () => json(PERSONAL);
  await assert.rejects(verify(harness, "late-1"), { reason: "inactive" });
  await harness.auth.forget("late-1");
  assert.equal((await verify(harness, "late-1")).credential, "api_key");
});

test("forgetSubject() forgets the keys of a user", async () => {
  const harness = createKeyHarness({}, cached());
  await verify(harness);
  await harness.auth.forgetSubject("user-1");
  harness.key = invalid;
  await assert.rejects(verify(harness), { reason: "inactive" });
});

test("staleIfErrorSeconds lets a key in while PropelAuth cannot be asked about keys", async () => {
  const harness = createKeyHarness({}, {
    tokenIntrospectionOverrides: { staleIfErrorSeconds: 60 },
  });
  await verify(harness);
  harness.key = () => new Response(null, { status: 503 });
  harness.world.advance(59);
  assert.equal((await verify(harness)).subject, "user-1");
  harness.world.advance(1);
  await assert.rejects(verify(harness), { reason: "unavailable" });
});

test("instances that share a cache share the answers about keys, each with its own scopes", async () => {
  const harness = createKeyHarness();
  const sharedCache = createMemoryCache(harness.world);
  const create = (scopes: string[]) =>
    harness.create({
      ...cached(),
      sharedCache,
      apiKeys: apiKeys({ backendApiKey: BACKEND_KEY, scopes }),
    });
  const [one, two] = [create(["read"]), create(["write"])];
  harness.key = () => json(ORGANIZATION);
  const first = await one.verifier.verifyAccessToken("key-1");
  const second = await two.verifier.verifyAccessToken("key-1");
  assert.deepEqual(harness.asked, ["token key-1", "key key-1"]);
  assert.deepEqual([first.scopes, second.scopes], [["read"], ["write"]]);
  assert.deepEqual(second.apiKey, first.apiKey);
  assert.deepEqual(second.claims, first.claims);
  assert.equal(second.clientId, first.clientId);
  await one.forget("key-1");
  harness.key = invalid;
  harness.world.advance(1);
  await assert.rejects(two.verifier.verifyAccessToken("key-1"), { reason: "inactive" });
});

test("a shared answer that a credential is unknown outlasts both questions about it", async () => {
  for (const [options, questions] of [[{}, 2], [{ isApiKey: () => true }, 1]] as const) {
    const timeoutSeconds = 100;
    const harness = createKeyHarness(options);
    const sharedCache = createMemoryCache(harness.world);
    const auth = harness.create({ ...cached({ timeoutSeconds }), sharedCache });
    await assert.rejects(auth.verifier.verifyAccessToken("garbage"), { reason: "inactive" });
    const lives = [...sharedCache.kept.values()].map(({ until }) => until - harness.world.now());
    // A question takes timeoutSeconds at most, and waits for its turn for half of that.
    assert(Math.max(...lives) >= 1.5 * questions * timeoutSeconds, `${lives}`);
  }
});

test("an instance without apiKeys neither takes a shared key for a token, nor has others refuse it", async () => {
  const harness = createKeyHarness();
  const sharedCache = createMemoryCache(harness.world);
  const { apiKeys: _, ...without } = { ...OPTIONS, ...cached(), sharedCache, apiKeys: 1 };
  const one = harness.create({ ...cached(), sharedCache });
  const two = composePropelAuth(without, harness.world);
  await one.verifier.verifyAccessToken("key-1");
  await assert.rejects(two.verifier.verifyAccessToken("key-1"), { reason: "inactive" });
  harness.world.advance(2);
  assert.equal((await one.verifier.verifyAccessToken("key-1")).credential, "api_key");
});

test("MCP may be off in PropelAuth's environment: keys are let in, and others are refused", async () => {
  const harness = createKeyHarness();
  harness.token = () => new Response(null, { status: 404 });
  assert.equal((await verify(harness)).credential, "api_key");
  await assert.rejects(verify(harness, "garbage"), { reason: "inactive" });
  const told = harness.events.find(({ code }) => code === "propelauth_misconfigured");
  assert.match(told?.message ?? "", /MCP > Enable MCP/);
});

test("a credential that isApiKey rejects is a 500 where MCP is off", async () => {
  const harness = createKeyHarness({ isApiKey: () => false });
  harness.token = () => new Response(null, { status: 404 });
  await assert.rejects(verify(harness), { reason: "client_refused" });
});

const NO_BOOLEANS: Record<string, (credential: string) => unknown> = {
  "a promise": (credential) => Promise.resolve(credential.startsWith("key")),
  "a match": (credential) => /^key/.exec(credential),
};
for (const [what, isApiKey] of Object.entries(NO_BOOLEANS)) {
  test(`isApiKey that returns ${what} is a fault, and refuses no key silently`, async () => {
    const options: object = { isApiKey };
    const harness = createKeyHarness(options);
    await assert.rejects(verify(harness), {
      name: "TypeError",
      message: /the result of apiKeys\.isApiKey must be true or false: received a/,
    });
  });
}

for (const status of [401, 403, 404]) {
  test(`a wrong backend key (${status}) is a 500, and an event that says where it comes from`, async () => {
    const harness = createKeyHarness();
    harness.key = () => new Response(BACKEND_KEY, { status });
    const response = await harness.auth.handler(() => assert.fail())(mcpRequest("key-1"));
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("WWW-Authenticate"), null);
    const told = harness.events.find(({ code }) => code === "propelauth_misconfigured");
    assert(told?.code === "propelauth_misconfigured");
    assert.deepEqual([told.credential, told.status], ["api_key", status]);
    assert.match(told.message, /PROPELAUTH_API_KEY.+Backend Integration > API keys/);
    const said = JSON.stringify(harness.events) + await response.text();
    assert(!said.includes(BACKEND_KEY) && !said.includes("key-1"));
  });
}

test("a network error that quotes the backend key or the key is not passed on", async () => {
  for (const secret of [BACKEND_KEY, "key-1"]) {
    const harness = createKeyHarness();
    harness.key = () => Promise.reject(new Error(`cannot send ${secret}`));
    await assert.rejects(verify(harness), { reason: "network" });
    assert(!JSON.stringify(harness.events).includes(secret));
  }
});

test("a redirect takes neither key elsewhere", async () => {
  const harness = createKeyHarness();
  harness.key = (_, init) => {
    assert.equal(init.redirect, "manual");
    return new Response(null, { status: 302, headers: { Location: "https://evil.example" } });
  };
  await assert.rejects(verify(harness), { reason: "malformed_response" });
  assert.deepEqual(harness.asked, ["token key-1", "key key-1"]);
});

const LIMITED = { wait_seconds: 30, user_facing_error: "Slow down", error_code: "rate_limited" };

test("a limit on one key holds up that key alone, for as long as PropelAuth says", async () => {
  const harness = createKeyHarness();
  const handler = harness.auth.handler(() => new Response("served"));
  harness.key = (key) =>
    key.startsWith("key-limited") ? json(LIMITED, { status: 429 }) : json(PERSONAL);
  for (let i = 0; i < 20; i++) {
    const response = await handler(mcpRequest(`key-limited-${i}`));
    assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "30"]);
  }
  assert.equal((await handler(mcpRequest("key-2"))).status, 200);
  assert(!harness.events.some(({ code }) => code === "breaker_opened"));
  harness.asked.length = 0;
  harness.world.advance(10);
  const again = await handler(mcpRequest("key-limited-1"));
  assert.deepEqual([again.status, again.headers.get("Retry-After")], [503, "20"]);
  assert(!harness.asked.includes("key key-limited-1"));
  assert.match(harness.events.at(-1)?.message ?? "", /limits how often an API key is used/);
  harness.world.advance(20);
  harness.key = () => json(PERSONAL);
  assert.equal((await handler(mcpRequest("key-limited-1"))).status, 200);
});

test("a limit on one key without a time holds it up for 5 seconds", async () => {
  const harness = createKeyHarness({ isApiKey: () => true });
  const handler = harness.auth.handler(() => new Response("served"));
  harness.key = () => json({ error_code: "rate_limited" }, { status: 429 });
  assert.equal((await handler(mcpRequest("key-1"))).status, 503);
  harness.world.advance(4);
  const refused = await handler(mcpRequest("key-1"));
  assert.deepEqual([refused.status, refused.headers.get("Retry-After")], [503, "1"]);
  assert.deepEqual(harness.asked, ["key key-1"]);
  harness.key = () => json(PERSONAL);
  harness.world.advance(1);
  assert.equal((await handler(mcpRequest("key-1"))).status, 200);
  harness.key = () => json({ error_code: "rate_limited" }, { status: 429 });
  assert.equal((await handler(mcpRequest("key-2"))).status, 503);
  harness.world.advance(-3600);
  harness.key = () => json(PERSONAL);
  // A clock that jumped back cannot tell how long the limit has lasted.
  assert.equal((await handler(mcpRequest("key-2"))).status, 200);
});

test("a 404 of introspection is a fault once it has answered: no client discards its token", async () => {
  const harness = createKeyHarness();
  harness.token = () => json(ACTIVE);
  const handler = harness.auth.handler(() => new Response("served"));
  assert.equal((await handler(mcpRequest("token-1"))).status, 200);
  harness.token = () => new Response(null, { status: 404 });
  harness.key = (key) => key === "key-1" ? json(PERSONAL) : invalid();
  for (let i = 0; i < 2; i++) {
    const refused = await handler(mcpRequest("token-1"));
    assert.deepEqual([refused.status, refused.headers.has("WWW-Authenticate")], [500, false]);
    assert.equal((await handler(mcpRequest("key-1"))).status, 200);
  }
  harness.token = () => json(ACTIVE);
  assert.equal((await handler(mcpRequest("token-1"))).status, 200);
});

test("a limit on one key holds it up with staleIfErrorSeconds too", async () => {
  const harness = createKeyHarness({ isApiKey: () => true }, {
    tokenIntrospectionOverrides: { staleIfErrorSeconds: 60 },
  });
  await verify(harness);
  harness.key = () => json(LIMITED, { status: 429 });
  for (let i = 0; i < 2; i++) {
    await assert.rejects(verify(harness), { reason: "api_key_rate_limited" });
  }
});

test("a limit of PropelAuth's API is an outage of all keys", async () => {
  const harness = createKeyHarness({ isApiKey: () => true });
  harness.key = () => new Response("Too many", { status: 429, headers: { "Retry-After": "7" } });
  const handler = harness.auth.handler(() => assert.fail());
  for (let i = 0; i < 10; i++) {
    const response = await handler(mcpRequest(`key-${i}`));
    assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "7"]);
  }
  assert(harness.events.some(({ code }) => code === "breaker_opened"));
});

test("a flood of garbage asks no more at once than maxConcurrentIntrospections allows", async () => {
  let running = 0;
  let most = 0;
  const harness = createKeyHarness({}, {
    tokenIntrospectionOverrides: { maxConcurrentIntrospections: 4 },
  });
  const slowly = async (response: Response) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    running--;
    return response;
  };
  harness.token = () => slowly(inactive());
  harness.key = () => slowly(invalid());
  const refused = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) => verify(harness, `garbage-${i}`)),
  );
  assert(refused.every(({ status }) => status === "rejected"));
  assert.deepEqual([most, harness.asked.length], [4, 400]);
});

const LACKS_WRITE = {
  error: "insufficient_scope",
  error_description: "The API key lacks a scope that this operation needs: write",
  scope: "write",
};

test("a key without a required scope gets no challenge when the answer comes from a cache", async () => {
  const harness = createKeyHarness();
  const sharedCache = createMemoryCache(harness.world);
  const create = () => {
    const keys = apiKeys({ backendApiKey: BACKEND_KEY, scopes: ["read"] });
    return harness.create({ ...cached(), sharedCache, requiredScopes: ["write"], apiKeys: keys });
  };
  const [one, two] = [create(), create()];
  // Asked; from the memory of the instance; from the cache that both share.
  for (const auth of [one, one, two]) {
    const response = await auth.handler(() => assert.fail())(mcpRequest("key-1"));
    assert.deepEqual([response.status, response.headers.get("WWW-Authenticate")], [403, null]);
    assert.deepEqual(await response.json(), LACKS_WRITE);
  }
  assert.deepEqual(harness.asked, ["token key-1", "key key-1"]);
});

test("a key without a required scope is answered 403 without a challenge", async () => {
  const harness = createKeyHarness({ scopes: ["read"] }, { requiredScopes: ["write"] });
  const response = await harness.auth.handler(() => assert.fail())(mcpRequest("key-1"));
  assert.deepEqual([response.status, response.headers.get("WWW-Authenticate")], [403, null]);
  assert.deepEqual(await response.json(), LACKS_WRITE);
  const refused = harness.events.at(-1);
  assert(refused?.code === "token_refused");
  assert.deepEqual([refused.reason, refused.credential, refused.expected, refused.received], [
    "api_key_scope_missing",
    "api_key",
    '"write"',
    '"read"',
  ]);
});

test("requireScopes() and operations refuse a key without a challenge", async () => {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "add", arguments: {} },
  });
  const headers = { "Content-Type": "application/json" };
  for (const operations of [undefined, { tools: { add: ["write"] } }]) {
    const harness = createKeyHarness({ scopes: ["read"] }, operations && { operations });
    const handler = harness.auth.handler(() => {
      harness.auth.requireScopes("write");
      return assert.fail();
    });
    const response = await handler(mcpRequest("key-1", { headers, body }));
    assert.deepEqual([response.status, response.headers.get("WWW-Authenticate")], [403, null]);
    assert.deepEqual(await response.json(), LACKS_WRITE);
    const refused = harness.events.at(-1);
    assert(refused?.code === "call_refused");
    assert.deepEqual([refused.credential, refused.expected], ["api_key", '"write"']);
  }
});

test("SDK v2's scopeChallenge does not challenge a key, behind handler() and authenticate()", async () => {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "add", arguments: {} },
  });
  const headers = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
  };
  const harness = createKeyHarness({ scopes: ["read"] });
  const { auth } = harness;
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: "v2", version: "1.0.0" });
    const scopeChallenge = auth.scopeChallenge("write");
    server.registerTool("add", { scopeChallenge }, () => assert.fail());
    return server;
  });
  const handler = auth.handler(mcp);
  const ways = [
    handler,
    (request: Request) =>
      auth.authenticate(request, (authInfo) => mcp.fetch(request, { authInfo })),
  ];
  for (const way of ways) {
    const ofKey = await way(mcpRequest("key-1", { headers, body }));
    assert.deepEqual([ofKey.status, ofKey.headers.get("WWW-Authenticate")], [403, null]);
    assert.match(await ofKey.text(), /The API key lacks a scope that this operation needs: write/);
  }
});

test("requireOrg() and requireRole() read a key's organization and its maker's role", async () => {
  const harness = createKeyHarness();
  harness.key = () => json(ORGANIZATION);
  const handler = harness.auth.handler(() => {
    assert.equal(harness.auth.requireOrg("acme").credential, "api_key");
    assert.equal(harness.auth.requireRole("Admin").credential, "api_key");
    assert.throws(() => harness.auth.requireOrg("other"), { reason: "org_mismatch" });
    assert.throws(() => harness.auth.requireRole("Owner"), { reason: "role_mismatch" });
    return new Response("served");
  });
  assert.equal((await handler(mcpRequest("key-1"))).status, 200);
});

test("with {orgId} in the path a key is good at the endpoint of its own organization alone", async () => {
  for (const dangerouslyAllowMissingOrgId of [false, true]) {
    const harness = createKeyHarness({}, {
      mcpPath: "/o/{orgId}/mcp",
      dangerouslyAllowMissingOrgId,
    });
    const handler = harness.auth.handler(() => new Response("served"));
    const statusAt = async (orgId: string) => {
      const headers = { Authorization: "Bearer key-1" };
      return (await handler(new Request(`https://mcp.example.com/o/${orgId}/mcp`, { headers })))
        .status;
    };
    harness.key = () => json(ORGANIZATION);
    assert.deepEqual([await statusAt("acme"), await statusAt("other")], [200, 403]);
    await assert.rejects(verify(harness), { reason: "audience_mismatch" });
    harness.key = () => json(PERSONAL);
    assert.equal(await statusAt("acme"), 403);
    harness.key = () => json({ metadata: {} });
    assert.equal(await statusAt("acme"), 403);
  }
});

test("apiKeys.scopes as a function is given the key, once for each answer", async () => {
  const seen: unknown[] = [];
  const harness = createKeyHarness({
    scopes: (key) => {
      seen.push(key);
      return key.orgRole === "Admin" ? ["read", "write"] : ["read"];
    },
  }, cached());
  harness.key = () => json(ORGANIZATION);
  const [one, two] = [await verify(harness), await verify(harness)];
  assert.deepEqual([one.scopes, two.scopes], [["read", "write"], ["read", "write"]]);
  assert.deepEqual(seen, [one.apiKey]);
});

test("an error of apiKeys.scopes is the programmer's: no caller gets in, no breaker opens", async () => {
  const faults: [() => never | string[], RegExp][] = [
    [() => {
      throw new Error("mine");
    }, /^mine$/],
    [
      () => "read" as unknown as string[],
      /^Cannot give an API key its scopes: the result of apiKeys.scopes must be an array/,
    ],
    [() => ["two scopes"], /received "two scopes" in it/],
  ];
  for (const [scopes, message] of faults) {
    const harness = createKeyHarness({ scopes });
    for (let i = 0; i < 12; i++) await assert.rejects(verify(harness, `key-${i}`), { message });
    assert(!harness.events.some(({ code }) => code === "breaker_opened"));
  }
});

test("a fresh operation asks about the key anew", async () => {
  const harness = createKeyHarness({ scopes: ["write"] }, {
    ...cached(),
    operations: { tools: { add: { scopes: ["write"], fresh: true } } },
  });
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "add" },
  });
  const headers = { "Content-Type": "application/json" };
  const handler = harness.auth.handler(() => new Response("served"));
  await verify(harness);
  harness.world.advance(10);
  assert.equal((await handler(mcpRequest("key-1", { headers, body }))).status, 200);
  assert.deepEqual(harness.asked, ["token key-1", "key key-1", "key key-1"]);
  harness.world.advance(10);
  harness.key = invalid;
  assert.equal((await handler(mcpRequest("key-1", { headers, body }))).status, 401);
});

test("close() waits for both questions about a credential", async () => {
  const harness = createKeyHarness();
  let answer = (_: Response): void => {};
  harness.key = () => new Promise<Response>((resolve) => (answer = resolve));
  const refused = assert.rejects(verify(harness), { reason: "inactive" });
  await until(() => harness.asked.length === 2);
  let closed = false;
  const closing = harness.auth.close().then(() => (closed = true));
  await Promise.resolve();
  assert.equal(closed, false);
  answer(invalid());
  await Promise.all([refused, closing]);
});

const REFUSED: [options: unknown, message: RegExp][] = [
  [{ scope: ["read"] }, /apiKeys\.scope must be a known option.+did you mean scopes\?/],
  [{ scopes: "read" }, /apiKeys\.scopes must be an array of scopes/],
  [{ scopes: ["offline_access"] }, /apiKeys\.scopes must be free of offline_access/],
  [
    { kinds: [] },
    /apiKeys\.kinds must be an array of one or more of personal, organization, generic: received an array of 0$/,
  ],
  [{ kinds: ["org"] }, /received "org" in it$/],
  [{ kinds: "personal" }, /apiKeys\.kinds/],
  [{ isApiKey: "ak_" }, /apiKeys\.isApiKey must be a function/],
  [{ backendApiKey: "" }, /apiKeys\.backendApiKey must be a non-empty string/],
  [{ backendApiKey: "two words-secret" }, /received a string of 16 characters$/],
  [{ backendApiKey: "ends\n" }, /without spaces/],
  [null, /apiKeys must be an object/],
];

for (const [options, message] of REFUSED) {
  test(`apiKeys() refuses ${JSON.stringify(options)}`, () => {
    const given = options as ApiKeysOptions;
    assert.throws(() => apiKeys(given), (error: Error) => {
      assert.match(error.message, /^Cannot create PropelAuth: /);
      assert.match(error.message, message);
      assert(!error.message.includes("secret"));
      return error instanceof TypeError;
    });
  });
}

test("createPropelAuth() refuses apiKeys that apiKeys() did not make, or without a backend key", () => {
  const create = (given: unknown) => () =>
    createPropelAuth({ ...OPTIONS, apiKeys: given as ReturnType<typeof apiKeys> });
  for (const given of [{ credential: "api_key" }, {}, null, "key", true]) {
    assert.throws(create(given), {
      name: "TypeError",
      message: /^Cannot create PropelAuth: apiKeys must be a result of apiKeys\(\)/,
    });
  }
  assert.throws(create(apiKeys()), {
    message: "Cannot create PropelAuth: apiKeys.backendApiKey must be given: received undefined; " +
      "only createPropelAuth.fromEnv reads PROPELAUTH_API_KEY",
  });
});

test("apiKeys() returns a value that shows none of its options", () => {
  const made = apiKeys({ backendApiKey: BACKEND_KEY, scopes: ["read"] });
  assert.deepEqual(Object.getOwnPropertyNames(made), ["credential"]);
  assert.deepEqual(JSON.stringify(made), '{"credential":"api_key"}');
});

const VARIABLES: Readonly<Record<string, string>> = {
  PROPELAUTH_AUTH_URL: "https://auth.example.com",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
  SERVER_URL: "https://mcp.example.com",
};

test("readEnvironment() reads PROPELAUTH_API_KEY for apiKeys without a backend key, and only then", async () => {
  const read: string[] = [];
  const variables: Record<string, string> = {
    ...VARIABLES,
    PROPELAUTH_API_KEY: ` ${BACKEND_KEY}\n`,
  };
  const readVariable = (name: string) => (read.push(name), variables[name]);
  readEnvironment(readVariable, {});
  readEnvironment(readVariable, { apiKeys: apiKeys({ backendApiKey: "other" }) });
  assert(!read.includes("PROPELAUTH_API_KEY"));
  const { options } = readEnvironment(readVariable, { apiKeys: apiKeys({ scopes: ["read"] }) });
  const harness = createKeyHarness();
  const auth = harness.create(options);
  let sent: string | null = null;
  harness.key = (_, { headers }) => {
    sent = new Headers(headers).get("Authorization");
    return json(PERSONAL);
  };
  assert.deepEqual((await auth.verifier.verifyAccessToken("key-1")).scopes, ["read"]);
  assert.equal(sent, `Bearer ${BACKEND_KEY}`);
});

test("readEnvironment() names PROPELAUTH_API_KEY among the missing variables, and where its value is", () => {
  assert.throws(() => readEnvironment((name) => VARIABLES[name], { apiKeys: apiKeys() }), {
    name: "TypeError",
    message:
      /missing or blank:\n {2}PROPELAUTH_API_KEY\n {4}PropelAuth dashboard > Backend Integration/,
  });
});

test("createPropelAuth() names PROPELAUTH_API_KEY when its value cannot be a backend key", () => {
  const variables: Record<string, string> = { ...VARIABLES, PROPELAUTH_API_KEY: "two words" };
  const { options } = readEnvironment((name) => variables[name], { apiKeys: apiKeys() });
  assert.throws(() => createPropelAuth(options), {
    name: "TypeError",
    message: /^Cannot create PropelAuth: PROPELAUTH_API_KEY must be .+ string of 9 characters$/,
  });
});
