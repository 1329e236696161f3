#!/usr/bin/env bash
# @hono/mcp 0.3.2 answers each standard request at the revocation endpoint of its mcpAuthRouter()
# with 500, and revokes nothing.
#
# Expected: RFC 7009, section 2.1: a client revokes a token by a POST whose body is a form
# (application/x-www-form-urlencoded), and section 2.2: the answer is 200. The router's metadata
# publishes the endpoint, and its token endpoint takes forms.
# Seen: it parses the body as JSON alone. A form fails there, with `server_error`. The same request as
# JSON, which no OAuth client sends, is answered 200.
# For users: a server that passes clients on to PropelAuth by ProxyOAuthServerProvider revokes nothing
# when a user logs out, and the token is good until it expires. Do not set `revocationUrl` there, so
# that no revocation is published, or publish PropelAuth's own metadata, as this library does.
#
# Output on 28 November 2026, with Node 20.20:
#   published: true
#   openid-client refreshes: works
#   openid-client revokes: unexpected HTTP response status code (500)
#   requests at the authorization server: /token
#   revocation as JSON: 200
#   requests at the authorization server: /token, /revoke
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @hono/mcp@0.3.2 \
  @hono/node-server@2.1.9 \
  @modelcontextprotocol/sdk@1.32.2 \
  hono@4.13.19 \
  openid-client@6.9.0 > npm.txt

cat > finding.mjs <<'END'
import { once } from "node:events";
import { mcpAuthRouter, ProxyOAuthServerProvider } from "@hono/mcp";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import * as oauth from "openid-client";

const start = async (app) => {
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
};

const requests = [];
const authorizationServer = new Hono();
authorizationServer.use(async (context, next) => {
  requests.push(context.req.path);
  await next();
});
authorizationServer.post("/token", (context) =>
  context.json({ access_token: "access", token_type: "Bearer", expires_in: 600 }));
authorizationServer.post("/revoke", (context) => context.body(null));
const upstream = await start(authorizationServer);

const app = new Hono();
const origin = await start(app);
const provider = new ProxyOAuthServerProvider({
  endpoints: {
    authorizationUrl: `${upstream}/authorize`,
    tokenUrl: `${upstream}/token`,
    revocationUrl: `${upstream}/revoke`,
  },
  getClient: async () => ({
    client_id: "client",
    redirect_uris: ["http://127.0.0.1/callback"],
    token_endpoint_auth_method: "none",
  }),
  verifyAccessToken: async () => {
    throw new Error("not asked here");
  },
});
const baseUrl = new URL(origin);
app.route("/", mcpAuthRouter({ provider, issuerUrl: origin, baseUrl }));

const client = await oauth.discovery(baseUrl, "client", undefined, oauth.None(), {
  algorithm: "oauth2",
  execute: [oauth.allowInsecureRequests],
});
console.log(`published: ${client.serverMetadata().revocation_endpoint === `${origin}/revoke`}`);
const outcome = (promise) =>
  promise.then(() => "works", ({ message, cause }) => `${message} (${cause.status})`);
console.log(`openid-client refreshes: ${await outcome(oauth.refreshTokenGrant(client, "refresh"))}`);
console.log(`openid-client revokes: ${await outcome(oauth.tokenRevocation(client, "access"))}`);
console.log(`requests at the authorization server: ${requests.join(", ")}`);
const { status } = await fetch(`${origin}/revoke`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ client_id: "client", token: "access" }),
});
console.log(`revocation as JSON: ${status}`);
console.log(`requests at the authorization server: ${requests.join(", ")}`);
process.exit();
END

timeout 60 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
published: true
openid-client refreshes: works
openid-client revokes: unexpected HTTP response status code (500)
requests at the authorization server: /token
revocation as JSON: 200
requests at the authorization server: /token, /revoke
END
