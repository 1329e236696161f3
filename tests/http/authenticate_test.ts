/** `authenticate()` with the body that a framework has parsed: its calls are judged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIVE, createHarness, json, mcpRequest } from "../support/harness.ts";

const OPERATIONS = { tools: { write_report: ["write"], purge_reports: ["admin"] } };

const call = (name: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, arguments: {} },
});
const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const ANNOUNCED = { headers: { "Content-Length": "20" } };

/** Asks with a token that has the scopes `read` and `write`; returns the response and the events' codes. */
async function ask(parsedBody: unknown, init: RequestInit = {}) {
  const codes: string[] = [];
  const { auth } = createHarness({
    operations: OPERATIONS,
    onEvent: ({ code }) => codes.push(code),
  });
  let admitted = 0;
  const response = await auth.authenticate(mcpRequest("token-1", init), (caller) => {
    admitted++;
    assert.equal(auth.getAccessToken(), caller);
    return json({ jsonrpc: "2.0", id: 1, result: { tools: [{ name: "purge_reports" }] } });
  }, { parsedBody });
  return { response, codes, admitted };
}

const ROWS: [what: string, parsedBody: unknown, init: RequestInit, status: number][] = [
  ["a tool that the token's scopes permit", call("write_report"), {}, 200],
  ["a tool without a rule", call("whoami"), {}, 200],
  ["a tool that needs another scope", call("purge_reports"), {}, 403],
  ["a batch, one call of which needs another scope", [LIST, call("purge_reports")], {}, 403],
  ["a call that two parsers could read in two ways", { ...LIST, Method: "tools/call" }, {}, 400],
  ["a body that is a text", JSON.stringify(call("purge_reports")), {}, 400],
  ["the bytes of a body", bytes(call("purge_reports")), {}, 400],
  ["a body as an ArrayBuffer", bytes(call("purge_reports")).buffer, {}, 400],
  ["a body as a stream", new ReadableStream(), {}, 400],
  ["a form", new Map(Object.entries(call("purge_reports"))), {}, 400],
  [
    "an object without a prototype",
    Object.assign(Object.create(null), call("write_report")),
    {},
    200,
  ],
  ["no body", undefined, { method: "GET" }, 200],
  ["a body that nothing has parsed", undefined, ANNOUNCED, 400],
  ["a function", () => {}, {}, 400],
  // As JSON.parse("-1e999") gives it; a function among the rules would get `null`.
  [
    "a number that JSON cannot write",
    {
      ...LIST,
      method: "tools/call",
      params: { name: "write_report", arguments: { n: -Infinity } },
    },
    {},
    400,
  ],
];

for (const [what, parsedBody, init, status] of ROWS) {
  test(`authenticate() answers ${status} when parsedBody has ${what}`, async () => {
    const { response, codes, admitted } = await ask(parsedBody, init);
    assert.equal(response.status, status);
    assert.equal(admitted, status === 200 ? 1 : 0);
    assert(!codes.includes("operations_unjudged"), String(codes));
  });
}

test("authenticate() names the scopes that a call in parsedBody needs", async () => {
  const { response, codes } = await ask(call("purge_reports"));
  const challenge = response.headers.get("WWW-Authenticate") ?? "";
  assert.match(challenge, /scope="admin", error="insufficient_scope"/);
  assert(codes.includes("call_refused"), String(codes));
});

test("authenticate() filters the lists in the response when parsedBody asks for them", async () => {
  const { response } = await ask(LIST);
  assert.deepEqual((await response.json()).result.tools, []);
});

test("authenticate() gives pages CORS headers on a call that it refuses", async () => {
  const headers = { "Origin": "https://mcp.example.com" };
  const { response } = await ask(call("purge_reports"), { headers });
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), "https://mcp.example.com");
  assert.equal(response.headers.get("Vary"), "Origin");
});

test("authenticate() hands the newest answer about the token to its function when a call is fresh", async () => {
  const operations = { tools: { write_report: { scopes: ["write"], fresh: true } } };
  const { auth, asked } = createHarness(
    { operations, tokenIntrospectionOverrides: { cacheTtlSeconds: 60 } },
    () => json({ ...ACTIVE, email: `answer-${asked.length}@example.com` }),
  );
  const parsedBody = call("write_report");
  await auth.verifier.verifyAccessToken("token-1");
  const response = await auth.authenticate(
    mcpRequest("token-1"),
    ({ claims }) => json(claims["email"]),
    { parsedBody },
  );
  assert.equal(await response.json(), "answer-2@example.com");
});

test("authenticate() takes parsedBody without the option operations too", async () => {
  const { auth } = createHarness();
  const response = await auth.authenticate(mcpRequest(), () => new Response("served"), {
    parsedBody: call("purge_reports"),
  });
  assert.equal(await response.text(), "served");
});

test("authenticate() throws a TypeError at once for an unknown option", () => {
  const { auth } = createHarness();
  const options = { parsedBody: undefined, body: {} };
  assert.throws(() => auth.authenticate(mcpRequest(), () => new Response(), options), {
    name: "TypeError",
    message: /^Cannot authenticate: body must be .*parsedBody/,
  });
});

test("authenticate() throws a TypeError at once for a request of Node's own", () => {
  const { auth } = createHarness();
  const incoming = { url: "/mcp", method: "POST", headers: { host: "mcp.example.com" } };
  const call = () => Reflect.apply(auth.authenticate, undefined, [incoming, () => new Response()]);
  assert.throws(call, {
    name: "TypeError",
    message: /^authenticate\(\) needs a web-standard Request .+@x\/propelauth-mcp\/node$/,
  });
});

test("authenticate() and handler() pass on an error about another token than the caller's", async () => {
  const { auth } = createHarness(
    {},
    (token) => json(token === "token-1" ? ACTIVE : { active: false }),
  );
  const admitted = async () => json(await auth.verifier.verifyAccessToken("another-token"));
  await assert.rejects(auth.authenticate(mcpRequest(), admitted), { reason: "inactive" });
  await assert.rejects(auth.handler(admitted)(mcpRequest()), { reason: "inactive" });
});

for (const parsedBody of [undefined, {}, [], call("read_reports")]) {
  test(`authenticate() filters a resumed stream when parsedBody is ${JSON.stringify(parsedBody)}`, async () => {
    const { auth } = createHarness({ operations: OPERATIONS });
    const list = { ...LIST, method: undefined, result: { tools: [{ name: "purge_reports" }] } };
    const stream = () =>
      new Response(`data: ${JSON.stringify(list)}\n\n`, {
        headers: { "Content-Type": "text/event-stream" },
      });
    const request = mcpRequest("token-1", { method: "GET", headers: { "Last-Event-ID": "0" } });
    const response = await auth.authenticate(request, stream, { parsedBody });
    assert.match(await response.text(), /"tools":\[\]/);
  });
}
