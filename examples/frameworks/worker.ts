// A Cloudflare Worker, with `compatibility_flags = ["nodejs_compat"]`: its settings come with the
// first request.
// deno-lint-ignore-file no-unversioned-import
import { createPropelAuth, type PropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

/** Its variables and secrets. */
export interface Env {
  PROPELAUTH_AUTH_URL: string;
  PROPELAUTH_INTROSPECTION_CLIENT_ID: string;
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: string;
  SERVER_URL: string;
}

function createHandler(env: Env) {
  const auth: PropelAuth = createPropelAuth({
    authUrl: env.PROPELAUTH_AUTH_URL,
    introspectionClientId: env.PROPELAUTH_INTROSPECTION_CLIENT_ID,
    introspectionClientSecret: env.PROPELAUTH_INTROSPECTION_CLIENT_SECRET,
    baseUrl: env.SERVER_URL,
    onEvent: consoleEvents(),
  });
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer({ name: "My protected server", version: "1.0.0" });
    server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
      content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
    }));
    return server;
  }));
}

let handler: ReturnType<typeof createHandler> | undefined;

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    handler ??= createHandler(env);
    return handler(request);
  },
};
