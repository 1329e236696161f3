// FastMCP (TypeScript), the variant for edge runtimes, on Node: the handler stands in front of it.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { serve } from "@hono/node-server";
import { EdgeFastMCP } from "fastmcp/edge";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

const mcp = new EdgeFastMCP({ name: "My protected server", version: "1.0.0" });
mcp.addTool({
  name: "whoami",
  description: "Tells who is calling",
  execute: async () => auth.getAccessToken()?.subject ?? "nobody",
});
mcp.addTool({
  name: "write_report",
  description: "Writes a report",
  execute: async () => "written",
});

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: auth.handler(mcp), hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
