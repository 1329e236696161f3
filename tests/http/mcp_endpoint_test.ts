import assert from "node:assert/strict";
import { test } from "node:test";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/streamableHttp"
import { StreamableHTTPServerTransport as NodeTransportV1 } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { WebStandardStreamableHTTPServerTransport as TransportV2 } from "@modelcontextprotocol/server";
import { auditCalls } from "@x/propelauth-mcp/audit";
import type { McpFunction, McpServerHandler } from "../../src/http/mcp_server.ts";
import { COPY_WITHOUT, SEND_AS_WRITTEN } from "../../src/lib/copy_request.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import {
  ACTIVE,
  cached,
  createHarness,
  json,
  mcpRequest,
  NOW,
  RESOURCE,
} from "../support/harness.ts";

// tests/conformance has the answers on the wire, row by row; here is how the endpoint uses its parts.

const echo: McpFunction = async (request, { authInfo }) =>
  json({ body: await request.text(), subject: authInfo.subject });

const SERVERS: [what: string, mcp: McpServerHandler][] = [
  ["a function", echo],
  ["an object with fetch", { fetch: echo }],
  ["an object with handleRequest", { handleRequest: echo }],
  ["two factories", {
    server: () => ({ connect: () => Promise.resolve() }),
    transport: () => ({ handleRequest: echo }),
  }],
  ["two factories, of a server that takes time", {
    server: () => Promise.resolve({ connect: () => Promise.resolve() }),
    transport: () => ({ handleRequest: echo }),
  }],
  // As `createMcpHandler` of Cloudflare's `agents` returns; called as a function it ignores its options.
  ["a function with fetch", Object.assign(() => new Response("wrong"), { fetch: echo })],
  ["an object with both", { fetch: echo, handleRequest: () => new Response("wrong") }],
  [
    "an object that needs to be called as one",
    new class {
      #echo = echo;
      fetch(...args: Parameters<McpFunction>) {
        return this.#echo(...args);
      }
    }(),
  ],
];

for (const [what, mcp] of SERVERS) {
  test(`handler() calls ${what} with the request and the caller`, async () => {
    const { auth } = createHarness();
    const response = await auth.handler(mcp)(mcpRequest("token-1", { body: "{}" }));
    assert.deepEqual(await response.json(), { body: "{}", subject: "user-1" });
  });
}

test("handler() calls the MCP server before it returns when the token is in the cache", async () => {
  const { auth } = createHarness(cached());
  let calls = 0;
  const handler = auth.handler(() => {
    calls++;
    return new Response();
  });
  await handler(mcpRequest());
  const response = handler(mcpRequest());
  assert.equal(calls, 2);
  await response;
});

test("handler() answers before it returns to the event loop when the token is known dead", async () => {
  const { auth, asked } = createHarness(cached(), () => json({ active: false }));
  const handler = auth.handler(() => assert.fail("admitted"));
  const statuses = [(await handler(mcpRequest())).status, (await handler(mcpRequest())).status];
  assert.deepEqual([statuses, asked.length], [[401, 401], 1]);
});

for (const mcp of [undefined, null, 42, "mcp", {}, { fetch: "fetch" }, { server: 1 }]) {
  test(`handler() refuses ${JSON.stringify(mcp)} for an MCP server`, () => {
    const { auth } = createHarness();
    assert.throws(() => auth.handler(mcp as unknown as McpServerHandler), {
      name: "TypeError",
      message: /^Cannot create a handler: mcp must be a function, or an object .+: received/,
    });
  });
}

const FACTORIES = "give { server: () => new McpServer(...), " +
  "transport: () => new WebStandardStreamableHTTPServerTransport() }";

// Both majors have `connect` and `registerTool`.
const MISTAKES: [what: string, mcp: unknown, received: string][] = [
  [
    "an SDK McpServer",
    new class {
      registerTool() {}
      connect() {}
    }(),
    `an SDK McpServer: wrap it in createMcpHandler(); with SDK v1 ${FACTORIES}`,
  ],
  [
    "a stateless transport of SDK v1",
    new TransportV1(),
    `a transport that answers one request only: ${FACTORIES}`,
  ],
  [
    "a stateless transport of SDK v2",
    new TransportV2(),
    `a transport that answers one request only: ${FACTORIES}`,
  ],
  ["a Promise", Promise.resolve(echo), "a Promise: await it"],
  [
    "a server and a transport in place of their factories",
    { server: { connect() {} }, transport: new TransportV1() },
    `not two functions: ${FACTORIES}`,
  ],
  [
    "a server's factory alone",
    { server: () => ({ connect: () => Promise.resolve() }) },
    `not two functions: ${FACTORIES}`,
  ],
  [
    "two classes in place of factories",
    { server: McpServerV1, transport: TransportV1 },
    `not two functions: ${FACTORIES}`,
  ],
  [
    "a request, since auth.handler itself was given to a server",
    mcpRequest(),
    "a request: give the result of auth.handler(mcp) to the server that receives requests",
  ],
];

for (const [what, mcp, received] of MISTAKES) {
  test(`handler() names the remedy for ${what}`, () => {
    const { auth } = createHarness();
    assert.throws(() => auth.handler(mcp as McpServerHandler), {
      name: "TypeError",
      message:
        "Cannot create a handler: mcp must be a function, or an object with fetch, or with " +
        `server and transport: received ${received}`,
    });
  });
}

const RETURNED: [returned: unknown, received: string][] = [
  [undefined, "nothing"],
  [null, "null"],
  ["text", '"text"'],
  [{ status: 200 }, "a value of type object"],
  [
    new McpServerV1({ name: "v1", version: "1.0.0" }),
    `an SDK McpServer: wrap it in createMcpHandler(); with SDK v1 ${FACTORIES}`,
  ],
  [{ fetch: echo }, "an object with fetch: give auth.handler() that object"],
];

for (const [returned, received] of RETURNED) {
  test(`handler() says that the function returned ${received}`, async () => {
    const { auth } = createHarness();
    const handler = auth.handler(() => Promise.resolve(returned as Response));
    await assert.rejects(handler(mcpRequest()), {
      name: "TypeError",
      message: `Cannot answer a request: your function returned ${received}, and must return a ` +
        "Response",
    });
  });
}

for (const [count, status] of [[100, 200], [101, 400], [3000, 400]] as const) {
  test(`handler() answers ${status} to a query with ${count} values, of which any may be a session`, async () => {
    const { auth } = createHarness();
    let served = 0;
    const handler = auth.handler(() => {
      served++;
      return new Response();
    });
    const query = Array.from({ length: count }, (_, at) => `a=${at}`).join("&");
    const request = new Request(`${RESOURCE}?${query}`, mcpRequest());
    assert.equal((await handler(request)).status, status);
    assert.equal(served, status === 200 ? 1 : 0);
  });
}

const connectable = () => ({ connect: () => Promise.resolve() });
const FACTORY_RESULTS: [what: string, server: unknown, transport: unknown, needed: string][] = [
  [
    "the server's factory returns nothing",
    () => {},
    () => new TransportV1(),
    "server() must return an SDK McpServer",
  ],
  [
    "the transport's factory returns nothing",
    connectable,
    () => {},
    "transport() must return a WebStandardStreamableHTTPServerTransport",
  ],
  [
    "the transport is that for Node's own requests",
    connectable,
    () => new NodeTransportV1({}),
    "transport() must return a WebStandardStreamableHTTPServerTransport",
  ],
];

for (const [what, server, transport, needed] of FACTORY_RESULTS) {
  test(`handler() names the factory when ${what}`, async () => {
    const { auth } = createHarness();
    const handler = auth.handler({ server, transport } as McpServerHandler);
    await assert.rejects(handler(mcpRequest("token-1", { body: "{}" })), {
      name: "TypeError",
      message: `Cannot answer a request: ${needed}`,
    });
  });
}

test("handler() hands the client's request on, without its credentials", async () => {
  const { auth } = createHarness();
  let seen: Request | undefined;
  const abort = new AbortController();
  const sent = mcpRequest("token-1", {
    headers: { "Accept": "text/event-stream", "X-Own": "1", "Content-Type": "application/json" },
    body: "{}",
    signal: abort.signal,
  });
  await auth.handler((request) => {
    seen = request;
    return new Response();
  })(sent);
  assert(seen);
  assert.deepEqual([seen.url, seen.method, await seen.text()], [RESOURCE, "POST", "{}"]);
  assert.deepEqual([...seen.headers], [
    ["accept", "text/event-stream"],
    ["content-type", "application/json"],
    ["x-own", "1"],
  ]);
  abort.abort();
  assert(seen.signal.aborted);
});

test("handler() gives a tool its caller, by authInfo and as ambient context", async () => {
  const { auth } = createHarness();
  await auth.handler(async (_request, { authInfo }) => {
    assert.equal(auth.getAccessToken(), authInfo);
    await Promise.resolve();
    assert.equal(auth.getAccessToken(), authInfo);
    assert.equal(authInfo.token, "token-1");
    return new Response();
  })(mcpRequest());
  assert.equal(auth.getAccessToken(), undefined);
});

test("handler() keeps two PropelAuths apart", async () => {
  const [inner, outer] = [createHarness().auth, createHarness().auth];
  await outer.handler(() => {
    assert.equal(inner.getAccessToken(), undefined);
    return new Response();
  })(mcpRequest());
});

// Each request waits for all others to be under way before it looks at its caller.
test("handler() shows each of 200 interleaved callers themselves", async () => {
  const { auth } = createHarness({}, (token) => json({ ...ACTIVE, sub: `of-${token}` }));
  const waiting: (() => void)[] = [];
  const handler = auth.handler(async (_request, { authInfo }) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 200) { for (const go of waiting.reverse()) go(); }
    });
    return json([authInfo.subject, auth.getAccessToken()?.subject]);
  });
  const tokens = Array.from({ length: 200 }, (_, i) => `token-${i}`);
  const responses = await Promise.all(tokens.map((token) => handler(mcpRequest(token))));
  const seen = await Promise.all(responses.map((response) => response.json()));
  assert.deepEqual(seen, tokens.map((token) => [`of-${token}`, `of-${token}`]));
});

test("handler() asks once for a thousand simultaneous requests with one cold token", async () => {
  const { auth, asked } = createHarness();
  const handler = auth.handler(() => new Response("ok"));
  const all = await Promise.all(Array.from({ length: 1000 }, () => handler(mcpRequest())));
  assert(all.every(({ status }) => status === 200));
  assert.equal(asked.length, 1);
});

test("handler() lets one client leave without failing those who wait with it", async () => {
  const { auth, asked } = createHarness();
  const handler = auth.handler(() => new Response("ok"));
  const abort = new AbortController();
  const left = handler(mcpRequest("token-1", { signal: abort.signal }));
  const others = [handler(mcpRequest()), handler(mcpRequest())];
  abort.abort();
  await left.catch(() => {});
  assert.deepEqual((await Promise.all(others)).map(({ status }) => status), [200, 200]);
  assert.equal(asked.length, 1);
});

test("handler() rejects with the error of the MCP server", async () => {
  const { auth } = createHarness();
  const handler = auth.handler(() => Promise.reject(new Error("of the tool")));
  await assert.rejects(handler(mcpRequest()), { message: "of the tool" });
});

test("handler() passes a response on untouched when no browser asks", async () => {
  const { auth } = createHarness();
  const given = new Response("ok", { status: 202, headers: { "X-Own": "1" } });
  assert.equal(await auth.handler(() => given)(mcpRequest()), given);
});

test("handler() keeps status, headers and body when a browser asks", async () => {
  const { auth } = createHarness();
  const given = () =>
    new Response("ok", { status: 202, statusText: "Fine", headers: { "X-Own": "1", "Vary": "A" } });
  const response = await auth.handler(given)(
    mcpRequest("token-1", { headers: { "Origin": "https://mcp.example.com" } }),
  );
  assert.deepEqual(
    [response.status, response.statusText, response.headers.get("X-Own"), await response.text()],
    [202, "Fine", "1", "ok"],
  );
  assert.equal(response.headers.get("Vary"), "A, Origin");
});

// P89, P90, G33
test("handler() gives a session to the caller that got it, and 404 to others", async () => {
  const { auth } = createHarness({}, (token) => json({ ...ACTIVE, sub: token.split(".")[0] }));
  let called = 0;
  const handler = auth.handler(() => {
    called++;
    return new Response("ok", { headers: { "Mcp-Session-Id": "session-1" } });
  });
  await handler(mcpRequest("ann"));
  const present = (token: string) =>
    handler(mcpRequest(token, { headers: { "Mcp-Session-Id": "session-1" } }));
  assert.equal((await present("ann.refreshed")).status, 200);
  const refused = await present("bob");
  assert.equal(refused.status, 404);
  assert.equal((await refused.json()).error.message, "Session not found");
  assert.equal(called, 2);
});

test("handler() gives the session of an HTTP+SSE stream to its caller, and 404 to others", async () => {
  const seen: string[] = [];
  const { auth } = createHarness({
    onEvent: ({ code }) => void seen.push(code),
  }, (token) => json({ ...ACTIVE, sub: token.split(".")[0] }));
  const handler = auth.handler((request) =>
    request.method === "GET"
      ? new Response(`event: endpoint\ndata: /mcp?sessionId=session-1\n\n`, {
        headers: { "Content-Type": "text/event-stream" },
      })
      : new Response(null, { status: 202 })
  );
  const stream = await handler(mcpRequest("ann", { method: "GET" }));
  assert.match(await stream.text(), /session-1/);
  const post = async (token: string, query: string) => {
    const { headers, method } = mcpRequest(token);
    return (await handler(new Request(`${RESOURCE}${query}`, { headers, method }))).status;
  };
  assert.equal(await post("ann.refreshed", "?sessionId=session-1"), 202);
  assert.equal(await post("bob", "?sessionId=session-2"), 202);
  assert(!seen.includes("session_refused"));
  for (const query of ["?sessionId=session-1", "?sessionId=0&sessionId=session-1"]) {
    seen.length = 0;
    assert.equal(await post("bob", query), 404);
    assert(seen.includes("session_refused"));
  }
});

const events = () =>
  new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
    headers: { "Content-Type": "text/event-stream" },
  });
const LISTEN = { headers: { "Mcp-Method": "subscriptions/listen" } };

for (const [what, init] of [["a GET stream", { method: "GET" }], ["a listen", LISTEN]] as const) {
  test(`handler() ends ${what} when its token expires`, async () => {
    const { auth, world } = createHarness({}, () => json({ ...ACTIVE, exp: NOW + 60 }));
    const response = await auth.handler(events)(mcpRequest("token-1", init));
    const end = response.text();
    world.advance(60);
    assert.equal(await end, "");
  });
}

test("handler() lets the stream of one call outlive its token, so that the answer arrives", async () => {
  const { auth, world } = createHarness({}, () => json({ ...ACTIVE, exp: NOW + 60 }));
  await auth.handler(events)(mcpRequest());
  assert.equal(world.timers, 0);
});

test("handler() does not end a stream whose token has no exp", async () => {
  const { auth, world } = createHarness({}, () => json({ ...ACTIVE, exp: undefined }));
  await auth.handler(events)(mcpRequest("token-1", { method: "GET" }));
  assert.equal(world.timers, 0);
});

test("close() ends the standing streams, those without exp too, and leaves no timer", async () => {
  for (const exp of [NOW + 60, undefined]) {
    const { auth, world } = createHarness(cached(), () => json({ ...ACTIVE, exp }));
    const handler = auth.handler(events);
    const open = await handler(mcpRequest("token-1", { method: "GET" }));
    const end = open.text();
    await auth.close();
    assert.equal(await end, "");
    const later = await handler(mcpRequest("token-1", { method: "GET" }));
    assert.equal(await later.text(), "");
    assert.equal(world.timers, 0);
  }
});

const write = (method: string, params = {}): RequestInit => ({
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
});
const CALL = write("tools/call", { name: "report" });
const ONE_TOOL = { operations: { tools: { report: { scopes: ["write"] } } } } as const;

const ANNOUNCED: [
  what: string,
  announced: boolean,
  options: Partial<PropelAuthOptions>,
  init: RequestInit,
][] = [
  ["a call", true, {}, {}],
  ["a call with operations", true, ONE_TOOL, CALL],
  ["a list with operations", false, ONE_TOOL, write("tools/list")],
  ["a call with audit", false, { audit: auditCalls({ onCall: () => {} }) }, CALL],
  ["a call from a browser", false, {}, { headers: { Origin: "https://mcp.example.com" } }],
  ["a GET stream", false, {}, { method: "GET" }],
  ["a listen", false, {}, LISTEN],
  ["a DELETE", true, {}, { method: "DELETE" }],
];

for (const [what, announced, options, init] of ANNOUNCED) {
  const does = announced ? "announces" : "does not announce";
  test(`handler() ${does} to an adapter that the response to ${what} stays as written`, async () => {
    const { auth } = createHarness(options);
    const heard: string[] = [];
    const request: Request = Object.assign(mcpRequest("token-1", init), {
      [COPY_WITHOUT]: () => request,
      [SEND_AS_WRITTEN]: () => void heard.push("announced"),
    });
    await auth.handler(() => {
      heard.push("called");
      return new Response();
    })(request);
    assert.deepEqual(heard, announced ? ["announced", "called"] : ["called"]);
  });
}
