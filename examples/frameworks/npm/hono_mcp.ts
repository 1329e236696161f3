// @hono/mcp: the handler stands in front of its transport, which reads the caller from `auth`.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { StreamableHTTPTransport } from "@hono/mcp";
import { serve } from "@hono/node-server";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { type Context, Hono } from "hono";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

function createMcpServer(): McpServer {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, ({ authInfo }) => ({
    content: [{ type: "text", text: auth.getAccessToken(authInfo)?.subject ?? "nobody" }],
  }));
  server.registerTool("write_report", { description: "Writes a report" }, () => ({
    content: [{ type: "text", text: "written" }],
  }));
  return server;
}

/** The MCP endpoint as an app of its own, whose request is the one that the gate admitted. */
const mcp = new Hono<{ Bindings: { authInfo: unknown } }>();
mcp.all("*", async (context: Context) => {
  // Without this line tools have no `authInfo`.
  context.set("auth", context.env.authInfo);
  const transport = new StreamableHTTPTransport();
  await createMcpServer().connect(transport);
  return await transport.handleRequest(context) ?? context.body(null, 202);
});

const handler = auth.handler((request, { authInfo }) => mcp.fetch(request, { authInfo }));
const app = new Hono();
app.get("/", (context) => context.text("An app that was there before"));
app.all("/mcp", (context) => handler(context.req.raw));
app.all("/.well-known/*", (context) => handler(context.req.raw));

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
