// tmcp: the handler stands in front of its transport, and hands the caller on as `server.ctx.auth`.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { serve } from "@hono/node-server";
import { HttpTransport } from "@tmcp/transport-http";
import { McpServer } from "tmcp";
import { tool } from "tmcp/utils";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

const mcp = new McpServer(
  { name: "My protected server", version: "1.0.0", description: "An example" },
  { adapter: undefined, capabilities: { tools: {} } },
);
mcp.tool({ name: "whoami", description: "Tells who is calling" }, () => {
  return tool.text(auth.getAccessToken()?.subject ?? "nobody");
});
mcp.tool({ name: "write_report", description: "Writes a report" }, () => tool.text("written"));

const transport = new HttpTransport(mcp, { path: "/mcp" });
const handler = auth.handler(async (request) => {
  return await transport.respond(request) ?? new Response(null, { status: 404 });
});
const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: handler, hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
