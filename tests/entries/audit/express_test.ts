import assert from "node:assert/strict";
import { request as sendRequest } from "node:http";
import { after, test } from "node:test";
// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
import { Client as ClientV2, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/index"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/sse"
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as ClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/sse"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/streamableHttp"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { requireAuth } from "../../../src/entries/express/mod.ts";
import type { PropelAuth } from "../../../src/propel_auth.ts";
import { listen } from "../../support/node_server.ts";
import { createAudited, short, toolCall } from "./harness.ts";

const MAJORS: Record<string, typeof express5> = { "Express 5": express5, "Express 4": express4 };
const INFO = { name: "audited", version: "1.0.0" };
const CREDENTIALS = { requestInit: { headers: { Authorization: "Bearer token-1" } } };

async function serve(app: express5.Express): Promise<string> {
  const server = await listen(app);
  after(server.close);
  return server.origin;
}

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** Tools: one answers, one fails, one refuses its caller. */
function createV1(auth: PropelAuth): McpServerV1 {
  const server = new McpServerV1(INFO);
  server.registerTool("hello", {}, () => say("hello"));
  server.registerTool("fail", {}, () => {
    throw new Error("broken");
  });
  server.registerTool("refuse", {}, () => say(auth.requireScopes("admin").clientId));
  return server;
}

const SERVERS: Record<string, (auth: PropelAuth) => express5.RequestHandler> = {
  "SDK v1": (auth) => async (request, response) => {
    const transport = new StreamableHTTPServerTransport({});
    const server = createV1(auth);
    // The SDK's own types disagree with exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    await transport.handleRequest(request, response, request.body);
  },
  "SDK v2": (auth) => {
    const handler = toNodeHandler(createMcpHandler(() => {
      const server = new McpServerV2(INFO);
      server.registerTool("hello", {}, () => say("hello"));
      server.registerTool("fail", {}, () => {
        throw new Error("broken");
      });
      server.registerTool(
        "refuse",
        { scopeChallenge: auth.scopeChallenge("admin") },
        () => say(""),
      );
      return server;
    }));
    return (request, response) => handler(request, response, request.body);
  },
};

/** What an MCP server has written of its answer when the client leaves. */
const BEGUN: [how: string, type: string, begun: string][] = [
  ["JSON", "application/json", ""],
  ["JSON that has begun", "application/json", '{"jsonrpc":'],
  ["an event stream", "text/event-stream", ": \n\n"],
];

/** Calls the three tools, and one that does not exist. */
async function call(one: { callTool(named: { name: string }): Promise<unknown> }): Promise<void> {
  for (const name of ["hello", "fail", "refuse", "unknown"]) {
    await one.callTool({ name }).catch(() => {});
  }
}

for (const [major, express] of Object.entries(MAJORS)) {
  for (const [sdk, createMcp] of Object.entries(SERVERS)) {
    test(`auditCalls() records the calls of clients of both SDKs: ${major}, ${sdk}`, async () => {
      const { auth, events } = createAudited();
      const app = express();
      app.all("/mcp", requireAuth(auth), createMcp(auth));
      const url = new URL("/mcp", await serve(app));
      const v1 = new ClientV1(INFO);
      const transport = new ClientTransportV1(url, CREDENTIALS);
      await v1.connect(transport as Parameters<typeof v1.connect>[0]);
      const v2 = new ClientV2(INFO, { versionNegotiation: { mode: "auto" } });
      await v2.connect(new StreamableHTTPClientTransport(url, CREDENTIALS));
      await call(v1);
      const recorded = events.filter(({ method }) => method === "tools/call");
      assert.deepEqual(
        recorded.map((event) => [event.name, event.outcome]),
        [
          ["hello", "ok"],
          ["fail", "tool_error"],
          ["refuse", "refused"],
          ["unknown", sdk === "SDK v1" ? "tool_error" : "error"],
        ],
      );
      await call(v2);
      const names = events.filter(({ method }) => method === "tools/call").map(({ name }) => name);
      assert.equal(names.length, 8);
      await Promise.all([v1.close(), v2.close()]);
    });
  }

  test(`auditCalls() records the calls of SDK v1's client over HTTP+SSE: ${major}`, async () => {
    const { auth, events } = createAudited();
    const app = express();
    const transports = new Map<unknown, SSEServerTransport>();
    app.get("/mcp", requireAuth(auth), async (_request, response) => {
      const transport = new SSEServerTransport("/messages", response);
      transports.set(transport.sessionId, transport);
      await createV1(auth).connect(transport);
    });
    app.post("/messages", requireAuth(auth), async (request, response) => {
      await transports.get(request.query["sessionId"])
        ?.handlePostMessage(request, response, request.body);
    });
    const client = new ClientV1(INFO);
    const transport = new SSEClientTransport(new URL("/mcp", await serve(app)), CREDENTIALS);
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    await call(client);
    const [session] = transports.keys();
    assert.deepEqual(
      events.map(({ method, name, outcome, sessionId }) => [
        method,
        name,
        outcome,
        sessionId === session,
      ]),
      [
        ["initialize", undefined, "ok", true],
        ["notifications/initialized", undefined, "ok", true],
        ["tools/call", "hello", "ok", true],
        ["tools/call", "fail", "tool_error", true],
        ["tools/call", "refuse", "refused", true],
        ["tools/call", "unknown", "tool_error", true],
      ],
    );
    await client.close();
  });

  for (const [how, type, begun] of BEGUN) {
    test(`auditCalls() records a client that leaves before its answer in ${how}: ${major}`, async () => {
      let onEnd = (): void => {};
      const ended = new Promise<void>((resolve) => onEnd = resolve);
      const { auth, events } = createAudited();
      const app = express();
      let leave = (): void => {};
      app.all("/mcp", requireAuth(auth), (_request, response) => {
        response.once("close", () => setImmediate(onEnd));
        if (begun !== "") response.writeHead(200, { "Content-Type": type }).write(begun);
        setImmediate(leave);
      });
      const outgoing = sendRequest(`${await serve(app)}/mcp`, {
        method: "POST",
        headers: { "Authorization": "Bearer token-1", "Content-Type": "application/json" },
      });
      outgoing.on("error", () => {});
      outgoing.once("response", (incoming) => incoming.resume().once("data", () => leave()));
      leave = () => void outgoing.destroy();
      outgoing.end(JSON.stringify(toolCall("add")));
      await ended;
      for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
      assert.deepEqual(events.map(short), [["tools/call", "add", 1, "cancelled"]]);
    });
  }
}
