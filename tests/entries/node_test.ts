import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import { authenticate } from "../../src/entries/node.ts";
import { createHarness, RESOURCE } from "../support/harness.ts";
import { sendTo } from "../support/node_server.ts";

const CALL = { method: "POST", headers: { "Authorization": "Bearer good" }, body: '{"a":1}' };

/** Serves as FastMCP does: `authenticate` first, and the response that it throws as the answer. */
function serve({ auth }: ReturnType<typeof createHarness>, needed: string[] = ["read"]) {
  return sendTo.bind(null, (request, response) => {
    authenticate(auth, request, (caller) => {
      auth.requireScopes(...needed);
      assert.equal(auth.getAccessToken(), caller);
      return { subject: caller.subject };
    }).then(async ({ subject }) => {
      let body = "";
      for await (const bytes of request) body += bytes;
      response.end(`${subject} sent ${body}`);
    }, (thrown) => {
      assert(thrown instanceof Response, String(thrown));
      response.writeHead(thrown.status, Object.fromEntries(thrown.headers)).end();
    });
  });
}

const ROWS: [
  what: string,
  init: RequestInit,
  needed: string[],
  status: number,
  challenge: RegExp,
][] = [
  ["a good token", CALL, ["read"], 200, /^$/],
  ["no token", { method: "POST" }, ["read"], 401, /^Bearer resource_metadata="[^"]+"$/],
  [
    "two tokens",
    { headers: { "Authorization": "Bearer a, Bearer b" } },
    [],
    400,
    /invalid_request/,
  ],
  ["a missing scope", CALL, ["admin"], 403, /scope="admin", error="insufficient_scope"/],
  ["a foreign origin", { headers: { "Origin": "https://evil.example" } }, ["read"], 403, /^$/],
];

for (const [what, init, needed, status, challenge] of ROWS) {
  test(`authenticate() answers ${status} to a request of Node's with ${what}`, async () => {
    const response = await serve(createHarness(), needed)(new Request(RESOURCE, init));
    assert.equal(response.status, status);
    assert.match(response.headers.get("WWW-Authenticate") ?? "", challenge);
    if (status === 200) assert.equal(await response.text(), 'user-1 sent {"a":1}');
  });
}

test("authenticate() throws a 503 for Node's request while PropelAuth is away", async () => {
  const harness = createHarness({}, () => new Response(null, { status: 500 }));
  const response = await serve(harness)(new Request(RESOURCE, CALL));
  assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "5"]);
});

test("authenticate() throws a 400 for a target that no URL can have", async () => {
  const { auth } = createHarness();
  for (const [method, url] of [["OPTIONS", "*"], ["TRACE", "/mcp"], ["GET", "mcp"]] as const) {
    const request = { method, url, headers: { authorization: "Bearer good" } };
    const refusal = await authenticate(auth, request, () => assert.fail("admitted"))
      .catch((thrown) => thrown);
    assert.equal(refusal.status, 400);
  }
});

test("authenticate() rejects with the error that its function throws", async () => {
  const { auth } = createHarness();
  const request = { method: "POST", url: "/mcp", headers: { authorization: "Bearer good" } };
  const fault = new Error("a fault of the server's own");
  await assert.rejects(authenticate(auth, request, () => Promise.reject(fault)), fault);
});

const TOOL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "purge_reports" } };
const HEADERS = {
  "authorization": "Bearer good",
  "content-type": "application/json",
  "content-length": "90",
};

const PARSED: [
  what: string,
  parsedBody: unknown,
  request: { headers?: Record<string, string>; readableDidRead?: boolean },
  status: number,
][] = [
  ["a call that the token's scopes permit", { ...TOOL, params: { name: "whoami" } }, {}, 200],
  ["a call that needs another scope", TOOL, { readableDidRead: true }, 403],
  ["nothing, and the request has no body", undefined, {
    headers: { authorization: "Bearer good" },
    readableDidRead: false,
  }, 200],
  ["nothing, and the request has a body", undefined, {}, 400],
  // As Express 4 leaves it.
  ["an empty object, and the stream is unread", {}, { readableDidRead: false }, 400],
];

for (const [what, parsedBody, fields, status] of PARSED) {
  test(`authenticate() answers ${status} when parsedBody is ${what}`, async () => {
    const codes: string[] = [];
    const { auth } = createHarness({
      operations: { tools: { purge_reports: ["admin"] } },
      onEvent: ({ code }) => codes.push(code),
    });
    const request = { method: "POST", url: "/mcp", headers: HEADERS, ...fields };
    const options = { parsedBody };
    const outcome = await authenticate(auth, request, () => new Response(), options)
      .catch((thrown) => thrown);
    assert.equal(outcome.status, status);
    assert(!codes.includes("operations_unjudged"), String(codes));
    if (status === 403) {
      assert.match(outcome.headers.get("WWW-Authenticate"), /error="insufficient_scope"/);
    }
  });
}

test("authenticate() judges the calls of a body that Fastify has parsed", async () => {
  const { auth } = createHarness({ operations: { tools: { purge_reports: ["admin"] } } });
  const app = Fastify();
  app.addHook("preHandler", async (request, reply) => {
    try {
      const options = { parsedBody: request.body };
      await authenticate(auth, request.raw, () => {}, options);
    } catch (refusal) {
      if (!(refusal instanceof Response)) throw refusal;
      await reply.send(refusal);
    }
  });
  app.all("/mcp", (request) => ({ received: request.body ?? "nothing" }));
  const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/mcp`;
  const send = async (body?: unknown, token = "good") => {
    const headers = { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" };
    const response = body === undefined
      ? await fetch(url, { headers: { "Authorization": `Bearer ${token}` } })
      : await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    return [response.status, (await response.json()).received];
  };
  try {
    const open = { ...TOOL, params: { name: "whoami" } };
    assert.deepEqual(await send(open), [200, open]);
    assert.deepEqual(await send(TOOL), [403, undefined]);
    assert.deepEqual(await send(undefined), [200, "nothing"]);
    assert.deepEqual(await send(open, "two tokens"), [400, undefined]);
  } finally {
    await app.close();
  }
});
