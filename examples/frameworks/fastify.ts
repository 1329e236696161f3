// A Fastify app with an MCP endpoint. Fastify parses bodies by itself, but not in this scope.
// deno-lint-ignore-file no-console no-unversioned-import
import process from "node:process";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { getRequestListener } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import Fastify from "fastify";

const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "My protected server", version: "1.0.0" });
  server.registerTool("whoami", { description: "Tells who is calling" }, () => ({
    content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }],
  }));
  return server;
});

const handler = getRequestListener(auth.handler(mcp));
const app = Fastify();
app.get("/", () => "An app that was there before");
app.register((scope, _options, done) => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
  for (const path of ["/mcp", "/.well-known/*"]) {
    scope.all(path, (request, reply) => {
      reply.hijack();
      return handler(request.raw, reply.raw);
    });
  }
  done();
});

await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 8000) });
console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
