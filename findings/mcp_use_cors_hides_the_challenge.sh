#!/usr/bin/env bash
# mcp-use 2.5.2 lets no client in a browser read its challenges, and has no option for it.
#
# Expected: the types of its option `cors`: for clients in browsers it tells the browser that it may
# read the response, on the MCP endpoint too. By the Fetch standard a browser hides each response
# header that is not safelisted, WWW-Authenticate among them, unless Access-Control-Expose-Headers
# names it; and RFC 9728 §5.1 and MCP's step-up have a client read that one.
# Seen: no response has Access-Control-Expose-Headers, whatever `cors` is, and `CorsOptions` has no
# member for it. The challenge is there: a client outside a browser reads it.
# For users: in a browser the MCP SDK's client guesses the metadata's place after a 401, and gets there,
# but does not see which scopes to ask for; after a 403 it gets an error and starts no step-up. With
# this library's handler in front the challenge is exposed.
#
# Output on 28 November 2026, with Node 20.20:
#   Preflight: 204, POST allowed
#   403, error="insufficient_scope", scope="read write", exposed headers: null
#   Outside a browser: authorization with the scope read write
#   In a browser: SdkHttpError 403
#   In a browser, with WWW-Authenticate exposed: authorization with the scope read write
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 240 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @modelcontextprotocol/client@2.4.0 \
  mcp-use@2.5.2 > npm.txt

cat > finding.mjs <<'END'
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { MCPServer } from "mcp-use";
import { oauthCustomProvider } from "mcp-use/oauth";

const resource = "https://mcp.example.com/mcp";
const issuer = "https://auth.example.com";
const oauthMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  response_types_supported: ["code"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["none"],
};
const server = new MCPServer({
  name: "server",
  version: "1.0.0",
  cors: { origin: "https://app.example.com", credentials: true },
  logging: { enabled: false },
  skills: false,
  oauth: oauthCustomProvider({
    resource,
    requiredScopes: ["read", "write"],
    oauthMetadata,
    createTokenVerifier: (resource) => ({
      verifyAccessToken: async (token) => ({
        token,
        clientId: "client",
        scopes: ["read"],
        expiresAt: Math.floor(Date.now() / 1000) + 600,
        resource,
      }),
    }),
    mapAuthInfo: () => ({ user: {}, payload: {}, permissions: [] }),
  }),
});

// Nothing leaves this process: both servers are called as functions.
async function answer(url, init) {
  const request = new Request(url, init);
  request.headers.set("Origin", "https://app.example.com");
  return request.url.startsWith(issuer) ? Response.json(oauthMetadata) : await server.fetch(request);
}

/** What a script in a browser sees of a response, by the Fetch standard's CORS filter. */
const SAFELISTED = [
  "cache-control", "content-language", "content-length", "content-type",
  "expires", "last-modified", "pragma",
];
function filter(response, alsoExposed = []) {
  const exposed = response.headers.get("Access-Control-Expose-Headers") ?? "";
  const seen = [...SAFELISTED, ...alsoExposed, ...exposed.toLowerCase().split(/\s*,\s*/)];
  const headers = [...response.headers].filter(([name]) => seen.includes(name));
  return new Response(response.body, { status: response.status, headers });
}

async function connect(fetch) {
  let asked;
  const authProvider = {
    redirectUrl: "https://app.example.com/callback",
    clientMetadata: { redirect_uris: ["https://app.example.com/callback"] },
    clientInformation: () => ({ client_id: "client", issuer }),
    tokens: () => ({ access_token: "good", token_type: "Bearer", scope: "read", issuer }),
    saveTokens() {},
    saveCodeVerifier() {},
    codeVerifier: () => "verifier",
    redirectToAuthorization: (url) => void (asked = url.searchParams.get("scope")),
  };
  const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider, fetch });
  const client = new Client({ name: "client", version: "1.0.0" });
  const error = await client.connect(transport).catch((reason) => reason);
  return asked ? `authorization with the scope ${asked}` : `${error.constructor.name} ${error.status}`;
}

const preflight = await answer(resource, {
  method: "OPTIONS",
  headers: {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
  },
});
const allowed = preflight.headers.get("Access-Control-Allow-Methods").includes("POST");
console.log(`seen: Preflight: ${preflight.status}, POST ${allowed ? "allowed" : "refused"}`);
const refused = await answer(resource, { method: "POST", headers: { Authorization: "Bearer good" } });
const challenge = refused.headers.get("WWW-Authenticate");
const parts = ["error", "scope"].map((name) => new RegExp(`\\b${name}="[^"]*"`).exec(challenge)[0]);
const exposed = refused.headers.get("Access-Control-Expose-Headers");
console.log(`seen: ${refused.status}, ${parts.join(", ")}, exposed headers: ${exposed}`);
console.log(`seen: Outside a browser: ${await connect(answer)}`);
const browser = (alsoExposed) => async (...request) => filter(await answer(...request), alsoExposed);
console.log(`seen: In a browser: ${await connect(browser())}`);
const mended = await connect(browser(["www-authenticate"]));
console.log(`seen: In a browser, with WWW-Authenticate exposed: ${mended}`);
process.exit();
END

timeout 30 node finding.mjs | sed -n 's/^seen: //p' | tee seen.txt
diff - seen.txt <<'END'
Preflight: 204, POST allowed
403, error="insufficient_scope", scope="read write", exposed headers: null
Outside a browser: authorization with the scope read write
In a browser: SdkHttpError 403
In a browser, with WWW-Authenticate exposed: authorization with the scope read write
END
