#!/usr/bin/env bash
# @hono/mcp 0.3.2 names in the challenge of its bearerAuth() a URL at which its simpleMcpAuthRouter()
# serves nothing, so that clients do not find the login.
#
# Expected: RFC 9728, section 5.1: `resource_metadata` in a challenge is the URL of the protected
# resource's metadata, which by section 3.1 has the path of the resource behind the well-known part.
# The router does so for the `resourceServerUrl` of the package's README, whose path is /mcp.
# Seen: bearerAuth() names the URL without that path for every endpoint, which is answered 404.
# The clients of both MCP SDK majors believe the challenge, take the MCP server for the authorization
# server, and fail. Given the right URL by the option `noAuthenticationHeader`, both reach the login.
# After a refused token the challenge has no `resource_metadata` at all. Error codes are not those of
# RFC 6750: "Unauthorized" for a request without a token, for which section 3.1 wants none.
# For users: put `auth.handler` in front of @hono/mcp, as docs/frameworks.md does.
#
# Output on 28 November 2026, with Node 20.20:
#   metadata at /.well-known/oauth-protected-resource/mcp: 200
#   without a token: 401 Bearer error="Unauthorized", error_description="Unauthorized",
#     resource_metadata="ORIGIN/.well-known/oauth-protected-resource", which is answered 404
#   with a refused token: 401 Bearer error="invalid_token"
#   bearerAuth as it is, SDK v1: Incompatible auth server: does not support dynamic client registration
#   bearerAuth as it is, SDK v2: IssuerMismatchError
#   with the right URL, SDK v1: asks the user to log in
#   with the right URL, SDK v2: asks the user to log in
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @hono/mcp@0.3.2 \
  @hono/node-server@2.1.9 \
  @modelcontextprotocol/client@2.4.0 \
  @modelcontextprotocol/sdk@1.32.2 \
  hono@4.13.19 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { bearerAuth, simpleMcpAuthRouter } from "@hono/mcp";
import { serve } from "@hono/node-server";
import * as v2 from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Hono } from "hono";

const start = async (app) => {
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
};

const authorizationServer = new Hono();
const issuer = await start(authorizationServer);
authorizationServer.get("/.well-known/oauth-authorization-server", (context) =>
  context.json({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
  }));
authorizationServer.post("/register", async (context) =>
  context.json({ ...await context.req.json(), client_id: "client" }, 201));

const protectedServer = async (optionsFor) => {
  const app = new Hono();
  const origin = await start(app);
  app.route("/", simpleMcpAuthRouter({ issuer, resourceServerUrl: new URL(`${origin}/mcp`) }));
  app.use("/mcp", bearerAuth({ verifyToken: (token) => token === "good", ...optionsFor(origin) }));
  app.all("/mcp", (context) => context.text("admitted"));
  return origin;
};
const asItIs = await protectedServer(() => ({}));
const corrected = await protectedServer((origin) => ({
  noAuthenticationHeader: {
    wwwAuthenticateHeader:
      `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
  },
}));

const inserted = "/.well-known/oauth-protected-resource/mcp";
console.log(`metadata at ${inserted}: ${(await fetch(asItIs + inserted)).status}`);
const refusal = async (headers) => {
  const response = await fetch(`${asItIs}/mcp`, { method: "POST", headers });
  return [response.status, response.headers.get("www-authenticate")];
};
const [status, challenge] = await refusal({});
const named = /resource_metadata="([^"]+)"/.exec(challenge)[1];
const shown = challenge.replace(asItIs, "ORIGIN").replace(", resource", ",\n  resource");
const answered = (await fetch(named)).status;
console.log(`without a token: ${status} ${shown}, which is answered ${answered}`);
const refused = await refusal({ Authorization: "Bearer expired" });
console.log(`with a refused token: ${refused.join(" ")}`);

const login = async (sdk, origin) => {
  const redirectUrl = "http://127.0.0.1:8976/callback";
  let registered;
  let asked = false;
  const authProvider = {
    redirectUrl,
    clientMetadata: {
      client_name: "finding",
      redirect_uris: [redirectUrl],
      token_endpoint_auth_method: "none",
    },
    clientInformation: () => registered,
    saveClientInformation: (information) => registered = information,
    tokens: () => undefined,
    saveTokens: () => {},
    redirectToAuthorization: (url) => asked = url.href.startsWith(`${issuer}/authorize?`),
    saveCodeVerifier: () => {},
    codeVerifier: () => "",
  };
  const transport = new sdk.StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { authProvider });
  const client = new sdk.Client({ name: "finding", version: "1.0.0" });
  const error = await client.connect(transport).catch((reason) => reason);
  if (asked) return "asks the user to log in";
  return error.name === "Error" ? error.message : error.constructor.name;
};
for (const [title, origin] of [["bearerAuth as it is", asItIs], ["with the right URL", corrected]]) {
  console.log(`${title}, SDK v1: ${await login({ Client, StreamableHTTPClientTransport }, origin)}`);
  console.log(`${title}, SDK v2: ${await login(v2, origin)}`);
}
process.exit();
END

timeout 60 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
metadata at /.well-known/oauth-protected-resource/mcp: 200
without a token: 401 Bearer error="Unauthorized", error_description="Unauthorized",
  resource_metadata="ORIGIN/.well-known/oauth-protected-resource", which is answered 404
with a refused token: 401 Bearer error="invalid_token"
bearerAuth as it is, SDK v1: Incompatible auth server: does not support dynamic client registration
bearerAuth as it is, SDK v2: IssuerMismatchError
with the right URL, SDK v1: asks the user to log in
with the right URL, SDK v2: asks the user to log in
END
