#!/usr/bin/env bash
# mcp-auth 0.2.0 (npm) answers a missing scope so that clients do not ask for it.
#
# Expected: RFC 6750 §3.1: the error code for a token with too few scopes is `insufficient_scope`, and
# the challenge may name the needed ones by `scope`. MCP 2025-11-25, Authorization, Scope Challenge
# Handling: a server should answer 403 with that code, `scope` and `resource_metadata`.
# Seen: `bearerAuth()` with `requiredScopes` answers 403 with `error="missing_required_scopes"`, and
# with neither `scope` nor `resource_metadata`; the missing scopes are in the body, as a member of its
# own. A refused token is answered 401 with codes such as `invalid_audience` in place of
# `invalid_token`.
# For users: the client of MCP SDK v2 starts its step-up for `insufficient_scope` alone. So a user
# whose login lacks a scope gets an error and no second login. This library's 403 has all three.
#
# Output on 28 November 2026, with Node 20.20:
#   A missing scope: 403 Bearer error="missing_required_scopes"
#   Its body names write.
#   Another audience: 401 Bearer error="invalid_audience"
#   SDK v2 at mcp-auth: SdkHttpError 403
#   SDK v2 at a challenge as MCP has it: authorization with the scope read write
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @modelcontextprotocol/client@2.4.0 \
  express@5.3.0 \
  mcp-auth@0.2.0 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import express from "express";
import { MCPAuth } from "mcp-auth";

const app = express();
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;
const resource = `${origin}/mcp`;

app.get("/.well-known/oauth-authorization-server", (_request, response) => {
  response.json({
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
  });
});
const mcpAuth = new MCPAuth({
  protectedResources: {
    metadata: { resource, authorizationServers: [{ issuer: origin, type: "oauth" }] },
  },
});
app.use(mcpAuth.protectedResourceMetadataRouter());

const verify = (token) => ({
  token,
  issuer: origin,
  clientId: "client",
  subject: "user",
  scopes: ["read"],
  audience: token === "good" ? resource : `${origin}/other`,
  claims: {},
});
const requiredScopes = ["read", "write"];
let corrected = false;
app.use("/mcp", (_request, response, next) => {
  if (!corrected) return next();
  response.status(403).set("WWW-Authenticate", [
    'Bearer error="insufficient_scope"',
    `scope="${requiredScopes.join(" ")}"`,
    `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
  ].join(", ")).end();
});
app.use("/mcp", mcpAuth.bearerAuth(verify, { resource, audience: resource, requiredScopes }));

async function ask(token) {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(resource, { method: "POST", headers });
  const challenge = response.headers.get("WWW-Authenticate");
  for (const name of ["scope", "resource_metadata"]) {
    if (response.status === 403 && challenge.includes(`${name}=`)) throw new Error(challenge);
  }
  return { shown: `${response.status} ${challenge.split(",")[0]}`, body: await response.json() };
}
const { shown, body } = await ask("good");
console.log(`A missing scope: ${shown}`);
console.log(`Its body names ${body.missing_scopes}.`);
console.log(`Another audience: ${(await ask("other")).shown}`);

async function connect() {
  let asked;
  const authProvider = {
    redirectUrl: "http://127.0.0.1:9/callback",
    clientMetadata: { redirect_uris: ["http://127.0.0.1:9/callback"], scope: "read write" },
    clientInformation: () => ({ client_id: "client", issuer: origin }),
    tokens: () => ({ access_token: "good", token_type: "Bearer", scope: "read", issuer: origin }),
    saveTokens() {},
    saveCodeVerifier() {},
    codeVerifier: () => "verifier",
    redirectToAuthorization: (url) => void (asked = url.searchParams.get("scope")),
  };
  const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider });
  const client = new Client({ name: "client", version: "1.0.0" });
  const error = await client.connect(transport).catch((reason) => reason);
  return asked ? `authorization with the scope ${asked}` : `${error.constructor.name} ${error.status}`;
}
console.log(`SDK v2 at mcp-auth: ${await connect()}`);
corrected = true;
console.log(`SDK v2 at a challenge as MCP has it: ${await connect()}`);
process.exit();
END

timeout 30 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
A missing scope: 403 Bearer error="missing_required_scopes"
Its body names write.
Another audience: 401 Bearer error="invalid_audience"
SDK v2 at mcp-auth: SdkHttpError 403
SDK v2 at a challenge as MCP has it: authorization with the scope read write
END
