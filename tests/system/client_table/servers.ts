/**
 * The MCP server that clients call, on both majors of the SDK.
 *
 * @module
 */
import type { PropelAuth, RequestHandler } from "@x/propelauth-mcp";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

const INFO = { name: "Reports", version: "1.0.0" };
const WHOAMI = { description: "Tells who is calling" };
const WRITE = { description: "Writes a report" };
const say = (text: string) => ({ content: [{ type: "text" as const, text }] });
/** The text of an answer by which a scenario knows that the tool ran. */
export const ANSWERS = { whoami: "caller is owner@acme.example", write_report: "report written" };

function whoami(auth: PropelAuth) {
  return say(`caller is ${auth.getAccessToken()?.claims["email"]}`);
}

/** A server of SDK v2, which keeps no sessions. */
export function serveStateless(auth: PropelAuth): RequestHandler {
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer(INFO);
    server.registerTool("whoami", WHOAMI, () => whoami(auth));
    server.registerTool("write_report", WRITE, () => say(ANSWERS.write_report));
    return server;
  }));
}

/** A server of SDK v1 that keeps sessions, and answers 404 to one that it does not know. */
export function serveSessions(auth: PropelAuth): RequestHandler {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return auth.handler(async (request, options) => {
    const id = request.headers.get("MCP-Session-Id");
    const known = id === null ? await open() : sessions.get(id);
    if (known !== undefined) return await known.handleRequest(request, options);
    const error = { code: -32001, message: "Session not found" };
    return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
  });

  async function open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = new McpServerV1(INFO);
    server.registerTool("whoami", WHOAMI, () => whoami(auth));
    server.registerTool("write_report", WRITE, () => say(ANSWERS.write_report));
    await server.connect(transport);
    return transport;
  }
}
