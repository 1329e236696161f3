// mcp-use: the handler stands in front of the server's `fetch`. With its own `oauthCustomProvider` an
// outage would be answered 500, and the scopes of single tools would not count.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { serve } from "@hono/node-server";
import { MCPServer } from "mcp-use";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

const mcp = new MCPServer({ name: "My protected server", version: "1.0.0" });
mcp.tool({ name: "whoami", description: "Tells who is calling" }, async () => ({
  content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
}));
mcp.tool({ name: "write_report", description: "Writes a report" }, async () => ({
  content: [{ type: "text", text: "written" }],
}));

const handler = auth.handler((request) => mcp.fetch(request), {
  // The other routes of the app, for everybody.
  fallback: (request) => mcp.fetch(request),
});
const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: handler, hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
