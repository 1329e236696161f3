import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticate } from "@x/propelauth-mcp/node";
import { json, mcpRequest } from "../../support/harness.ts";
import { createAudited, createStream, post, short, toolCall } from "./harness.ts";

const RESULT = { jsonrpc: "2.0", id: 1, result: { content: [] } };

/** A PropelAuth that records its calls, and the codes of its events that are not about tokens. */
function createCoded() {
  const codes: string[] = [];
  const audited = createAudited({
    onEvent: ({ code }) => void (/^calls_/.test(code) && codes.push(code)),
  });
  return { ...audited, codes };
}

test("authenticate() records the calls of a body, and leaves the body to its function", async () => {
  const { auth, events, codes } = createCoded();
  const request = post([toolCall("a", 1), toolCall("b", 2)]);
  const response = await auth.authenticate(request, async () => {
    assert.deepEqual(await request.json(), [toolCall("a", 1), toolCall("b", 2)]);
    return json([RESULT, { jsonrpc: "2.0", id: 2, error: { code: 5, message: "" } }]);
  });
  assert.equal(response.status, 200);
  assert.deepEqual(events.map(short), [
    ["tools/call", "a", 1, "ok"],
    ["tools/call", "b", 2, "error", 5],
  ]);
  assert.deepEqual(codes, []);
});

test("authenticate() records an answer on an event stream", async () => {
  const { auth, events } = createCoded();
  const stream = createStream();
  const response = await auth.authenticate(post(toolCall("add")), () => stream.response);
  stream.send(RESULT);
  stream.close();
  await response.text();
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "ok"]]);
});

test("authenticate() records a requirement that fails as refused", async () => {
  const { auth, events } = createCoded();
  const response = await auth.authenticate(post(toolCall("add")), () => {
    auth.requireScopes("admin");
    return new Response();
  });
  assert.equal(response.status, 403);
  assert.deepEqual(events.map(short), [
    ["tools/call", "add", 1, "refused", "scope_missing", ["admin"]],
  ]);
});

test("authenticate() records the calls of parsedBody, those that it refuses too", async () => {
  const { auth, events, codes } = createCoded();
  for (const parsedBody of [toolCall("add"), { ...toolCall("add"), Method: "ping" }]) {
    await auth.authenticate(mcpRequest(), () => json(RESULT), { parsedBody });
  }
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "ok"]]);
  assert.deepEqual(codes, []);
});

test("authenticate() records nothing of a request without calls", async () => {
  const { auth, events, codes } = createCoded();
  await auth.authenticate(mcpRequest("token-1", { method: "GET" }), () => new Response());
  assert.deepEqual([events.length, codes], [0, []]);
});

const UNREAD: [what: string, create: () => Request | Promise<Request>][] = [
  ["is not JSON", () => post("", {}, { body: "{" })],
  ["is too long", () => post("x".repeat(4 * 1024 * 1024))],
  ["can be read in two ways", () => post({ ...toolCall("add"), Method: "ping" })],
  ["was read before", async () => {
    const request = post(toolCall("add"));
    await request.text();
    return request;
  }],
];

for (const [what, create] of UNREAD) {
  test(`authenticate() admits a request whose body ${what}, and reports calls_unaudited once`, async () => {
    const { auth, events, codes } = createCoded();
    for (let times = 0; times < 2; times++) {
      const response = await auth.authenticate(await create(), () => new Response("admitted"));
      assert.equal(await response.text(), "admitted");
    }
    assert.deepEqual([events.length, codes], [0, ["calls_unaudited"]]);
  });
}

test("verifyAccessToken() reports calls_unaudited once", async () => {
  const { auth, codes } = createCoded();
  await auth.verifier.verifyAccessToken("token-1");
  await auth.verifier.verifyAccessToken("token-1");
  assert.deepEqual(codes, ["calls_unaudited"]);
});

test("authenticate() of ./node records the calls of parsedBody, and no answer of theirs", async () => {
  const { auth, events, codes } = createCoded();
  const request = { method: "POST", url: "/mcp", headers: { authorization: "Bearer token-1" } };
  await authenticate(auth, request, () => {}, { parsedBody: toolCall("add") });
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "no_answer"]]);
  assert.deepEqual(codes, []);
});

test("authenticate() of ./node reports calls_unaudited, since a hook sees no body", async () => {
  const { auth, events, codes } = createCoded();
  const headers = { authorization: "Bearer token-1", "content-length": "10" };
  const caller = await authenticate(auth, { method: "POST", url: "/mcp", headers }, (one) => one);
  assert.equal(caller.subject, "user-1");
  assert.deepEqual([events.length, codes], [0, ["calls_unaudited"]]);
});
