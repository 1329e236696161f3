// One MCP endpoint for people and for programs without a user: people log in, a build server sends an
// API key of PropelAuth. Try it: `deno task dev --machines`.
// deno-lint-ignore-file no-console no-unversioned-import
import { createPropelAuth, type PropelAuth, type PropelAuthOptions } from "jsr:@x/propelauth-mcp";
import { apiKeys, type ApiKeysOptions } from "jsr:@x/propelauth-mcp/api-keys";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

/** The scopes that each tool needs, of people and programs alike. */
export const POLICY = {
  scopesSupported: ["read:reports", "write:reports"],
  operations: {
    tools: {
      list_reports: ["read:reports"],
      // Listed for everybody, so that a person's client can ask for the scope.
      add_report: { scopes: ["write:reports"], listed: "always" },
      whoami: [],
    },
  },
} satisfies Partial<PropelAuthOptions>;

/** The scopes of an API key: PropelAuth gives keys none, so the server decides. */
export const API_KEYS = {
  // A generic key has no owner, so no one could own its reports.
  kinds: ["personal", "organization"],
  // The key of an organization may do what the role of its maker may do.
  scopes: ({ orgRole }) =>
    orgRole === "Owner" || orgRole === "Admin"
      ? ["read:reports", "write:reports"]
      : ["read:reports"],
} satisfies Partial<ApiKeysOptions>;

const reports = new Map<string | undefined, string[]>();

/** The server as a function, for `Deno.serve` here and for `toNodeHandler` on Node. */
export function createServer(auth: PropelAuth): (request: Request) => Promise<Response> {
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer({ name: "Reports", version: "1.0.0" });
    // An organization's people and its build server share the organization's reports.
    const owner = () => auth.getAccessToken()?.orgId ?? auth.getAccessToken()?.subject;
    const own = () => reports.get(owner()) ?? [];
    server.registerTool("list_reports", { description: "Lists the reports" }, () => {
      return say(own().join("\n") || "none");
    });
    const inputSchema = z.object({ title: z.string() });
    server.registerTool("add_report", { description: "Adds a report", inputSchema }, (input) => {
      reports.set(owner(), [...own(), input.title]);
      return say(`Added ${input.title}`);
    });
    server.registerTool("whoami", { description: "Tells who is calling" }, () => {
      const { subject, orgId, scopes, claims, apiKey } = auth.getAccessToken() ?? {};
      const email = claims?.email;
      return say(JSON.stringify({ user: subject, email, orgId, scopes, key: apiKey?.kind }));
    });
    return server;
  }));
}

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

if (import.meta.main) {
  try {
    // The key of the backend API is in the environment variable PROPELAUTH_API_KEY.
    const auth = createPropelAuth.fromEnv({
      ...POLICY,
      apiKeys: apiKeys(API_KEYS),
      onEvent: consoleEvents(),
    });
    const { protocol, port } = new URL(auth.resourceMetadata.resource);
    const behindTunnel = protocol === "https:";
    const own = { hostname: "127.0.0.1", port: behindTunnel ? 8000 : Number(port) || 80 };
    Deno.serve(own, createServer(auth));
    console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
  } catch (error) {
    const hint =
      "Fill in .env, as .env.example shows. Without an account: deno task dev --machines";
    console.error(error instanceof TypeError ? `${error.message}\n${hint}` : String(error));
    Deno.exit(1);
  }
}
