#!/usr/bin/env bash
# mcp-framework 0.2.22 does not send the `headers` that an AuthProvider's `getAuthError()` returns.
#
# Expected: the interface AuthProvider describes an error by the
# members `status`, `message` and `headers`: a provider of the user's own sends its challenge there
# (RFC 9110 §11.6.1: a 401 has a WWW-Authenticate field).
# Seen: `status` and `message` arrive, `headers` do not, neither from the server on a port nor from
# `handleRequest`. Only the framework's own APIKeyAuthProvider and OAuthAuthProvider get a challenge.
# For users: behind an AuthProvider of their own, clients get a 401 without WWW-Authenticate, and so
# do not find the login. Put `auth.handler` in front of `handleRequest` instead.
#
# Output on 27 November 2026, with Node 20.20: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 240 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  mcp-framework@0.2.22 \
  @modelcontextprotocol/sdk@1.32.2 > npm.txt

cat > finding.mjs <<'END'
import { createServer } from "node:net";
import { once } from "node:events";
import { MCPServer, MCPTool } from "mcp-framework";

const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address();
probe.close();
await once(probe, "close");

const provider = {
  authenticate: async () => false,
  getAuthError: () => ({
    status: 401,
    message: "Log in first",
    headers: { "WWW-Authenticate": 'Bearer resource_metadata="http://127.0.0.1/m"' },
  }),
};
const init = {
  method: "POST",
  headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
};
const show = async (what, response) => {
  const { error } = await response.json();
  const challenge = response.headers.get("WWW-Authenticate");
  console.log(`seen: ${what}: ${response.status}, ${error}, WWW-Authenticate ${challenge}`);
};

class Ping extends MCPTool {
  name = "ping";
  description = "Answers";
  schema = {};
  execute = async () => "pong";
}

const options = { port, auth: { provider } };
const served = new MCPServer({
  name: "served",
  version: "1.0.0",
  transport: { type: "http-stream", options },
});
served.addTool(Ping);
served.start();
const url = `http://127.0.0.1:${port}/mcp`;
for (let tries = 0; tries < 50; tries++) {
  if (await fetch(url).then(() => true, () => false)) break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
await show("on a port", await fetch(url, init));
const called = new MCPServer({ name: "called", version: "1.0.0", auth: { provider } });
called.addTool(Ping);
await show("handleRequest", await called.handleRequest(new Request(url, init)));
process.exit(0);
END
timeout 60 node finding.mjs 2> log.txt | grep "^seen: " > seen.txt
diff seen.txt - <<'EOT'
seen: on a port: 401, Log in first, WWW-Authenticate null
seen: handleRequest: 401, Log in first, WWW-Authenticate null
EOT
echo 'Still so.'
