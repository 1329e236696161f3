// The MCP endpoint of a SvelteKit app. It is created with the first request: `vite build` imports the
// routes too, where the environment variables need not be there.
import { createPropelAuth, type RequestHandler } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

function createHandler(): RequestHandler {
  const auth = createPropelAuth.fromEnv({
    operations: { tools: { write_report: ["write:reports"] } },
    onEvent: consoleEvents(),
  });
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer({ name: "My protected server", version: "1.0.0" });
    server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
      content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
    }));
    server.registerTool("write_report", { description: "Writes a report" }, () => ({
      content: [{ type: "text", text: "written" }],
    }));
    return server;
  }));
}

let created: RequestHandler | undefined;

export function handler({ request }: { request: Request }): Promise<Response> {
  created ??= createHandler();
  return created(request);
}
