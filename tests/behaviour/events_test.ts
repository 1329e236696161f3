import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuth, PropelAuthOptions } from "@x/propelauth-mcp";
import { type PropelAuthEvent, showForeign } from "../../src/events/events.ts";
import {
  ACTIVE,
  type Answer,
  cached,
  createHarness,
  json,
  mcpRequest,
  NOW,
  RESOURCE,
} from "../support/harness.ts";

const DIGEST = "3f08aace122e"; // of "token-1"

function listen(options: Partial<PropelAuthOptions> = {}, answer?: Answer) {
  const events: PropelAuthEvent[] = [];
  const harness = createHarness({ ...options, onEvent: (event) => events.push(event) }, answer);
  const handler = harness.auth.handler((request) => {
    const sessionId = request.headers.get("Mcp-Session-Id") ?? "session-1";
    return new Response("served", { headers: { "Mcp-Session-Id": sessionId } });
  });
  /** The events of one request, without the sentences, which are checked on the way. */
  const eventsOf = async (request: Request) => {
    events.length = 0;
    await handler(request);
    return events.map(({ message, occurredAt, ...facts }) => {
      assert.match(message, /^[A-Z].+\.$/);
      assert.equal(occurredAt, NOW);
      return facts;
    });
  };
  return { ...harness, handler, eventsOf };
}

const unknown = { tokenDigest: DIGEST, durationSeconds: 0 };
const token = { ...unknown, credential: "access_token" };
const completed = { code: "introspection_completed", ...token, active: true };
const refused = { code: "token_refused", ...token, source: "introspection" };
const unverified = { code: "token_unverified", ...unknown };

const OUTCOMES: {
  when: string;
  answer?: Answer;
  options?: Partial<PropelAuthOptions>;
  request?: () => Request;
  expected: Record<string, unknown>[];
}[] = [
  {
    when: "a token is accepted",
    expected: [completed, {
      code: "token_accepted",
      ...token,
      source: "introspection",
      clientId: "client-1",
      subject: "user-1",
    }],
  },
  {
    when: "a token names no user",
    answer: () => json({ ...ACTIVE, sub: null }),
    expected: [completed, {
      code: "token_accepted",
      ...token,
      source: "introspection",
      clientId: "client-1",
    }],
  },
  {
    when: "a token is inactive",
    answer: () => json({ active: false }),
    expected: [{ ...completed, active: false }, {
      code: "token_refused",
      ...unknown,
      source: "introspection",
      reason: "inactive",
    }],
  },
  {
    when: "a token is for another server",
    answer: () => json({ ...ACTIVE, aud: 'https://other.example/"\n' }),
    expected: [completed, {
      ...refused,
      reason: "audience_mismatch",
      expected: `"${RESOURCE}"`,
      received: '"https://other.example/\\"\\n"',
    }],
  },
  {
    when: "a token has no audience",
    answer: () => json({ ...ACTIVE, aud: null }),
    expected: [completed, {
      ...refused,
      reason: "audience_mismatch",
      expected: `"${RESOURCE}"`,
      received: "nothing",
    }],
  },
  {
    when: "a scope is missing",
    options: { requiredScopes: ["read", "admin"] },
    expected: [completed, {
      ...refused,
      reason: "scope_missing",
      expected: '"read admin"',
      received: '"read write"',
    }],
  },
  {
    when: "a token has expired",
    answer: () => json({ ...ACTIVE, exp: NOW - 1 }),
    expected: [completed, {
      ...refused,
      reason: "expired",
      expected: `exp after ${NOW}`,
      received: `${NOW - 1}`,
    }],
  },
  {
    when: "a token is not yet valid",
    answer: () => json({ ...ACTIVE, nbf: NOW + 1 }),
    expected: [completed, {
      ...refused,
      reason: "not_yet_valid",
      expected: `nbf up to ${NOW}`,
      received: `${NOW + 1}`,
    }],
  },
  {
    when: "a refresh token comes",
    answer: () => json({ ...ACTIVE, token_type: "refresh_token" }),
    expected: [completed, {
      ...refused,
      reason: "wrong_token_type",
      expected: "Bearer or access_token",
      received: '"refresh_token"',
    }],
  },
  {
    when: "a token's type is no text",
    answer: () => json({ ...ACTIVE, token_type: 1 }),
    expected: [completed, {
      ...refused,
      reason: "wrong_token_type",
      expected: "Bearer or access_token",
      received: "no text",
    }],
  },
  {
    when: "PropelAuth is down",
    answer: () => new Response(null, { status: 502 }),
    expected: [{
      code: "propelauth_unreachable",
      ...token,
      reason: "unavailable",
      status: 502,
    }, { ...unverified, reason: "unavailable" }],
  },
  {
    when: "the network fails",
    answer: () => Promise.reject(new Error("no route")),
    expected: [{
      code: "propelauth_unreachable",
      ...token,
      reason: "network",
      detail: '"no route"',
    }, { ...unverified, reason: "network" }],
  },
  {
    when: "PropelAuth refuses our credentials",
    answer: () => new Response(null, { status: 401 }),
    expected: [{
      code: "propelauth_misconfigured",
      ...token,
      reason: "client_refused",
      status: 401,
    }, { ...unverified, reason: "client_refused" }],
  },
  {
    when: "PropelAuth makes no sense",
    answer: () => new Response("<html>"),
    expected: [
      { code: "propelauth_misconfigured", ...token, reason: "malformed_response" },
      { ...unverified, reason: "malformed_response" },
    ],
  },
  {
    when: "no token comes",
    request: () => mcpRequest(null),
    expected: [{ code: "token_refused", reason: "missing_credentials" }],
  },
  {
    when: "malformed credentials come",
    request: () => mcpRequest("two tokens"),
    expected: [{ code: "token_refused", reason: "malformed_credentials" }],
  },
  {
    when: "a foreign origin calls",
    request: () => mcpRequest("token-1", { headers: { Origin: "https://evil.example" } }),
    expected: [{ code: "request_refused", reason: "origin", received: '"https://evil.example"' }],
  },
  {
    when: "a foreign host is named on loopback",
    options: { baseUrl: "http://127.0.0.1:8000" },
    request: () => new Request("http://evil.example/mcp"),
    expected: [{ code: "request_refused", reason: "host", received: '"evil.example"' }],
  },
  {
    when: "a foreign host is named on loopback, for the metadata",
    options: { baseUrl: "http://127.0.0.1:8000" },
    request: () => new Request("http://evil.example/.well-known/oauth-protected-resource/mcp"),
    expected: [{ code: "request_refused", reason: "host", received: '"evil.example"' }],
  },
];

for (const { when, answer, options, request = mcpRequest, expected } of OUTCOMES) {
  test(`onEvent() receives an event when ${when}`, async () => {
    const { eventsOf } = listen(options, answer);
    assert.deepEqual(await eventsOf(request()), expected);
  });
}

test("onEvent() receives the source of the facts, and the time that they took", async () => {
  let reply = (_: Response): void => {};
  const answered = new Promise<Response>((resolve) => (reply = resolve));
  const seen: unknown[] = [];
  const { auth, world } = createHarness({
    ...cached(),
    onEvent: (event) => {
      const { code, source, durationSeconds } = {
        source: undefined,
        durationSeconds: -1,
        ...event,
      };
      seen.push([code, source, durationSeconds]);
    },
  }, () => answered);
  const waiting = [1, 2].map(() => auth.verifier.verifyAccessToken("token-1"));
  world.advance(2);
  reply(json(ACTIVE));
  await Promise.all(waiting);
  await auth.verifier.verifyAccessToken("token-1");
  assert.deepEqual(seen, [
    ["introspection_completed", undefined, 2],
    ["token_accepted", "introspection", 2],
    ["token_accepted", "flight", 2],
    ["token_accepted", "cache", 0],
  ]);
});

test("onEvent() never receives a negative duration", async () => {
  const durations: (number | undefined)[] = [];
  const harness = createHarness({
    onEvent: (event) => "durationSeconds" in event && durations.push(event.durationSeconds),
  }, () => {
    harness.world.advance(-10);
    return json(ACTIVE);
  });
  await harness.auth.verifier.verifyAccessToken("token-1");
  assert.deepEqual(durations, [0, 0]);
});

const CALLS: [(auth: PropelAuth) => unknown, Record<string, unknown>][] = [
  [(auth) => auth.requireScopes("admin"), {
    reason: "scope_missing",
    expected: '"admin"',
    received: '"read write"',
  }],
  [(auth) => auth.requireOrg("acme"), { reason: "org_mismatch", received: '"other"' }],
  [(auth) => auth.requireRole("Owner"), { reason: "role_claim_missing", received: "nothing" }],
];

for (const [call, expected] of CALLS) {
  test(`onEvent() receives an event when a call needs more: ${expected["reason"]}`, async () => {
    const events: PropelAuthEvent[] = [];
    const { auth } = createHarness(
      { onEvent: (event) => events.push(event) },
      () => json({ ...ACTIVE, org_id: "other" }),
    );
    const handler = auth.handler(() => {
      call(auth);
      return new Response("unreachable");
    });
    assert.equal((await handler(mcpRequest())).status, 403);
    assert.deepEqual(events.map(({ code }) => code), [
      "introspection_completed",
      "token_accepted",
      "call_refused",
    ]);
    const { message: _message, occurredAt: _occurredAt, ...facts } = events[2] ?? assert.fail();
    assert.deepEqual(facts, {
      code: "call_refused",
      // An SDK would make a tool result of the error, so the client is not told which scopes to ask for.
      challenged: false,
      tokenDigest: DIGEST,
      credential: "access_token",
      clientId: "client-1",
      subject: "user-1",
      ...expected,
    });
  });
}

test("onEvent() receives an event when a caller presents another caller's session", async () => {
  const { eventsOf, handler } = listen(cached(), (token) => json({ ...ACTIVE, sub: token }));
  await handler(mcpRequest("owner"));
  await handler(mcpRequest("thief"));
  const headers = { "Mcp-Session-Id": "session-1" };
  const [accepted, event] = await eventsOf(mcpRequest("thief", { headers }));
  assert.equal(accepted?.code, "token_accepted");
  assert.deepEqual(event, {
    code: "session_refused",
    credential: "access_token",
    tokenDigest: accepted?.tokenDigest,
    clientId: "client-1",
    subject: "thief",
  });
});

const UNJUDGED: [what: string, use: (auth: PropelAuth) => Promise<unknown>, times: number][] = [
  ["the verifier", (auth) => auth.verifier.verifyAccessToken("token-1"), 1],
  [
    "authenticate()",
    (auth) => auth.authenticate(mcpRequest("token-1"), () => new Response("served")),
    1,
  ],
  ["the handler", (auth) => auth.handler(() => new Response("served"))(mcpRequest("token-1")), 0],
];

for (const [what, use, times] of UNJUDGED) {
  test(`onEvent() receives operations_unjudged ${times} time(s) when ${what} is used`, async () => {
    for (const operations of [undefined, { tools: { write_note: ["write"] } }]) {
      const codes: string[] = [];
      const { auth } = createHarness({
        ...(operations && { operations }),
        onEvent: ({ code }) => codes.push(code),
      });
      for (let call = 0; call < 3; call++) await use(auth);
      const told = codes.filter((code) => code === "operations_unjudged");
      assert.equal(told.length, operations === undefined ? 0 : times);
    }
  });
}

test("a listener that throws or rejects harms nothing", async () => {
  for (
    const onEvent of [
      () => {
        throw new Error("listener");
      },
      () => Promise.reject(new Error("listener")),
    ]
  ) {
    const { auth } = createHarness({ onEvent });
    assert.equal((await auth.verifier.verifyAccessToken("token-1")).subject, "user-1");
    await assert.rejects(auth.verifier.verifyAccessToken("no token"), {
      reason: "malformed_credentials",
    });
  }
});

test("onEvent() receives one event about an outage, and one about each request in it", async () => {
  const seen: unknown[] = [];
  const { auth } = createHarness(
    { onEvent: ({ code }) => seen.push(code) },
    () => new Response(null, { status: 500 }),
  );
  await Promise.allSettled([1, 2].map(() => auth.verifier.verifyAccessToken("token-1")));
  assert.deepEqual(seen, ["propelauth_unreachable", "token_unverified", "token_unverified"]);
});

test("onEvent() receives malformed credentials that the verifier is given", async () => {
  const seen: unknown[] = [];
  const { auth } = createHarness({ onEvent: ({ message: _, ...facts }) => seen.push(facts) });
  await assert.rejects(auth.verifier.verifyAccessToken("two tokens"));
  assert.deepEqual(seen, [
    { code: "token_refused", reason: "malformed_credentials", occurredAt: NOW },
  ]);
});

test("no event holds a token or a secret, whatever the network says", async () => {
  const seen: PropelAuthEvent[] = [];
  const { auth } = createHarness(
    { onEvent: (event) => seen.push(event) },
    (token) => Promise.reject(new Error(`cannot send ${token}`)),
  );
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"));
  assert.equal(seen.length, 2);
  assert.doesNotMatch(JSON.stringify(seen), /token-1|introspection-secret|Basic/);
});

const FOREIGN: [value: unknown, shown: string][] = [
  [undefined, "nothing"],
  ["plain", '"plain"'],
  ['"\r\n\u0000', '"\\"\\r\\n\\u0000"'],
  ["\u202e\x7fé", '"\\u202e\\u007f\\u00e9"'],
  [["a", "b"], '["a","b"]'],
];

for (const [value, shown] of FOREIGN) {
  test(`showForeign() shows ${JSON.stringify(value)} as printable ASCII`, () => {
    assert.equal(showForeign(value), shown);
  });
}

test("showForeign() cuts long text", () => {
  assert.equal(showForeign("x".repeat(1000)).length, 200);
});
