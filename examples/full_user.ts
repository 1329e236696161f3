// The full user inside a tool: introspection gives the user id, PropelAuth's own SDK fetches the rest.
// deno-lint-ignore-file no-console no-unversioned-import
import process from "node:process";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { serve } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { initBaseAuth, RateLimitedException, type UserMetadata } from "@propelauth/node";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });
const { PROPELAUTH_AUTH_URL: authUrl = "", PROPELAUTH_API_KEY: apiKey = "" } = process.env;
if (apiKey === "") {
  console.error("PROPELAUTH_API_KEY is missing (PropelAuth dashboard > Backend Integration)");
  process.exit(1);
}
// Without the public key the SDK fetches it now, and ends the process if that fails.
const { PROPELAUTH_VERIFIER_KEY: verifierKey } = process.env;
const manualTokenVerificationMetadata = verifierKey && { verifierKey, issuer: authUrl };
const propelAuth = initBaseAuth({
  authUrl,
  apiKey,
  ...(manualTokenVerificationMetadata && { manualTokenVerificationMetadata }),
});

/** Fetches the user at each call, so that organizations and roles are current. */
async function fetchCaller(): Promise<UserMetadata> {
  const { subject } = auth.getAccessToken() ?? {};
  if (subject === undefined) throw new Error("This token stands for no user");
  const user = await propelAuth.fetchUserMetadataByUserId(subject, true).catch((error) => {
    throw new Error(explain(error));
  });
  if (!user?.enabled || user.locked) throw new Error("This user may not act any more");
  return user;
}

function explain(error: unknown): string {
  if (error instanceof RateLimitedException) {
    return "PropelAuth is asked too often; try again later";
  }
  // The SDK has no error class for a wrong API key.
  const isKey = error instanceof Error && /ApiKey is incorrect/.test(error.message);
  if (!isKey) return "PropelAuth cannot tell who this is now; try again later";
  console.error("PropelAuth refuses PROPELAUTH_API_KEY: is it of the environment of the Auth URL?");
  return "PropelAuth refuses the API key of this server; its operator has to act";
}

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "Server that knows its users", version: "1.0.0" });
  server.registerTool("profile", { description: "The caller, with organizations" }, async () => {
    const { email, firstName, orgIdToOrgInfo = {} } = await fetchCaller();
    const organizations = Object.values(orgIdToOrgInfo).map((org) => ({
      name: org.orgName,
      role: org.assignedRole,
      mayInvite: org.hasPermission("can_invite"),
    }));
    const text = JSON.stringify({ email, firstName, organizations });
    return { content: [{ type: "text", text }] };
  });
  return server;
});

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: auth.handler(mcp), hostname: "127.0.0.1", port }, () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
