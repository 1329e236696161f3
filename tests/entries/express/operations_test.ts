import assert from "node:assert/strict";
import { request as sendRequest } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
// @ts-types="@types/compression"
import compression from "compression";
// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/streamableHttp"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { requireAuth } from "../../../src/entries/express/mod.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { listen, sendTo } from "../../support/node_server.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../../support/harness.ts";
import { createKeyHarness, inactive } from "../api_keys/harness.ts";

// tests/behaviour/operations tests the policy; here, no way through Express leads past it.

const OPTIONS: Partial<PropelAuthOptions> = {
  operations: { tools: { look: ["read"], purge: ["admin"] } },
};
const text = (text: string) => ({ content: [{ type: "text" as const, text }] });
let purged = 0;
const TOOLS = { look: () => text("seen"), purge: () => text(`purged ${++purged}`) };

const SERVERS: Record<string, () => express5.RequestHandler> = {
  "SDK v1": () => async (request, response) => {
    const server = new McpServerV1({ name: "v1", version: "1.0.0" });
    for (const [name, tool] of Object.entries(TOOLS)) server.registerTool(name, {}, tool);
    const transport = new StreamableHTTPServerTransport({});
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    await transport.handleRequest(request, response, request.body);
  },
  "SDK v2": () => {
    const handler = toNodeHandler(createMcpHandler(() => {
      const server = new McpServerV2({ name: "v2", version: "1.0.0" });
      for (const [name, tool] of Object.entries(TOOLS)) server.registerTool(name, {}, tool);
      return server;
    }));
    return (request, response) => handler(request, response, request.body);
  },
};

type Arrange = (
  express: typeof express5,
  guard: express5.RequestHandler,
) => express5.RequestHandler[];

const PARSERS: Record<string, Arrange> = {
  "no parser": (_express, guard) => [guard],
  "a parser before": (express, guard) => [express.json(), guard],
  "a parser behind": (express, guard) => [guard, express.json()],
  "a text parser before": (express, guard) => [express.text({ type: "*/*" }), guard],
  "compression before": (_express, guard) => [compression({ threshold: 0 }), guard],
  "compression behind": (_express, guard) => [guard, compression({ threshold: 0 })],
};

const HEADERS = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream",
  "Accept-Encoding": "gzip",
  "MCP-Protocol-Version": "2025-11-25",
};

/** A call as SDK clients send it. */
function call(method: string, params: object, headers: HeadersInit = {}): Request {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  return mcpRequest("token-1", { headers: { ...HEADERS, ...headers }, body });
}

for (const [major, express] of [["Express 5", express5], ["Express 4", express4]] as const) {
  for (const [sdk, createMcp] of Object.entries(SERVERS)) {
    for (const [parser, arrange] of Object.entries(PARSERS)) {
      test(`requireAuth() keeps to the policy: ${major}, ${sdk}, ${parser}`, async () => {
        const { auth } = createHarness(OPTIONS);
        const app = express();
        app.all("/mcp", ...arrange(express, requireAuth(auth)), createMcp());
        const send = (request: Request) => sendTo(app, request);
        const before = purged;
        const refused = await send(call("tools/call", { name: "purge", arguments: {} }));
        assert.equal(refused.status, 403);
        assert.match(refused.headers.get("WWW-Authenticate") ?? "", /scope="admin", error="insuf/);
        assert.equal(purged, before);
        const passed = await send(call("tools/call", { name: "look", arguments: {} }));
        assert.match(await passed.text(), /"text":"seen"/);
        const listed = await (await send(call("tools/list", {}))).text();
        assert.match(listed, /"look"/);
        assert.doesNotMatch(listed, /purge/);
      });
    }
  }

  const CALL = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "purge" },
  });

  const HOSTILE: [what: string, headers: Record<string, string>, arrange: Arrange][] = [
    ["another type", { "Content-Type": "text/plain" }, (_express, guard) => [guard]],
    ["another type, with a parser before", { "Content-Type": "text/plain" }, (express, guard) => [
      express.json(),
      guard,
    ]],
    ["a compressed body", { "Content-Encoding": "gzip" }, (express, guard) => [
      guard,
      express.json(),
    ]],
    ["a body that a middleware keeps for itself", {}, (_express, guard) => [
      async (request, _response, next) => {
        let raw = "";
        for await (const part of request) raw += part;
        Reflect.set(request, "rawBody", raw);
        next();
      },
      guard,
    ]],
    ["a form", { "Content-Type": "application/x-www-form-urlencoded" }, (express, guard) => [
      express.urlencoded({ extended: true }),
      guard,
    ]],
  ];

  for (const [what, headers, arrange] of HOSTILE) {
    for (const chunked of [false, true]) {
      test(`requireAuth() lets no call past the policy: ${major}, ${what}, chunked ${chunked}`, async () => {
        const { auth } = createHarness(OPTIONS);
        const app = express();
        let reached = "";
        app.all("/mcp", ...arrange(express, requireAuth(auth)), (request, response) => {
          reached = JSON.stringify(request.body);
          response.end();
        });
        const server = await listen(app);
        const outgoing = sendRequest(`${server.origin}/mcp`, {
          method: "POST",
          headers: {
            ...HEADERS,
            Authorization: "Bearer token-1",
            ...headers,
            ...(!chunked && { "Content-Length": String(CALL.length) }),
          },
        });
        outgoing.end(CALL);
        const [incoming] = await once(outgoing, "response");
        incoming.resume();
        // A form is no call, neither here nor behind.
        if (what === "a form") assert.doesNotMatch(reached, /^{"jsonrpc"/);
        else {
          assert([400, 403, 415].includes(incoming.statusCode), String(incoming.statusCode));
          assert.equal(reached, "");
        }
        await server.close();
      });
    }
  }

  test(`requireAuth() leaves a session's end, which has no body, alone: ${major}`, async () => {
    for (const parsers of [[], [express.json()]]) {
      const { auth } = createHarness(OPTIONS);
      const app = express();
      app.all("/mcp", ...parsers, requireAuth(auth), (request, response) => {
        response.send(request.method);
      });
      const response = await sendTo(app, mcpRequest("token-1", { method: "DELETE" }));
      assert.equal(await response.text(), "DELETE");
    }
  });

  test(`requireAuth() refuses a body that is too large, and answers: ${major}`, async () => {
    const { auth } = createHarness(OPTIONS);
    const app = express();
    app.all("/mcp", requireAuth(auth), (_request, response) => void response.send("reached"));
    const large = `"${"x".repeat(4 * 1024 * 1024)}"`;
    const response = await sendTo(app, mcpRequest("token-1", { headers: HEADERS, body: large }));
    assert.equal(response.status, 413);
  });

  test(`requireAuth() answers 400 to a body that is not JSON: ${major}`, async () => {
    const { auth } = createHarness(OPTIONS);
    const app = express();
    app.all("/mcp", requireAuth(auth), (_request, response) => void response.send("reached"));
    const response = await sendTo(app, mcpRequest("token-1", { headers: HEADERS, body: "{no" }));
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.code, -32700);
  });
}

test("requireAuth() takes the challenge from an answer to an API key, not from one to a token", async () => {
  const harness = createKeyHarness();
  harness.token = (token) => token.startsWith("key") ? inactive() : json(ACTIVE);
  const app = express5();
  app.use(requireAuth(harness.auth), (_request, response) => {
    response.status(403).set("WWW-Authenticate", 'Bearer error="insufficient_scope"').end();
  });
  const challenges = [];
  for (const credential of ["key-1", "token-1"]) {
    const response = await sendTo(app, mcpRequest(credential));
    challenges.push([response.status, response.headers.get("WWW-Authenticate")]);
  }
  assert.deepEqual(challenges, [[403, null], [403, 'Bearer error="insufficient_scope"']]);
});
