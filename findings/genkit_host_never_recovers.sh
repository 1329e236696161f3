#!/usr/bin/env bash
# @genkit-ai/mcp 1.42.0 keeps a server switched off that was away when its tools were first asked for.
#
# Expected: `host.ready()` rejects, or a later `host.getActiveTools()` tries again.
# Seen: while the server answers 503, `ready()` resolves and `getActiveTools()` resolves to an empty
# list. After the server has come back the list stays empty, and no request is sent. A host that had
# its tools before the outage finds them again.
# For users: an agent that starts during a few seconds of outage has no tools until its restart; one
# line on standard error says so. `host.enable(name)` brings the tools back; after
# `host.reconnect(name)` the list stays empty.
#
# Output on 27 November 2026, with Node 20.20: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  genkit@1.42.0 \
  @genkit-ai/mcp@1.42.0 > npm.txt
cat > seen.js <<'JS'
import { createServer } from "node:http";
import { createMcpHost } from "@genkit-ai/mcp";
import { genkit } from "genkit";

let away = false;
let requests = 0;
const server = createServer(async (incoming, outgoing) => {
  let text = "";
  for await (const piece of incoming) text += piece;
  requests++;
  if (away) return outgoing.writeHead(503).end();
  if (incoming.method !== "POST") return outgoing.writeHead(405).end();
  const { id, method, params } = JSON.parse(text);
  if (id === undefined) return outgoing.writeHead(202).end();
  const result = method === "initialize"
    ? {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "server", version: "1" },
    }
    : { tools: [{ name: "hello", inputSchema: { type: "object" } }] };
  outgoing.writeHead(200, { "Content-Type": "application/json" });
  outgoing.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${server.address().port}/mcp`;

console.error = () => {};
const ai = genkit({});
const create = () => createMcpHost({ name: "host", mcpServers: { one: { url } } });
const count = async (host) => (await host.getActiveTools(ai)).length;

const early = create();
await early.ready();
console.log(`connected before the outage: ${await count(early)} tool`);
away = true;
console.log(`during the outage: ${await count(early)} tools`);
const late = create();
console.log(`created during the outage: ready() ${await late.ready().then(() => "resolves", () => "rejects")}`);
console.log(`during the outage: ${await count(late)} tools`);
away = false;
console.log(`after the outage, the first host: ${await count(early)} tool`);
requests = 0;
console.log(`after the outage, the second host: ${await count(late)} tools, after ${requests} requests`);
process.exit(0);
JS
timeout 60 node seen.js 2> /dev/null > seen.txt
diff seen.txt - <<'EOT'
connected before the outage: 1 tool
during the outage: 0 tools
created during the outage: ready() resolves
during the outage: 0 tools
after the outage, the first host: 1 tool
after the outage, the second host: 0 tools, after 0 requests
EOT
echo 'Still so.'
