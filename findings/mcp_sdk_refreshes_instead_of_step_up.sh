#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 never asks for a missing scope when it has a refresh token.
#
# Expected: MCP 2025-11-25, Authorization, Step-Up Authorization Flow: after 403 with
# `insufficient_scope` a client that acts for a user should start a new authorization with the
# determined scopes. RFC 6749 §6: a refresh can add no scope that the user has not granted.
# Seen: the client answers the 403 with a refresh of its token, which has the same scopes, gets 403
# again, and throws "Server returned 403 after trying upscoping". No authorization starts, neither
# now nor at a later call. Without a refresh token it starts one.
# For users: a tool that needs one more scope than the login asked for stays out of reach. Have the
# 401 name all scopes by `challengeScopes`, or delete the refresh token before the call is repeated.
#
# Output on 27 November 2026, with Node 20.20:
#   with a refresh token: token request refresh_token, read
#   Server returned 403 after trying upscoping
#   without a refresh token: authorization with the scope write
#   Unauthorized
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @modelcontextprotocol/sdk@1.32.2 > npm.txt

cat > finding.mjs <<'END'
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const printed = [];
const say = (line) => {
  printed.push(line);
  console.log(line);
};
let kind = "";

// An MCP server of 2025-11-25 without sessions, whose tool needs the scope write, and its
// authorization server, which only ever granted read.
const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  const answer = (status, body, headers) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(body && JSON.stringify(body));
  const { pathname } = new URL(request.url, origin);
  if (pathname === "/.well-known/oauth-protected-resource/mcp") {
    return answer(200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
  }
  if (pathname === "/.well-known/oauth-authorization-server") {
    return answer(200, {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none"],
    });
  }
  if (pathname === "/token") {
    say(`${kind}: token request ${new URLSearchParams(text).get("grant_type")}, read`);
    return answer(200, TOKENS);
  }
  if (pathname !== "/mcp" || request.method !== "POST") return answer(405);
  const { id, method } = JSON.parse(text);
  if (id === undefined) return answer(202);
  if (method === "tools/call") {
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
    return answer(403, undefined, {
      "WWW-Authenticate":
        `Bearer error="insufficient_scope", scope="write", resource_metadata="${metadata}"`,
    });
  }
  const result = {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "server", version: "1.0.0" },
  };
  answer(200, { jsonrpc: "2.0", id, result });
}).listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;
const TOKENS = {
  access_token: "access",
  token_type: "Bearer",
  expires_in: 3600,
  refresh_token: "refresh",
  scope: "read",
};

async function call(tokens) {
  const authProvider = {
    redirectUrl: "http://127.0.0.1:9/callback",
    clientMetadata: { redirect_uris: ["http://127.0.0.1:9/callback"] },
    clientInformation: () => ({ client_id: "client" }),
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    saveCodeVerifier() {},
    codeVerifier: () => "verifier",
    redirectToAuthorization(url) {
      say(`${kind}: authorization with the scope ${url.searchParams.get("scope")}`);
    },
  };
  const transport = new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { authProvider });
  const client = new Client({ name: "client", version: "1.0.0" });
  await client.connect(transport);
  await client.callTool({ name: "write" }).catch((error) => {
    say(error.message.replace("Streamable HTTP error: ", ""));
  });
  await client.close();
}

kind = "with a refresh token";
await call(TOKENS);
assert(!printed.some((line) => line.includes("authorization with")), "it asks for the scope");
assert(printed.includes("Server returned 403 after trying upscoping"));
kind = "without a refresh token";
await call({ ...TOKENS, refresh_token: undefined });
assert(printed.includes("without a refresh token: authorization with the scope write"));
server.close();
END
timeout 30 node finding.mjs
