// An MCP server that speaks over standard input and output; it cannot know its caller.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

const server = new McpServer({ name: "over-stdio", version: "1.0.0" });
server.registerTool("whoami", { description: "Tells nothing" }, () => ({
  content: [{ type: "text", text: "over stdio" }],
}));
await server.connect(new StdioServerTransport());
