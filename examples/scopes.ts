// A server with one policy for scopes: a call that lacks a scope is answered 403 with a challenge, and
// the client asks the user for more scopes. Try it: `deno task dev --scopes`.
// deno-lint-ignore-file no-console no-unversioned-import
import { createPropelAuth, type PropelAuth, type PropelAuthOptions } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

/** No scope is required for every request; each operation names the scopes that it needs. */
export const SCOPES = {
  scopesSupported: ["read:reports", "write:reports", "admin:org"],
  // A token with write:reports may also read; one with admin:org may do both.
  scopeHierarchy: { "admin:org": ["write:reports"], "write:reports": ["read:reports"] },
  operations: {
    tools: {
      list_reports: ["read:reports"],
      // Listed for everybody, so that a client can ask for the scope; the other tools are listed for
      // callers who may use them.
      add_report: { scopes: ["write:reports"], listed: "always" },
      // PropelAuth is asked again for this call, whatever is cached.
      purge_reports: { scopes: ["admin:org"], fresh: true },
    },
  },
} satisfies Partial<PropelAuthOptions>;

const reports = new Map<string | undefined, string[]>();

/** The server as a function, for `Deno.serve` here and for `toNodeHandler` on Node. */
export function createServer(auth: PropelAuth): (request: Request) => Promise<Response> {
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer({ name: "Reports", version: "1.0.0" });
    const own = () => reports.get(auth.getAccessToken()?.subject) ?? [];
    server.registerTool("list_reports", { description: "Lists your reports" }, () => {
      return say(own().join("\n") || "none");
    });
    const inputSchema = z.object({ title: z.string() });
    server.registerTool("add_report", { description: "Adds a report", inputSchema }, (input) => {
      reports.set(auth.getAccessToken()?.subject, [...own(), input.title]);
      return say(`Added ${input.title}`);
    });
    server.registerTool("purge_reports", { description: "Deletes all reports" }, () => {
      // The policy covers scopes; the tool itself checks anything else, such as a role.
      auth.requireRole("Owner", "Admin");
      reports.clear();
      return say("Deleted");
    });
    return server;
  }));
}

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

if (import.meta.main) {
  try {
    const auth = createPropelAuth.fromEnv({ ...SCOPES, onEvent: consoleEvents() });
    const { protocol, port } = new URL(auth.resourceMetadata.resource);
    const behindTunnel = protocol === "https:";
    const own = { hostname: "127.0.0.1", port: behindTunnel ? 8000 : Number(port) || 80 };
    Deno.serve(own, createServer(auth));
    console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
  } catch (error) {
    const hint = "Fill in .env, as .env.example shows. Without an account: deno task dev --scopes";
    console.error(error instanceof TypeError ? `${error.message}\n${hint}` : String(error));
    Deno.exit(1);
  }
}
