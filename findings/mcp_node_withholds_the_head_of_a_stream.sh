#!/usr/bin/env bash
# @modelcontextprotocol/node 2.1.2 sends the status and the headers of an event stream with its first
# event, and not before, when toNodeHandler() is the adapter.
#
# Expected: its README and types: toNodeHandler() writes the handler's Response to Node's response,
# streams included. Such a Response is there, with its status, before the first event, and HTML's
# "Server-sent events" has a client announce a connection once it has the headers. The package's own
# NodeStreamableHTTPServerTransport, @hono/node-server and Deno send the headers at once.
# Seen: it calls writeHead(), which in Node sends nothing until a byte of the body is written. So a GET
# for the standing stream is not answered until the server has something to say, which may be never,
# and a POST that is answered by a stream is not answered until the tool reports or returns.
# For users: what limits the wait for headers ends such a stream: Node's own fetch() after 5 minutes
# (undici's `headersTimeout`), and proxies that wait a minute for the first byte. A server with
# standing streams is better off with `getRequestListener` of @hono/node-server.
#
# Output on 28 November 2026, with Node 20.20:
#   toNodeHandler, GET: headers with the first event
#   toNodeHandler, POST: headers with the first event
#   NodeStreamableHTTPServerTransport, GET: headers before the first event
#   NodeStreamableHTTPServerTransport, POST: headers before the first event
#   @hono/node-server, GET: headers before the first event
#   @hono/node-server, POST: headers before the first event
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @hono/node-server@2.1.9 \
  @modelcontextprotocol/node@2.1.2 \
  @modelcontextprotocol/server@2.4.0 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { NodeStreamableHTTPServerTransport, toNodeHandler } from "@modelcontextprotocol/node";
import { McpServer, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";

const sessionIdGenerator = () => crypto.randomUUID();
const webTransport = () => new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator });
const nodeTransport = () => new NodeStreamableHTTPServerTransport({ sessionIdGenerator });
const adapters = {
  toNodeHandler: [webTransport, (transport) =>
    toNodeHandler({ fetch: (request, options) => transport.handleRequest(request, options) })],
  NodeStreamableHTTPServerTransport: [nodeTransport, (transport) => (request, response) =>
    transport.handleRequest(request, response)],
  "@hono/node-server": [webTransport, (transport) =>
    getRequestListener((request) => transport.handleRequest(request))],
};

for (const [name, [createTransport, adapt]] of Object.entries(adapters)) {
  let spoken;
  const speakLater = async () => {
    spoken = false;
    await wait(1500);
    spoken = true;
  };
  const mcp = new McpServer({ name: "server", version: "1.0.0" });
  mcp.registerTool("slow", { description: "Takes a second and a half." }, async () => {
    await speakLater();
    return { content: [{ type: "text", text: "done" }] };
  });
  const transport = createTransport();
  await mcp.connect(transport);
  const server = createServer(adapt(transport)).listen(0, "127.0.0.1");
  await once(server, "listening");

  const headers = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2025-11-25",
  };
  const url = `http://127.0.0.1:${server.address().port}/mcp`;
  const post = (message) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    return fetch(url, { method: "POST", headers, body });
  };
  const clientInfo = { name: "client", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const initialized = await post({ id: 1, method: "initialize", params });
  await initialized.text();
  headers["Mcp-Session-Id"] = initialized.headers.get("mcp-session-id");
  await (await post({ method: "notifications/initialized" })).text();

  const seen = async (method, response) => {
    const { status } = await response;
    const type = (await response).headers.get("content-type");
    if (status !== 200 || type !== "text/event-stream") throw new Error(`${status} ${type}`);
    console.log(`${name}, ${method}: headers ${spoken ? "with" : "before"} the first event`);
  };
  const notified = speakLater().then(() => mcp.server.sendToolListChanged());
  await seen("GET", fetch(url, { headers: { ...headers, Accept: "text/event-stream" } }));
  await notified;
  await seen("POST", post({ id: 2, method: "tools/call", params: { name: "slow", arguments: {} } }));
  server.closeAllConnections();
  server.close();
}
process.exit();
END

timeout 60 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
toNodeHandler, GET: headers with the first event
toNodeHandler, POST: headers with the first event
NodeStreamableHTTPServerTransport, GET: headers before the first event
NodeStreamableHTTPServerTransport, POST: headers before the first event
@hono/node-server, GET: headers before the first event
@hono/node-server, POST: headers before the first event
END
