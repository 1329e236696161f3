// A server on node:http. `toNodeHandler` of @modelcontextprotocol/node is as good an adapter.
// deno-lint-ignore-file no-console no-unversioned-import
import { createServer } from "node:http";
import process from "node:process";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { getRequestListener } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
    content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
  }));
  return server;
});

createServer(getRequestListener(auth.handler(mcp)))
  .listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
    console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
  });
