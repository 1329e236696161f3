#!/usr/bin/env bash
# @langchain/mcp-adapters 1.1.4 keeps the tools of a session that the server no longer knows.
#
# Expected: MCP 2025-11-25, Transports, Session Management: a client that receives 404 for a request
# with an MCP-Session-Id has to start a new session.
# Seen: after the 404 each call of a tool throws. `getTools()` gives the same tools again without a
# request, so that calling it anew does not help.
# For users: a long-lived agent loses its tools with each restart of a server that has sessions. Call
# `close()`, then `getTools()`.
#
# Output on 27 November 2026, with Node 20.20: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @langchain/mcp-adapters@1.1.4 \
  @langchain/core@1.4.0 > npm.txt
cat > seen.js <<'JS'
import { createServer } from "node:http";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";

let session = "first";
let requests = [];
const server = createServer(async (incoming, outgoing) => {
  let text = "";
  for await (const piece of incoming) text += piece;
  if (incoming.method !== "POST") return outgoing.writeHead(405).end();
  const { id, method, params } = JSON.parse(text);
  requests.push(method);
  if (method !== "initialize" && incoming.headers["mcp-session-id"] !== session) {
    return outgoing.writeHead(404).end();
  }
  if (id === undefined) return outgoing.writeHead(202).end();
  const results = {
    "initialize": () => ({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "server", version: "1" },
    }),
    "tools/list": () => ({ tools: [{ name: "hello", inputSchema: { type: "object" } }] }),
    "tools/call": () => ({ content: [{ type: "text", text: "hello" }] }),
  };
  outgoing.writeHead(200, { "Content-Type": "application/json", "Mcp-Session-Id": session });
  outgoing.end(JSON.stringify({ jsonrpc: "2.0", id, result: results[method]() }));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));

const url = `http://127.0.0.1:${server.address().port}/mcp`;
const client = new MultiServerMCPClient({ mcpServers: { one: { url, automaticSSEFallback: false } } });
const call = async (when) => {
  requests = [];
  const [tool] = await client.getTools();
  const outcome = await tool.invoke({}).catch((error) => error.name);
  console.log(`${when}: ${outcome}, after ${requests.join(", ")}`);
};
await call("at first");
await call("again");
session = "second";
await call("the session is lost");
await call("getTools() anew");
await client.close();
await call("after close()");
process.exit(0);
JS
timeout 60 node seen.js 2> /dev/null > seen.txt
diff seen.txt - <<'EOT'
at first: hello, after initialize, notifications/initialized, tools/list, tools/call
again: hello, after tools/call
the session is lost: ToolException, after tools/call
getTools() anew: ToolException, after tools/call
after close(): hello, after initialize, notifications/initialized, tools/list, tools/call
EOT
echo 'Still so.'
