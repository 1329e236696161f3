#!/usr/bin/env bash
# @modelcontextprotocol/client 2.4.0 gives an error for HTTP status 503 the code
# CLIENT_HTTP_NOT_IMPLEMENTED.
#
# Expected: RFC 9110, section 15.6.4: 503 means that the server cannot handle the request now and may
# be able to later; "not implemented" is 501. One would expect a code for a failed request that may
# be repeated.
# Seen: an SdkHttpError with code CLIENT_HTTP_NOT_IMPLEMENTED. Only its `status` says 503.
# For users: during an outage of the authorization server the gate answers 503. A client program that
# decides by `code` would take that for a missing feature; decide by `status`.
#
# Output on 27 November 2026, with Node 20.20:
#   SdkHttpError, code CLIENT_HTTP_NOT_IMPLEMENTED, status 503
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @modelcontextprotocol/client@2.4.0 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { createServer } from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

let isAway = false;
const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  if (isAway) return response.writeHead(503, { "Retry-After": "1" }).end();
  if (request.method !== "POST") return response.writeHead(405).end();
  const { id, method, params } = JSON.parse(text);
  if (id === undefined) return response.writeHead(202).end();
  const result = method === "initialize"
    ? {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "server", version: "1.0.0" },
    }
    : { tools: [] };
  response.writeHead(200, { "Content-Type": "application/json" })
    .end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}).listen(0, "127.0.0.1");
await once(server, "listening");

const client = new Client({ name: "finding", version: "1.0.0" });
const url = new URL(`http://127.0.0.1:${server.address().port}/mcp`);
await client.connect(new StreamableHTTPClientTransport(url));
await client.listTools();
isAway = true;
await client.listTools().then(
  () => console.log("no error"),
  ({ name, code, status }) => console.log(`${name}, code ${code}, status ${status}`),
);
await client.close();
server.closeAllConnections();
server.close();
END

timeout 30 node finding.mjs | tee seen.txt
grep -qx 'SdkHttpError, code CLIENT_HTTP_NOT_IMPLEMENTED, status 503' seen.txt
