import type { McpServerHandler } from "@x/propelauth-mcp";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

/** Creates a server of SDK v1 with the tool that the measures call. */
export function createV1Server(): McpServer {
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  server.registerTool("hello", { description: "Says hello" }, () => ({
    content: [{ type: "text", text: "hello" }],
  }));
  return server;
}

/** SDK v1 without sessions: each request has a server and a transport of its own. */
export function createStatelessServer(): McpServerHandler {
  return async (request, options) => {
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await createV1Server().connect(transport);
    return await transport.handleRequest(request, options);
  };
}
