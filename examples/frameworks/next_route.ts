// Next.js, `app/mcp/route.ts`. In `app/.well-known/oauth-protected-resource/[[...path]]/route.ts`
// stands: export { GET, OPTIONS } from "../../../mcp/route";
// deno-lint-ignore-file no-unversioned-import
import { createPropelAuth, type RequestHandler } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

function createHandler(): RequestHandler {
  const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer({ name: "My protected server", version: "1.0.0" });
    server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
      content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
    }));
    return server;
  }));
}

// Created with the first request: `next build` imports the route too, where the environment variables
// need not be there.
let created: RequestHandler | undefined;

function handler(request: Request): Promise<Response> {
  created ??= createHandler();
  return created(request);
}

export { handler as DELETE, handler as GET, handler as OPTIONS, handler as POST };
