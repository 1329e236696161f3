import assert from "node:assert/strict";
import { test } from "node:test";
import { createHarness, json, mcpRequest, passGate, RESOURCE } from "../support/harness.ts";

// Statuses and challenges row by row: conformance_test.ts. Here: the gate used on its own.

test("authenticate() gives the verified token, whatever the path and method", async () => {
  const { auth } = createHarness();
  for (const [method, path] of [["GET", "/own"], ["DELETE", "/mcp"], ["PUT", "/"]] as const) {
    const result = await passGate(
      auth,
      new Request(`https://mcp.example.com${path}`, {
        method,
        headers: { "Authorization": "Bearer token-1" },
      }),
    );
    assert(!(result instanceof Response));
    assert.equal(result.subject, "user-1");
  }
});

test("authenticate() throws at once when it is given no function for the admitted", () => {
  const { auth, asked } = createHarness();
  const untyped: { authenticate(request: Request): unknown } = auth as never;
  assert.throws(() => untyped.authenticate(mcpRequest()), {
    name: "TypeError",
    message: /^authenticate\(\) needs a function as its second argument/,
  });
  assert.deepEqual(asked, []);
});

const PLACEHOLDERS: [credentials: string, status: number, error: string][] = [
  ["undefined", 401, "invalid_token"],
  ["null", 401, "invalid_token"],
  ["[object Object]", 400, "invalid_request"],
  ["${TOKEN}", 400, "invalid_request"],
  ["$TOKEN", 400, "invalid_request"],
];

for (const [credentials, status, error] of PLACEHOLDERS) {
  test(`authenticate() says that "Bearer ${credentials}" is a placeholder, without asking PropelAuth`, async () => {
    const messages: string[] = [];
    const { auth, asked } = createHarness({ onEvent: ({ message }) => messages.push(message) });
    const response = await passGate(auth, mcpRequest(credentials));
    assert(response instanceof Response);
    assert.deepEqual([response.status, asked], [status, []]);
    const challenge = response.headers.get("WWW-Authenticate") ?? "";
    assert.match(challenge, new RegExp(`error="${error}", error_description="[^"=]+placeholder`));
    assert.match(messages.join(), /^[^,]+ placeholder .+configuration/);
  });
}

test("authenticate() does not call the function for a refused request", async () => {
  const { auth } = createHarness({}, () => json({ active: false }));
  const response = await auth.authenticate(mcpRequest(), () => assert.fail("admitted"));
  assert.equal(response.status, 401);
});

test("authenticate() sets the caller while the function runs, and answers its requirements", async () => {
  const { auth } = createHarness();
  const origin = "https://mcp.example.com";
  const request = () => mcpRequest("token-1", { headers: { "Origin": origin } });
  const greeted = await auth.authenticate(request(), async (caller) => {
    await Promise.resolve();
    assert.equal(auth.getAccessToken(), caller);
    return new Response("hello", { status: 202, headers: { "X-Own": "1" } });
  });
  assert.deepEqual([greeted.status, greeted.headers.get("X-Own"), await greeted.text()], [
    202,
    "1",
    "hello",
  ]);
  assert.equal(greeted.headers.get("Access-Control-Allow-Origin"), origin);
  const refused = await auth.authenticate(request(), () => {
    auth.requireScopes("unknown:scope");
    return new Response("reached");
  });
  assert.equal(refused.status, 403);
  assert.match(refused.headers.get("WWW-Authenticate") ?? "", /scope="unknown:scope"/);
  await assert.rejects(auth.authenticate(request(), () => Promise.reject(new Error("own"))), {
    message: "own",
  });
});

test("authenticate() leaves the request's body alone", async () => {
  const { auth } = createHarness();
  const request = mcpRequest("token-1", { body: "{}" });
  await passGate(auth, request);
  assert.equal(await request.text(), "{}");
});

test("authenticate() answers a preflight without credentials, and admits no caller by it", async () => {
  const { auth, asked } = createHarness();
  const result = await passGate(auth, mcpRequest("token-1", { method: "OPTIONS" }));
  assert(result instanceof Response);
  assert.equal(result.status, 204);
  assert.deepEqual(asked, []);
});

test("authenticate() rejects, and lets nobody in, when our own code is at fault", async () => {
  const { auth } = createHarness();
  const request = mcpRequest();
  Object.defineProperty(request, "headers", {
    get: () => {
      throw new RangeError("broken");
    },
  });
  await assert.rejects(passGate(auth, request), { message: "broken" });
});

const LOCAL = { baseUrl: "http://127.0.0.1:8000" };
const HOSTS: [host: string | undefined, url: string, status: number][] = [
  [undefined, "http://127.0.0.1:8000/mcp", 401],
  [undefined, "http://localhost/mcp", 401],
  [undefined, "http://evil.example:8000/mcp", 403],
  ["127.0.0.1:8000", "http://127.0.0.1:8000/mcp", 401],
  ["localhost:9999", "http://127.0.0.1:8000/mcp", 401],
  ["[::1]:8000", "http://127.0.0.1:8000/mcp", 401],
  ["evil.example", "http://127.0.0.1:8000/mcp", 403],
  ["127.0.0.1.evil.example:8000", "http://127.0.0.1:8000/mcp", 403],
  ["evil.example@127.0.0.1", "http://127.0.0.1:8000/mcp", 403],
  ["127.0.0.1/@evil.example", "http://127.0.0.1:8000/mcp", 403],
  ["", "http://127.0.0.1:8000/mcp", 403],
];

for (const [host, url, status] of HOSTS) {
  test(`authenticate() on loopback gives ${status} to Host ${host ?? `in ${url}`}`, async () => {
    const { auth } = createHarness(LOCAL);
    const request = new Request(url);
    // A Request cannot be given a Host header; a server's own requests have one.
    const headers = new Headers(host === undefined ? {} : { "Host": host });
    Object.defineProperty(request, "headers", { value: headers });
    const result = await passGate(auth, request);
    assert(result instanceof Response);
    assert.equal(result.status, status);
  });
}

test("authenticate() looks at no Host when the server is not on loopback", async () => {
  const { auth } = createHarness();
  const result = await passGate(
    auth,
    new Request(RESOURCE.replace("mcp.example.com", "internal:8000")),
  );
  assert(result instanceof Response);
  assert.equal(result.status, 401);
});

test("authenticate() tells an allowed browser origin of every refusal", async () => {
  const origin = "https://mcp.example.com";
  const refusals: [status: number, token: string | null, answer: Response][] = [
    [401, null, json({})],
    [401, "token-1", json({ active: false })],
    [400, "a b", json({})],
    [503, "token-1", json({}, { status: 500 })],
    [500, "token-1", json({}, { status: 404 })],
  ];
  for (const [status, token, answer] of refusals) {
    const { auth } = createHarness({}, () => answer);
    const result = await passGate(auth, mcpRequest(token, { headers: { "Origin": origin } }));
    assert(result instanceof Response);
    assert.deepEqual(
      [
        result.status,
        result.headers.get("Access-Control-Allow-Origin"),
        result.headers.get("Vary"),
      ],
      [status, origin, "Origin"],
    );
  }
});
