// The MCP server whose calls the programs beside this file record.
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

export const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "Reports", version: "1.0.0" });
  const inputSchema = z.object({ id: z.string() });
  server.registerTool("read_report", { description: "Reads a report", inputSchema }, ({ id }) => {
    return { content: [{ type: "text", text: `Report ${id}` }] };
  });
  return server;
});
