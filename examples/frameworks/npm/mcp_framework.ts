// mcp-framework: the handler stands in front of its `handleRequest`. Its own `AuthProvider` sends no
// challenge, so that no client would find the login.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { serve } from "@hono/node-server";
import { MCPServer, MCPTool } from "mcp-framework";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

class Whoami extends MCPTool {
  name = "whoami";
  description = "Tells who is calling";
  schema = {};
  execute = async () => auth.getAccessToken()?.subject ?? "nobody";
}

class WriteReport extends MCPTool {
  name = "write_report";
  description = "Writes a report";
  schema = {};
  execute = async () => "written";
}

const mcp = new MCPServer({ name: "My protected server", version: "1.0.0" });
for (const tool of [Whoami, WriteReport]) mcp.addTool(tool);

const handler = auth.handler((request) => mcp.handleRequest(request));
const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: handler, hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
