// FastMCP (TypeScript) with its own server, and its hook `authenticate`. The hook sees no call, so
// each tool names the scopes that it needs in `canAccess`: without them it is not listed, and a call
// fails without a challenge.
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { authenticate } from "@x/propelauth-mcp/node";
import { FastMCP } from "fastmcp";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

const mcp = new FastMCP({
  name: "My protected server",
  version: "1.0.0",
  authenticate: (request) =>
    authenticate(auth, request, ({ subject, scopes }) => ({ subject, scopes })),
});
const metadata = auth.handler(() => new Response(null, { status: 404 }));
mcp.getApp().all("/.well-known/*", (context) => metadata(context.req.raw));
mcp.addTool({
  name: "whoami",
  description: "Tells who is calling",
  execute: async (_input, { session }) => session?.subject ?? "nobody",
});
mcp.addTool({
  name: "write_report",
  description: "Writes a report",
  canAccess: ({ scopes }) => scopes.includes("write:reports"),
  execute: async () => "written",
});

await mcp.start({
  transportType: "httpStream",
  httpStream: { host: "127.0.0.1", port: Number(process.env["PORT"] ?? 8000) },
});
console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
