// The server of server.ts on SDK v1: a new server and a new transport for each request.
// deno-lint-ignore-file no-console no-unversioned-import
import { createPropelAuth, type PropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
// Deno finds SDK v1's types only by these comments; without them everything is `any`.
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { z } from "zod";

/** The server as a function, for `Deno.serve` here and for `toNodeHandler` on Node. */
export function createServer(auth: PropelAuth): (request: Request) => Promise<Response> {
  const server = () => {
    const mcp = new McpServer({ name: "My PropelAuth Protected Server", version: "1.0.0" });
    mcp.registerTool("whoami", { description: "Tells who is calling" }, () => {
      const { subject, clientId, scopes, claims } = auth.getAccessToken() ?? {};
      return say(JSON.stringify({ user: subject, email: claims?.email, client: clientId, scopes }));
    });
    const inputSchema = { message: z.string() };
    mcp.registerTool("echo", { description: "Repeats a message", inputSchema }, (input) => {
      return say(input.message);
    });
    return mcp;
  };
  const transport = () => new WebStandardStreamableHTTPServerTransport();
  return auth.handler({ server, transport });
}

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

if (import.meta.main) {
  try {
    const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });
    const { protocol, hostname, port } = new URL(auth.resourceMetadata.resource);
    const own = { hostname, port: Number(port) || 80 };
    const behindTunnel = { hostname: "127.0.0.1", port: 8000 };
    Deno.serve(protocol === "https:" ? behindTunnel : own, createServer(auth));
    console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
  } catch (error) {
    const hint = "Fill in .env, as .env.example shows. Without an account: deno task dev";
    console.error(error instanceof TypeError ? `${error.message}\n${hint}` : String(error));
    Deno.exit(1);
  }
}
