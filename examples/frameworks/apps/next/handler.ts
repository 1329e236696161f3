// The MCP endpoint of a Next.js app. It is created with the first request: `next build` imports the
// routes too, where the environment variables need not be there.
import { createPropelAuth, type RequestHandler } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

/** The `basePath` of the app; empty in most apps. */
export const BASE_PATH: string = process.env["BASE_PATH"] ?? "";

function createHandlers(): { mcp: RequestHandler; metadata: RequestHandler } {
  const auth = createPropelAuth.fromEnv({
    mcpPath: `${BASE_PATH}/mcp`,
    operations: { tools: { write_report: ["write:reports"] } },
    onEvent: consoleEvents(),
  });
  const server = createMcpHandler(() => {
    const server = new McpServer({ name: "My protected server", version: "1.0.0" });
    server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
      content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
    }));
    server.registerTool("write_report", { description: "Writes a report" }, () => ({
      content: [{ type: "text", text: "written" }],
    }));
    return server;
  });
  // Next.js has chosen the path, and leaves the base path out of the URL that a route receives.
  return { mcp: auth.handler(server, { everyPath: true }), metadata: auth.handler(server) };
}

let created: ReturnType<typeof createHandlers> | undefined;

export function mcp(request: Request): Promise<Response> {
  created ??= createHandlers();
  return created.mcp(request);
}

export function metadata(request: Request): Promise<Response> {
  created ??= createHandlers();
  return created.metadata(request);
}
