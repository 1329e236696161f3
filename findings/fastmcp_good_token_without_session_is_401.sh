#!/usr/bin/env bash
# fastmcp 4.20.16 (npm) answers a good token with 401 `invalid_token` when the request has no session.
#
# Expected: MCP 2025-11-25, Transports, Session Management: a server with sessions answers a request
# without a session id, other than `initialize`, by 400. RFC 6750 §3.1 has `invalid_token` for a token
# that is expired, revoked, malformed or otherwise invalid. mcp-proxy 6.7.19, FastMCP's transport, says
# in a comment why a lost session is answered 404: a 401 would send the client to authorize again.
# Seen: with the option `authenticate` a request without a session id is answered 401 with a challenge,
# though its token is good. @ai-sdk/mcp 2.0.99 opens its GET stream before it initializes, so each time
# that it connects it refreshes its good token, or starts a login where it has no refresh token.
# For users: what `authenticate` returns makes no difference here. Put `auth.handler` in front, with a
# FastMCP that has no `authenticate`: it answers 400. Or serve without sessions (`stateless: true`):
# the GET is answered 405. In both cases the client goes on with its token.
#
# Output on 28 November 2026, with Node 20.20:
#   A good token without a session, GET: 401 invalid_token
#   A good token without a session, POST: 401 invalid_token
#   A good token with an unknown session, POST: 404
#   The AI SDK connects, with a refresh token: token request refresh_token, 1 tool
#   The AI SDK connects again: token request refresh_token, 1 tool
#   The AI SDK connects, without a refresh token: login, 1 tool
#   Without sessions, the AI SDK connects: 1 tool
#   Without `authenticate`, GET: 400
#   Without `authenticate`, POST: 400
#   Without `authenticate`, the AI SDK connects: 1 tool
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 240 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @ai-sdk/mcp@2.0.99 \
  fastmcp@4.20.16 \
  mcp-proxy@6.7.19 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { createMCPClient } from "@ai-sdk/mcp";
import { FastMCP } from "fastmcp";

const listen = async (server) => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
};
const noted = [];
let issued = 0;

// Each token that the authorization server issues stays good.
const authorizationServer = createServer(async (request, response) => {
  const answer = (body) =>
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  if (request.url !== "/token") {
    return answer({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none"],
    });
  }
  noted.push(`token request ${new URLSearchParams(await text(request)).get("grant_type")}`);
  const token_type = "Bearer";
  answer({ access_token: `good-${++issued}`, refresh_token: "refresh", token_type, expires_in: 3600 });
});
const issuer = `http://127.0.0.1:${await listen(authorizationServer)}`;

async function authenticate({ headers }) {
  if (!headers.authorization?.startsWith("Bearer good-")) throw new Response(null, { status: 401 });
  return { subject: "user" };
}

async function start({ stateless, ...options }) {
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((resolve) => probe.close(resolve));
  const resource = `http://127.0.0.1:${port}/mcp`;
  const server = new FastMCP({
    name: "server",
    version: "1.0.0",
    oauth: { enabled: true, protectedResource: { resource, authorizationServers: [issuer] } },
    ...options,
  });
  server.addTool({ name: "hello", description: "Says hello.", execute: async () => "hello" });
  const httpStream = { port, host: "127.0.0.1", stateless };
  await server.start({ transportType: "httpStream", httpStream });
  return resource;
}

async function connect(url, refresh_token) {
  noted.length = 0;
  let tokens = { access_token: "good-0", token_type: "Bearer", refresh_token };
  let verifier;
  const authProvider = {
    redirectUrl: "http://127.0.0.1:9/callback",
    clientMetadata: { redirect_uris: ["http://127.0.0.1:9/callback"] },
    clientInformation: () => ({ client_id: "client", issuer }),
    authorizationServerInformation: () => ({
      authorizationServerUrl: issuer,
      tokenEndpoint: `${issuer}/token`,
    }),
    saveAuthorizationServerInformation() {},
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    saveCodeVerifier: (saved) => void (verifier = saved),
    codeVerifier: () => verifier,
    redirectToAuthorization: () => void noted.push("login"),
  };
  const transport = { type: "http", url, authProvider };
  const client = await createMCPClient({ transport, onUncaughtError() {} });
  noted.push(`${Object.keys(await client.tools()).length} tool`);
  await client.close();
  return noted.join(", ");
}

async function show(title, url, method, session) {
  const headers = {
    "Authorization": "Bearer good-0",
    "Content-Type": "application/json",
    "Accept": `${method === "GET" ? "" : "application/json, "}text/event-stream`,
    ...session,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const response = await fetch(url, { method, headers, body: method === "GET" ? undefined : body });
  const [, error] = /error="(\w+)"/.exec(response.headers.get("WWW-Authenticate")) ?? [];
  console.log(`seen: ${title}, ${method}: ${[response.status, error].join(" ").trim()}`);
}
const url = await start({ authenticate });
await show("A good token without a session", url, "GET");
await show("A good token without a session", url, "POST");
await show("A good token with an unknown session", url, "POST", { "Mcp-Session-Id": "unknown" });
console.log(`seen: The AI SDK connects, with a refresh token: ${await connect(url, "refresh")}`);
console.log(`seen: The AI SDK connects again: ${await connect(url, "refresh")}`);
console.log(`seen: The AI SDK connects, without a refresh token: ${await connect(url)}`);
const stateless = await start({ authenticate, stateless: true });
console.log(`seen: Without sessions, the AI SDK connects: ${await connect(stateless, "refresh")}`);
const open = await start({});
await show("Without `authenticate`", open, "GET");
await show("Without `authenticate`", open, "POST");
console.log(`seen: Without \`authenticate\`, the AI SDK connects: ${await connect(open, "refresh")}`);
process.exit();
END

timeout 60 node finding.mjs 2> log.txt | sed -n 's/^seen: //p' | tee seen.txt
diff - seen.txt <<'END'
A good token without a session, GET: 401 invalid_token
A good token without a session, POST: 401 invalid_token
A good token with an unknown session, POST: 404
The AI SDK connects, with a refresh token: token request refresh_token, 1 tool
The AI SDK connects again: token request refresh_token, 1 tool
The AI SDK connects, without a refresh token: login, 1 tool
Without sessions, the AI SDK connects: 1 tool
Without `authenticate`, GET: 400
Without `authenticate`, POST: 400
Without `authenticate`, the AI SDK connects: 1 tool
END
