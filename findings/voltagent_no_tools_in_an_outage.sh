#!/usr/bin/env bash
# @voltagent/core 2.10.0 resolves `getTools()` to an empty list when the MCP server answers 503.
#
# Expected: the documentation of `getTools()`, "Retrieves agent-ready tools from all configured MCP
# servers for this instance": a promise that rejects when a server cannot be asked.
# Seen: the promise resolves to `[]`, and the failure is only a line in the log. A server without
# tools and a server that is away for a second look the same to the program.
# For users: an agent that starts while PropelAuth is away runs without its tools, and answers
# without them. Compare the number of tools with what you expect, and start again when it is 0.
#
# Output on 27 November 2026, with Node 20.20, without VoltAgent's own log:
#   server away: 0 tools, no error
#   server back, the same configuration: 1 tool
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 240 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @voltagent/core@2.10.0 \
  ai@6.0.326 \
  zod@4.6.7 > npm.txt

cat > finding.mjs <<'END'
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { MCPConfiguration } from "@voltagent/core";

let away = true;
const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  const answer = (status, body) =>
    response.writeHead(status, { "Content-Type": "application/json" })
      .end(body && JSON.stringify(body));
  if (away) return answer(503, { error: "temporarily_unavailable" });
  if (request.method !== "POST") return answer(405);
  const { id, method } = JSON.parse(text);
  if (id === undefined) return answer(202);
  const result = method === "initialize"
    ? {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "server", version: "1.0.0" },
    }
    : { tools: [{ name: "tool", inputSchema: { type: "object" } }] };
  answer(200, { jsonrpc: "2.0", id, result });
}).listen(0, "127.0.0.1");
await once(server, "listening");

const url = `http://127.0.0.1:${server.address().port}/mcp`;
const configuration = new MCPConfiguration({
  servers: { reports: { type: "streamable-http", url } },
});
const first = await configuration.getTools();
console.log(`server away: ${first.length} tools, no error`);
away = false;
const second = await configuration.getTools();
console.log(`server back, the same configuration: ${second.length} tool`);
assert.equal(first.length, 0);
assert.equal(second.length, 1);
process.exit(0);
END
timeout 60 node finding.mjs 2> log.txt | grep "^server "
