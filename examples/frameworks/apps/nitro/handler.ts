// The MCP endpoint of a Nitro 3 server.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { defineHandler } from "nitro/h3";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

const handler = auth.handler(createMcpHandler(() => {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
    content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
  }));
  server.registerTool("write_report", { description: "Writes a report" }, () => ({
    content: [{ type: "text", text: "written" }],
  }));
  return server;
}));

export default defineHandler((event) => handler(event.req));
