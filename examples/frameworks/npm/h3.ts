// h3 2, on which Nitro 3 builds.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { H3, serve } from "h3";

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

const app = new H3();
app.get("/", () => "An app that was there before");
for (const path of ["/mcp", "/.well-known/**"]) app.all(path, (event) => handler(event.req));

const port = Number(process.env["PORT"] ?? 8000);
await serve(app, { hostname: "127.0.0.1", port, silent: true }).ready();
console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
