// A Cloudflare Worker with `createMcpHandler` of `agents`, with `compatibility_flags = ["nodejs_compat"]`.
import { createPropelAuth, type RequestHandler } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";

/** Its variables and secrets. */
interface Env {
  PROPELAUTH_AUTH_URL: string;
  PROPELAUTH_INTROSPECTION_CLIENT_ID: string;
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: string;
  SERVER_URL: string;
}

function createHandler(env: Env): RequestHandler {
  const auth = createPropelAuth({
    authUrl: env.PROPELAUTH_AUTH_URL,
    introspectionClientId: env.PROPELAUTH_INTROSPECTION_CLIENT_ID,
    introspectionClientSecret: env.PROPELAUTH_INTROSPECTION_CLIENT_SECRET,
    baseUrl: env.SERVER_URL,
    operations: { tools: { write_report: ["write:reports"] } },
    onEvent: consoleEvents(),
  });
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: "My protected server", version: "1.0.0" });
    server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
      content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
    }));
    server.registerTool("write_report", { description: "Writes a report" }, () => ({
      content: [{ type: "text", text: "written" }],
    }));
    return server;
  }, {
    // The gate does both: by default `agents` refuses pages of other hosts than localhost.
    allowedOriginHostnames: "*",
    corsOptions: false,
  });
  return auth.handler(mcp);
}

let handler: RequestHandler | undefined;

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    handler ??= createHandler(env);
    return handler(request);
  },
};
