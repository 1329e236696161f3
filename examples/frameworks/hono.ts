// A Hono app with an MCP endpoint. On Deno its own `serve` takes the place of this one.
// deno-lint-ignore-file no-console no-unversioned-import
import process from "node:process";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { serve } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { Hono } from "hono";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
    content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
  }));
  return server;
});

const handler = auth.handler(mcp);
const app = new Hono();
app.get("/", (context) => context.text("An app that was there before"));
app.all("/mcp", (context) => handler(context.req.raw));
app.all("/.well-known/*", (context) => handler(context.req.raw));

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
