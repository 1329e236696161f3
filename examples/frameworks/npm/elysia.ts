// Elysia on Bun. `parse: "none"` leaves the body to the handler.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { Elysia } from "elysia";

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

const app = new Elysia().get("/", () => "An app that was there before");
for (const path of ["/mcp", "/.well-known/*"]) {
  app.all(path, ({ request }) => handler(request), { parse: "none" });
}
app.listen({ hostname: "127.0.0.1", port: Number(process.env["PORT"] ?? 8000) });
console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
