// An Express app (5 or 4) with an MCP endpoint of SDK v1; for SDK v2 see docs/frameworks.md.
// deno-lint-ignore-file no-console no-unversioned-import
import process from "node:process";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { metadataRoutes, requireAuth } from "jsr:@x/propelauth-mcp/express";
// Deno finds the types by these comments only; Node needs none of them.
// @ts-types="@types/express"
import express from "express";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/streamableHttp"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

function createMcpServer(): McpServer {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
    content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
  }));
  return server;
}

const app = express();
app.get("/", (_request, response) => void response.send("An app that was there before"));
app.use(metadataRoutes(auth));
app.all("/mcp", requireAuth(auth), express.json(), async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on("close", () => transport.close());
  await createMcpServer().connect(transport as Parameters<McpServer["connect"]>[0]);
  await transport.handleRequest(request, response, request.body);
});

app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
