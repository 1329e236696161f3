#!/usr/bin/env bash
# mcp-remote 0.15.1 starts a login although it is given an Authorization header, and then does not use
# the token of that login.
#
# Expected: mcp-remote's README, "Custom Headers": "To bypass authentication, or to emit custom headers
# on all requests to your remote server, pass --header CLI arguments". So a server that refuses the
# header ends the connection with an error.
# Seen: at a 401 it registers a client and waits for a login. After the login it sends the header
# again, and not the new token.
# For users: a program without a user hangs there when its API key is revoked, and a login changes
# nothing. docs/machines.md says so. A key that lacks a scope is answered 403 without a challenge,
# because mcp-remote starts such a login at a 403 with a challenge too.
#
# Output on 27 November 2026, with Node 20.20:
#   logins: 1
#   sent after the login: Bearer from-the-header
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  mcp-remote@0.15.1 > npm.txt

cat > finding.mjs <<'END'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";

let logins = 0;
const sent = [];
const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  const { pathname } = new URL(request.url, origin);
  const json = (status, body, headers = {}) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(JSON.stringify(body));
  if (pathname.startsWith("/.well-known/oauth-protected-resource")) {
    return json(200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
  }
  if (pathname.startsWith("/.well-known/")) {
    return json(200, {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none"],
    });
  }
  if (pathname === "/register") return json(201, { ...JSON.parse(text), client_id: "client" });
  if (pathname === "/token") {
    logins++;
    return json(200, { access_token: "from-the-login", token_type: "Bearer", expires_in: 600 });
  }
  if (pathname !== "/mcp") return response.writeHead(404).end();
  if (logins > 0) sent.push(request.headers.authorization);
  const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
  json(401, {}, { "WWW-Authenticate": `Bearer error="invalid_token", resource_metadata="${metadata}"` });
}).listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;

const args = [`${origin}/mcp`, "--allow-http", "--header", "Authorization: Bearer from-the-header"];
const child = spawn(process.execPath, ["node_modules/mcp-remote/dist/proxy.js", ...args], {
  env: { PATH: "/nowhere", HOME: process.cwd() },
});
let printed = "";
child.stderr.on("data", async (part) => {
  printed += part;
  const [address] = /http\S+\/authorize\?\S+(?=\s)/.exec(printed) ?? [];
  if (address === undefined || printed === "") return;
  printed = "";
  const asked = new URL(address).searchParams;
  const back = new URL(asked.get("redirect_uri"));
  back.search = new URLSearchParams({ code: "code", state: asked.get("state"), iss: origin });
  await fetch(back);
});
await once(child, "close");
console.log(`logins: ${logins}`);
console.log(`sent after the login: ${[...new Set(sent)].join()}`);
server.closeAllConnections();
server.close();
END

timeout 60 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
logins: 1
sent after the login: Bearer from-the-header
END
