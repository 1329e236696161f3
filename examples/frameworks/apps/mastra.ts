// The MCP server of Mastra. It serves the protocol of 2026-07-28 alone: clients of older revisions
// are refused.
import { createTool } from "@mastra/core/tools";
import { MCPServer } from "@mastra/mcp";
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { metadataRoutes, requireAuth } from "@x/propelauth-mcp/express";
import express from "express";
import { z } from "zod";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

const inputSchema = z.object({});
const mcp = new MCPServer({
  id: "mine",
  name: "My protected server",
  version: "1.0.0",
  tools: {
    whoami: createTool({
      id: "whoami",
      description: "Tells who is calling",
      inputSchema,
      execute: async () => auth.getAccessToken()?.subject ?? "nobody",
    }),
    write_report: createTool({
      id: "write_report",
      description: "Writes a report",
      inputSchema,
      execute: async () => "written",
    }),
  },
});

const app = express();
app.use(metadataRoutes(auth));
// No body parser before `startHTTP`, which reads the body itself.
app.all("/mcp", requireAuth(auth), async (req, res) => {
  const url = new URL(req.originalUrl, auth.resourceMetadata.resource);
  await mcp.startHTTP({ url, httpPath: "/mcp", req, res });
});
app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
