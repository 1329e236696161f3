// A server for `deno serve`: a module whose default export has `fetch`.
// deno-lint-ignore-file no-unversioned-import
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
    content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
  }));
  return server;
});

export default { fetch: auth.handler(mcp) };
