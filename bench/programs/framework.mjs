// An MCP server of mcp-framework with its own introspection and cache. It prints its URL, answers each
// line of its standard input with the microseconds of CPU time that it has used, and exits when its
// standard input ends.
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

// Dynamic, since only the packages of .ci/bench have it.
const { MCPServer, MCPTool, OAuthAuthProvider } = await import("mcp-framework");

const propelAuth = createServer((_, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({
    active: true,
    sub: "user-1",
    client_id: "client-1",
    scope: "read:user_data write:note",
    iss: "https://auth.example.com/oauth/2.1",
    aud: "https://mcp.example.com/mcp",
    exp: 4_102_444_800,
  }));
});
const free = createServer();
for (const server of [propelAuth, free]) await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = free.address();
free.close();

class Hello extends MCPTool {
  name = "hello";
  description = "Says hello";
  schema = {};
  useStringify = false;
  execute() {
    return Promise.resolve("hello");
  }
}

const provider = new OAuthAuthProvider({
  authorizationServers: ["https://auth.example.com/oauth/2.1"],
  resource: "https://mcp.example.com/mcp",
  validation: {
    type: "introspection",
    audience: "https://mcp.example.com/mcp",
    issuer: "https://auth.example.com/oauth/2.1",
    introspection: {
      endpoint: `http://127.0.0.1:${propelAuth.address().port}/introspect`,
      clientId: "id",
      clientSecret: "secret",
      cacheTTL: 3_600_000,
    },
  },
});
const options = { port, endpoint: "/mcp", responseMode: "batch", auth: { provider } };
const server = new MCPServer({
  name: "bench",
  version: "1.0.0",
  transport: { type: "http-stream", options, auth: { provider } },
});
server.addTool?.(Hello);
server.start();
for (;;) {
  const up = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  if (up?.ok) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log(`http://127.0.0.1:${port}/mcp`);
for await (const _ of createInterface(process.stdin)) {
  const { user, system } = process.cpuUsage();
  console.log(user + system);
}
process.exit();
