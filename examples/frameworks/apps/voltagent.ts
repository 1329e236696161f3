// The MCP server of VoltAgent, without sessions. It reads a body from the request's stream alone, which
// the gate has read to judge the call, so the request is made to yield its body again.
import { createTool, VoltAgent } from "@voltagent/core";
import { MCPServer } from "@voltagent/mcp-server";
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { metadataRoutes, requireAuth } from "@x/propelauth-mcp/express";
import express from "express";
import { z } from "zod";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

const parameters = z.object({});
const mcp = new MCPServer({
  name: "My protected server",
  version: "1.0.0",
  protocols: { stdio: false, sse: false, http: true },
  tools: {
    whoami: createTool({
      name: "whoami",
      description: "Tells who is calling",
      parameters,
      execute: async () => auth.getAccessToken()?.subject ?? "nobody",
    }),
    write_report: createTool({
      name: "write_report",
      description: "Writes a report",
      parameters,
      execute: async () => "written",
    }),
  },
});

new VoltAgent({ agents: {}, mcpServers: { mine: mcp } });

const app = express();
app.use(metadataRoutes(auth));
app.all("/mcp", requireAuth(auth), async (req, res) => {
  const { body } = req;
  async function* readAgain() {
    if (body !== undefined) yield Buffer.from(JSON.stringify(body));
  }
  Object.assign(req, { [Symbol.asyncIterator]: readAgain });
  const url = new URL(req.originalUrl, auth.resourceMetadata.resource);
  await mcp.startHTTP({ url, httpPath: "/mcp", req, res, options: { serverless: true } });
});
app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});
