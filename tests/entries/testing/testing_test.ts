import assert from "node:assert/strict";
import { test } from "node:test";
import { apiKeys } from "@x/propelauth-mcp/api-keys";
import { createPropelAuth, type PropelAuth, type PropelAuthEvent } from "@x/propelauth-mcp";
import {
  createTestPropelAuth,
  type TestApiKeyOptions,
  type TestFailure,
  type TestTokenOptions,
} from "@x/propelauth-mcp/testing";

const MCP_URL = "https://mcp.example.com/mcp";

/** Both ways to a server under test: by its own clock, and by the test's. */
const WAYS: [string, (kit: ReturnType<typeof createTestPropelAuth>) => PropelAuth][] = [
  ["createPropelAuth(options)", ({ options }) => createPropelAuth(options)],
  ["its own createPropelAuth()", (kit) => kit.createPropelAuth()],
];

async function reasonOf(refused: Promise<unknown>): Promise<unknown> {
  const error: unknown = await refused.then(
    () => assert.fail("the token was accepted"),
    (error: unknown) => error,
  );
  return error instanceof Error && "reason" in error ? error.reason : error;
}

for (const [way, create] of WAYS) {
  test(`a token of the kit is accepted through ${way}, with the claims it was given`, async () => {
    const kit = createTestPropelAuth({ requiredScopes: ["read"] });
    const { verifier } = create(kit);
    const plain = await verifier.verifyAccessToken(kit.token());
    assert.deepEqual([plain.subject, plain.clientId, plain.scopes], [
      "user-1",
      "test-client",
      ["read"],
    ]);
    assert.equal(plain.expiresAt, kit.now() + 3600);
    const full = await verifier.verifyAccessToken(kit.token({
      subject: "user-7",
      scopes: ["read", "write"],
      clientId: "claude",
      expiresInSeconds: Infinity,
      claims: { email: "ada@example.com", org_id: "acme", username: undefined },
    }));
    assert.deepEqual([full.subject, full.clientId, full.scopes], ["user-7", "claude", [
      "read",
      "write",
    ]]);
    assert.deepEqual([full.claims.email, full.claims.org_id], ["ada@example.com", "acme"]);
    assert.equal("username" in full.claims, false);
    assert.equal(full.expiresAt, undefined);
  });

  test(`a token of the kit expires through ${way} when the test says so`, async () => {
    const kit = createTestPropelAuth();
    const { verifier } = create(kit);
    const token = kit.token({ expiresInSeconds: 60 });
    kit.advance(59);
    await verifier.verifyAccessToken(token);
    kit.advance(1);
    assert.equal(await reasonOf(verifier.verifyAccessToken(token)), "inactive");
  });

  test(`a token of the kit is refused through ${way} once it is revoked`, async () => {
    const kit = createTestPropelAuth();
    const { verifier } = create(kit);
    const [token, other] = [kit.token(), kit.token()];
    await verifier.verifyAccessToken(token);
    kit.revoke(token);
    assert.equal(await reasonOf(verifier.verifyAccessToken(token)), "inactive");
    await verifier.verifyAccessToken(other);
    assert.throws(() => kit.revoke(token), TypeError);
  });
}

const REFUSED: [token: TestTokenOptions, reason: string][] = [
  [{ audience: "https://other.example.com" }, "audience_mismatch"],
  [{ scopes: ["write"] }, "scope_missing"],
  [{ claims: { token_type: "refresh_token" } }, "wrong_token_type"],
  [{ claims: { nbf: 4_102_444_801 } }, "not_yet_valid"],
  [{ claims: { active: false } }, "inactive"],
  [{ claims: { active: "yes" } }, "malformed_response"],
  [{ claims: { aud: undefined } }, "audience_mismatch"],
];

for (const [options, reason] of REFUSED) {
  test(`token(${JSON.stringify(options)}) is refused: ${reason}`, async () => {
    const kit = createTestPropelAuth({ requiredScopes: ["read"] });
    const { verifier } = kit.createPropelAuth();
    assert.equal(await reasonOf(verifier.verifyAccessToken(kit.token(options))), reason);
  });
}

test("an answer that is kept is kept by the test's clock, and no longer than its token", async () => {
  const kit = createTestPropelAuth({ tokenIntrospectionOverrides: { cacheTtlSeconds: 60 } });
  const { verifier } = kit.createPropelAuth();
  const token = kit.token({ expiresInSeconds: 100 });
  const count = async (seconds: number) => {
    kit.advance(seconds);
    await verifier.verifyAccessToken(token);
    return kit.countIntrospections(token);
  };
  assert.deepEqual([await count(0), await count(59), await count(1), await count(39)], [
    1,
    1,
    2,
    2,
  ]);
  kit.advance(1);
  assert.equal(await reasonOf(verifier.verifyAccessToken(token)), "inactive");
  assert.equal(kit.countIntrospections(), 3);
  assert.equal(kit.countIntrospections(kit.token()), 0);
});

const FAILURES: [failure: TestFailure, reason: string][] = [
  ["network", "network"],
  ["malformed", "malformed_response"],
  [500, "unavailable"],
  [429, "unavailable"],
  [401, "client_refused"],
  [404, "client_refused"],
];

for (const [failure, reason] of FAILURES) {
  test(`fail(${JSON.stringify(failure)}) is ${reason}, until recover()`, async () => {
    const kit = createTestPropelAuth();
    const { verifier } = kit.createPropelAuth();
    const token = kit.token();
    kit.fail(failure);
    assert.equal(await reasonOf(verifier.verifyAccessToken(token)), reason);
    kit.recover();
    await verifier.verifyAccessToken(token);
    assert.equal(kit.countIntrospections(token), 2);
  });
}

test("fail() fails as often as it is told", async () => {
  const kit = createTestPropelAuth();
  const { verifier } = kit.createPropelAuth();
  kit.fail(500, 1);
  assert.equal(await reasonOf(verifier.verifyAccessToken(kit.token())), "unavailable");
  await verifier.verifyAccessToken(kit.token());
});

for (const failure of ["fire", 99, 600, 503.5]) {
  test(`fail() refuses ${failure}`, () => {
    const { fail } = createTestPropelAuth();
    // @ts-expect-error: some of these are no failure by their type already
    const attempt = () => fail(failure);
    assert.throws(attempt, TypeError);
  });
}

test("hold() keeps answers back until the deadline of the test's clock, or until they go", async () => {
  const kit = createTestPropelAuth({ tokenIntrospectionOverrides: { timeoutSeconds: 5 } });
  const handler = kit.createPropelAuth().handler(() => new Response("served"));
  const call = () =>
    handler(new Request(MCP_URL, { headers: { Authorization: `Bearer ${token}` } }));
  const token = kit.token();
  const slow = kit.hold();
  const late = call();
  await slow.asked;
  kit.advance(5);
  assert.equal((await late).status, 503);

  const inTime = call();
  kit.advance(4);
  slow.release();
  assert.equal((await inTime).status, 200);
  assert.equal((await call()).status, 200);
});

test("fail() shows that a question is repeated, and that a breaker opens and closes", async () => {
  const kit = createTestPropelAuth();
  const { verifier } = kit.createPropelAuth();
  const token = kit.token();
  kit.fail(503, 1);
  await verifier.verifyAccessToken(token);
  assert.equal(kit.countIntrospections(token), 2);
  kit.fail(500, 5);
  for (let failure = 0; failure < 5; failure++) {
    assert.equal(await reasonOf(verifier.verifyAccessToken(token)), "unavailable");
  }
  assert.equal(await reasonOf(verifier.verifyAccessToken(token)), "breaker_open");
  kit.advance(5);
  await verifier.verifyAccessToken(token);
});

test("an answer that is on its way is not late because the clock is moved", async () => {
  const kit = createTestPropelAuth();
  const { verifier } = kit.createPropelAuth();
  const verified = verifier.verifyAccessToken(kit.token({ expiresInSeconds: 200 }));
  kit.advance(100);
  assert.equal((await verified).subject, "user-1");
  // The same, for one that was held back and for one that is repeated.
  const slow = kit.hold();
  const released = verifier.verifyAccessToken(kit.token({ expiresInSeconds: 200 }));
  await slow.asked;
  slow.release();
  kit.advance(100);
  await released;
  kit.fail(503, 1);
  const repeated = verifier.verifyAccessToken(kit.token({ expiresInSeconds: 200 }));
  kit.advance(100);
  await repeated;
});

test("a token that is revoked while its answer is held back is inactive in it", async () => {
  const kit = createTestPropelAuth();
  const { verifier } = kit.createPropelAuth();
  const token = kit.token();
  const slow = kit.hold();
  const refused = reasonOf(verifier.verifyAccessToken(token));
  await slow.asked;
  kit.revoke(token);
  slow.release();
  assert.equal(await refused, "inactive");
});

test("kits are apart from each other, and a token of nobody is inactive", async () => {
  const [one, other] = [createTestPropelAuth(), createTestPropelAuth()];
  const { verifier } = one.createPropelAuth();
  for (const token of [other.token(), "made-up"]) {
    assert.equal(await reasonOf(verifier.verifyAccessToken(token)), "inactive");
  }
  assert.equal(other.countIntrospections(), 0);
});

test("a kit knows its own introspection credentials, and serves its metadata", async () => {
  const kit = createTestPropelAuth({ forwardAuthorizationServerMetadata: true });
  const stranger = kit.createPropelAuth({ introspectionClientSecret: "another" });
  const refused = reasonOf(stranger.verifier.verifyAccessToken(kit.token()));
  assert.equal(await refused, "client_refused");
  const metadata = new Request("https://mcp.example.com/.well-known/oauth-authorization-server");
  const handler = kit.createPropelAuth().handler(() => new Response());
  assert.equal(
    (await (await handler(metadata)).json()).issuer,
    "https://auth.example.com/oauth/2.1",
  );
  assert.equal(kit.countIntrospections(), 1);
});

test("options of the server under test count, and bad ones fail at creation", async () => {
  const events: PropelAuthEvent[] = [];
  const kit = createTestPropelAuth({
    baseUrl: "https://tools.example.org/v1/",
    mcpPath: "/tools",
    onEvent: (event) => events.push(event),
  });
  const auth = kit.createPropelAuth({ requiredScopes: ["admin"] });
  assert.equal(auth.resourceMetadata.resource, "https://tools.example.org/v1/tools");
  assert.equal(await reasonOf(auth.verifier.verifyAccessToken(kit.token())), "scope_missing");
  assert.deepEqual(events.map(({ code, occurredAt }) => [code, occurredAt]), [
    ["introspection_completed", kit.now()],
    ["token_refused", kit.now()],
  ]);
  assert.throws(
    () => createTestPropelAuth({ mcpPath: "no-slash?" }),
    /^TypeError: Cannot create a test PropelAuth: mcpPath must be/,
  );
  assert.throws(
    () => kit.createPropelAuth({ mcpPath: "no-slash?" }),
    /^TypeError: Cannot create PropelAuth: mcpPath must be/,
  );
});

test("token() refuses what it does not know, before a test believes in it", () => {
  const { token } = createTestPropelAuth();
  // @ts-expect-error: the option is scopes
  assert.throws(() => token({ scope: "read" }), /scope must be one of .+, or in claims/);
  assert.throws(() => token({ expiresInSeconds: NaN }), RangeError);
});

test("what a test may do refuses what it cannot, in its own name", async () => {
  const { advance, fail, connect, token } = createTestPropelAuth();
  assert.throws(() => token({ expiresInSeconds: NaN }), {
    message: "Cannot make a token: expiresInSeconds must be a number: received NaN",
  });
  // @ts-expect-error: scopes are an array
  assert.throws(() => token({ scopes: "read" }), {
    name: "TypeError",
    message: 'Cannot make a token: scopes must be an array such as ["read"]: received "read"',
  });
  assert.throws(() => advance(-1), {
    name: "RangeError",
    message: "Cannot advance the clock: seconds must be a finite number >= 0: received -1",
  });
  assert.throws(() => fail(42), {
    name: "TypeError",
    message: 'Cannot make PropelAuth fail: failure must be "network", "malformed" or an HTTP ' +
      "status from 200 to 599: received 42",
  });
  for (const times of [NaN, -1, Object(null)]) {
    assert.throws(() => fail(503, times), {
      name: "RangeError",
      message: /: times must be a number/,
    });
  }
  assert.throws(() => token({ scopes: ["a b"] }), /scopes must be an array such as/);
  assert.throws(() => token({ subject: "" }), /subject must be a non-empty string/);
  assert.throws(() => token({ audience: Object(7) }), /audience must be a non-empty string/);
  await assert.rejects(connect(() => new Response(), { tokens: "a" } as never), {
    name: "TypeError",
    message: "Cannot connect a client: tokens must be a known option: received an unknown one; " +
      "did you mean token?",
  });
});

const SDK_RULE =
  "sdk must be @modelcontextprotocol/client, or an object with the two classes Client " +
  "and StreamableHTTPClientTransport";
const BAD_CONNECTIONS: [what: string, handler: unknown, options: unknown, says: string][] = [
  [
    "the PropelAuth in place of its handler",
    { handler: () => {} },
    { sdk: {} },
    "handler must be a function, such as auth.handler(mcp): received a value of type object",
  ],
  ["no SDK", () => new Response(), { token: "a" }, `${SDK_RULE}: received undefined`],
  [
    "an SDK without its transport",
    () => new Response(),
    { sdk: { Client: class {} } },
    `${SDK_RULE}: received an object without StreamableHTTPClientTransport`,
  ],
];

for (const [what, handler, options, says] of BAD_CONNECTIONS) {
  test(`connect() names the mistake when it is given ${what}`, async () => {
    const { connect } = createTestPropelAuth();
    await assert.rejects(Reflect.apply(connect, undefined, [handler, options]), {
      name: "TypeError",
      message: `Cannot connect a client: ${says}`,
    });
  });
}

test("a standing event stream ends when the test's clock passes its token's expiry", async () => {
  const kit = createTestPropelAuth();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
  });
  const handler = kit.createPropelAuth().handler(() =>
    new Response(body, { headers: { "Content-Type": "text/event-stream" } })
  );
  const headers = { Authorization: `Bearer ${kit.token({ expiresInSeconds: 60 })}` };
  const response = await handler(new Request(MCP_URL, { headers }));
  const reader = response.body?.getReader() ?? assert.fail();
  assert.equal((await reader.read()).done, false);
  const next = reader.read();
  kit.advance(60);
  assert.equal((await next).done, true);
});

for (const [way, create] of WAYS) {
  test(`an API key of the kit is accepted through ${way}, until it expires or is revoked`, async () => {
    const kit = createTestPropelAuth({ apiKeys: apiKeys({ scopes: ["read"] }) });
    const { verifier } = create(kit);
    const wanted: TestApiKeyOptions[] = [
      {},
      { kind: "organization", orgId: "acme", orgRole: "Admin", permissions: ["builds"] },
      { kind: "generic", metadata: { purpose: "ci" } },
    ];
    const seen = [];
    for (const options of wanted) {
      const { apiKey, scopes } = await verifier.verifyAccessToken(kit.apiKey(options));
      seen.push([apiKey?.kind, apiKey?.subject, apiKey?.orgId, apiKey?.orgRole, scopes]);
    }
    assert.deepEqual(seen, [
      ["personal", "user-1", undefined, undefined, ["read"]],
      ["organization", "user-1", "acme", "Admin", ["read"]],
      ["generic", undefined, undefined, undefined, ["read"]],
    ]);
    const short = kit.apiKey({ expiresInSeconds: 60 });
    await verifier.verifyAccessToken(short);
    kit.advance(60);
    assert.equal(await reasonOf(verifier.verifyAccessToken(short)), "inactive");
    const key = kit.apiKey();
    kit.revoke(key);
    assert.equal(await reasonOf(verifier.verifyAccessToken(key)), "inactive");
    assert.throws(() => kit.revoke(key), TypeError);
    assert.equal(kit.countIntrospections(key), 2);
    const left = kit.apiKey({ kind: "organization", answer: { user_in_org: undefined } });
    assert.equal(await reasonOf(verifier.verifyAccessToken(left)), "api_key_maker_left");
  });
}

test("apiKey() of the kit refuses options that it does not know, and kinds that do not exist", () => {
  const { apiKey } = createTestPropelAuth();
  const refused: [unknown, RegExp][] = [
    [{ scopes: ["read"] }, /^Cannot make an API key: scopes must be one of kind, .+, or in answer/],
    [{ kind: "org" }, /kind must be personal, organization or generic: received "org"/],
    [{ expiresInSeconds: NaN }, /expiresInSeconds must be a number/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => apiKey(options as TestApiKeyOptions), { message });
  }
});

test("a server with another backend key than the kit's is refused by PropelAuth", async () => {
  const kit = createTestPropelAuth({ apiKeys: apiKeys({ backendApiKey: "mine" }) });
  const good = kit.createPropelAuth();
  assert.equal((await good.verifier.verifyAccessToken(kit.apiKey())).credential, "api_key");
  const bad = kit.createPropelAuth({ apiKeys: apiKeys({ backendApiKey: "another" }) });
  assert.equal(await reasonOf(bad.verifier.verifyAccessToken(kit.apiKey())), "client_refused");
});
