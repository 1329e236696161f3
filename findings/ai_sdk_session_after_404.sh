#!/usr/bin/env bash
# @ai-sdk/mcp 2.0.99 cannot be used any more once its MCP session has ended.
#
# Expected: MCP 2025-11-25, Transports, Session Management: a client that receives 404 for a request
# with an MCP-Session-Id has to start a new session, by an InitializeRequest without a session id.
# Seen: after the 404 the client drops its session id and does not initialize. Each later call goes
# out without an id, which a server with sessions answers 400. The error of the first call alone says
# "Create a new client".
# For users: a restart of a server with sessions ends them, and the gate answers 404 for a session of
# another caller. A program with this client has to create a new client after such a 404, or the
# server has to work without sessions, as `createMcpHandler` of SDK v2 does.
#
# Output on 27 November 2026, with Node 20.20:
#   initialize without a session: 200
#   tools/list with a session: 200
#   tools/call with a session: 200
#   The server restarts.
#   tools/call with a session: 404
#   tools/call without a session: 400
#   tools/call without a session: 400
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @ai-sdk/mcp@2.0.99 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { createServer } from "node:http";
import { createMCPClient } from "@ai-sdk/mcp";

const SHOWN = ["initialize", "tools/list", "tools/call"];
let sessions = new Set();
let created = 0;

// A server of MCP 2025-11-25 with sessions, which it forgets when it restarts.
const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  const session = request.headers["mcp-session-id"];
  const { id, method } = request.method === "POST" ? JSON.parse(text) : {};
  const answer = (status, message, headers) => {
    if (SHOWN.includes(method)) {
      console.log(`${method} ${session ? "with" : "without"} a session: ${status}`);
    }
    response.writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(message && JSON.stringify({ jsonrpc: "2.0", ...message }));
  };
  // Without an id, as the MCP SDK's own transports answer.
  const refuse = (status, code, message) => answer(status, { id: null, error: { code, message } });
  if (request.method !== "POST") return answer(405);
  if (method === "initialize") {
    const started = `session-${++created}`;
    sessions.add(started);
    const result = {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "server", version: "1.0.0" },
    };
    return answer(200, { id, result }, { "Mcp-Session-Id": started });
  }
  if (session === undefined) return refuse(400, -32000, "Mcp-Session-Id header is required");
  if (!sessions.has(session)) return refuse(404, -32001, "Session not found");
  if (id === undefined) return answer(202);
  const tools = [{ name: "hello", inputSchema: { type: "object" } }];
  const content = [{ type: "text", text: "hello" }];
  answer(200, { id, result: method === "tools/list" ? { tools } : { content } });
}).listen(0, "127.0.0.1");
await once(server, "listening");

const url = `http://127.0.0.1:${server.address().port}/mcp`;
const client = await createMCPClient({ transport: { type: "http", url }, onUncaughtError() {} });
const { hello } = await client.tools();
const call = () => hello.execute({}, { toolCallId: "1", messages: [] });
await call();
console.log("The server restarts.");
sessions = new Set();
for (let i = 0; i < 3; i++) await call().catch(() => {});
await client.close();
server.closeAllConnections();
server.close();
END

timeout 30 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
initialize without a session: 200
tools/list with a session: 200
tools/call with a session: 200
The server restarts.
tools/call with a session: 404
tools/call without a session: 400
tools/call without a session: 400
END
