// mcp-framework with its own server and its hook `AuthProvider`, for callers that bring a token of
// their own: it sends no challenge, so that no client finds the login. See mcp_framework.ts.
import type { IncomingMessage } from "node:http";
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { authenticate } from "@x/propelauth-mcp/node";
import { type AuthProvider, getRequestContext, MCPServer, MCPTool } from "mcp-framework";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

const provider: AuthProvider = {
  async authenticate(request: IncomingMessage) {
    try {
      return await authenticate(auth, request, ({ subject }) => ({ data: { subject } }));
    } catch (refusal) {
      // The framework answers `false` with 401, and an error with 500. Only a refused token is a 401:
      // at an outage the client has to keep its token.
      if (refusal instanceof Response && refusal.status === 401) return false;
      throw refusal instanceof Response ? new Error(await refusal.text()) : refusal;
    }
  },
};

class Whoami extends MCPTool {
  name = "whoami";
  description = "Tells who is calling";
  schema = {};
  execute = async () => String(getRequestContext()?.["subject"] ?? "nobody");
}

const mcp = new MCPServer({
  name: "My protected server",
  version: "1.0.0",
  transport: {
    type: "http-stream",
    options: { port: Number(process.env["PORT"] ?? 8000), endpoint: "/mcp", auth: { provider } },
  },
});
mcp.addTool(Whoami);
await mcp.start();
