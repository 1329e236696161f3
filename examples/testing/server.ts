// The server that the tests in this folder test. It takes its PropelAuth as an argument, so that a test
// can pass in the one of the testing kit.
import type { PropelAuth } from "@x/propelauth-mcp";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

export function createServer(auth: PropelAuth): (request: Request) => Promise<Response> {
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer({ name: "notes", version: "1.0.0" });
    server.registerTool("whoami", {}, () => say(auth.getAccessToken()?.subject ?? "nobody"));
    server.registerTool("publish", {}, () => {
      const mayPublish = auth.getAccessToken()?.scopes.includes("notes:publish");
      return mayPublish ? say("published") : { ...say("This needs notes:publish"), isError: true };
    });
    return server;
  }));
}
