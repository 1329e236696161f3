import assert from "node:assert/strict";
import { test } from "node:test";
// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/sse"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { requireAuth } from "../../../src/entries/express/mod.ts";
import { ACTIVE, createHarness, json } from "../../support/harness.ts";
import { listen } from "../../support/node_server.ts";

const MAJORS: Record<string, typeof express5> = { "Express 5": express5, "Express 4": express4 };
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2024-11-05",
    capabilities: {},
    clientInfo: { name: "c", version: "1.0.0" },
  },
};

for (const [major, express] of Object.entries(MAJORS)) {
  test(`requireAuth() keeps an HTTP+SSE session of the SDK to its caller: ${major}`, async () => {
    const events: string[] = [];
    const { auth } = createHarness(
      { onEvent: ({ code }) => events.push(code) },
      (token) => json({ ...ACTIVE, sub: `of-${token}` }),
    );
    const transports = new Map<unknown, SSEServerTransport>();
    const app = express();
    app.get("/sse", requireAuth(auth), async (_request, response) => {
      const transport = new SSEServerTransport("/messages", response);
      transports.set(transport.sessionId, transport);
      await new McpServer({ name: "s", version: "1.0.0" }).connect(transport);
    });
    app.post("/messages", requireAuth(auth), (request, response) => {
      const transport = transports.get(request.query["sessionId"]) ?? assert.fail();
      return transport.handlePostMessage(request, response);
    });
    const server = await listen(app);
    try {
      const headers = (token: string) => ({ "Authorization": `Bearer ${token}` });
      const stream = await fetch(`${server.origin}/sse`, { headers: headers("a") });
      const reader = stream.body?.getReader() ?? assert.fail();
      const read = async () => new TextDecoder().decode((await reader.read()).value);
      const path = /data: (.*)/.exec(await read())?.[1] ?? assert.fail();
      assert.match(path, /^\/messages\?sessionId=./);
      const post = async (token: string) => {
        const response = await fetch(`${server.origin}${path}`, {
          method: "POST",
          headers: { ...headers(token), "Content-Type": "application/json" },
          body: JSON.stringify(INITIALIZE),
        });
        await response.text();
        return response.status;
      };
      assert.equal(await post("b"), 404);
      assert.equal(await post("a"), 202);
      assert.match(await read(), /"serverInfo"/);
      assert.equal(events.filter((code) => code === "session_refused").length, 1);
      await reader.cancel();
    } finally {
      await server.close();
    }
  });
}
