#!/usr/bin/env bash
# @google/gemini-cli 0.61.0 registers a client without a redirect address when its token is refused.
#
# Expected: MCP's specification of 2025-06-18, Authorization, Token Handling: a client refreshes a
# token that is refused, or begins a new login. RFC 7591, section 2, redirect_uris:
# a client that is sent back from a browser has to register where to.
# Seen: a call is answered 401 in mid-session. Gemini CLI has a refresh token, which it does not use.
# It registers a new client with `redirect_uris: []`, and shows the model the answer of the
# authorization server, which refuses that. Every later call of the session ends in the same way.
# For users: when PropelAuth ends a token before its time, the calls fail with "redirect_uris is
# mandatory property", although a refresh would do. docs/connect.md says what helps.
#
# Output on 28 November 2026, with Node 20.20:
#   redirect_uris of the registrations: [] []
#   refreshes: 0
#   the model reads: redirect_uris is mandatory property
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @google/gemini-cli@0.61.0 > npm.txt
cat > seen.js <<'JS'
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";

const registered = [];
const results = [];
let refreshes = 0;

const bodyOf = async (request) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return text;
};
const listen = async (handler) => {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
};

/** The MCP server, and the authorization server beside it. */
const origin = await listen(async (request, response) => {
  const text = await bodyOf(request);
  const json = (status, value, headers = {}) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(JSON.stringify(value));
  const { pathname } = new URL(request.url, origin);
  if (pathname.startsWith("/.well-known/oauth-protected-resource")) {
    return json(200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
  }
  if (pathname === "/.well-known/oauth-authorization-server") {
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
  if (pathname === "/register") {
    const { redirect_uris } = JSON.parse(text);
    registered.push(JSON.stringify(redirect_uris));
    if (redirect_uris.length > 0) return json(201, { ...JSON.parse(text), client_id: "client" });
    const error_description = "redirect_uris is mandatory property";
    return json(400, { error: "invalid_redirect_uri", error_description });
  }
  if (pathname === "/token") {
    refreshes++;
    return json(200, { access_token: "fresh", token_type: "Bearer", expires_in: 3600 });
  }
  if (pathname !== "/mcp" || request.method !== "POST") return json(405, {});
  const { id, method, params } = JSON.parse(text);
  if (id === undefined) return response.writeHead(202).end();
  const answer = (result) => json(200, { jsonrpc: "2.0", id, result });
  if (method === "initialize") {
    const { protocolVersion } = params;
    const serverInfo = { name: "reports", version: "1" };
    return answer({ protocolVersion, capabilities: { tools: {} }, serverInfo });
  }
  if (method === "tools/list") {
    return answer({ tools: [{ name: "whoami", inputSchema: { type: "object", properties: {} } }] });
  }
  if (request.headers.authorization === "Bearer fresh") {
    return answer({ content: [{ type: "text", text: "the owner" }] });
  }
  const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
  const challenge = `Bearer error="invalid_token", resource_metadata="${metadata}"`;
  json(401, { error: "invalid_token" }, { "WWW-Authenticate": challenge });
});

/** A model that calls the tool twice. */
const model = await listen(async (request, response) => {
  const { contents, tools = [] } = JSON.parse(await bodyOf(request));
  const names = tools.flatMap(({ functionDeclarations = [] }) =>
    functionDeclarations.map(({ name }) => name)
  );
  const name = names.find((one) => one.endsWith("whoami"));
  const last = contents.at(-1).parts.find(({ functionResponse }) => functionResponse);
  if (last !== undefined) results.push(JSON.stringify(last.functionResponse.response));
  const part = name === undefined || results.length === 2
    ? { text: "Done" }
    : { functionCall: { id: `call_${results.length}`, name, args: {} } };
  const content = { role: "model", parts: [part] };
  const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
  const whole = { candidates: [{ content, finishReason: "STOP", index: 0 }], usageMetadata };
  if (request.url.includes(":generateContent")) {
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(whole));
    return;
  }
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.end(`data: ${JSON.stringify(whole)}\n\n`);
});

// The state of a program that logged in: `/mcp auth reports` writes the second file.
const home = `${process.cwd()}/home`;
await mkdir(`${home}/.gemini`, { recursive: true });
const write = (name, value) => writeFile(`${home}/.gemini/${name}`, JSON.stringify(value));
await write("settings.json", {
  mcpServers: { reports: { httpUrl: `${origin}/mcp` } },
  security: { auth: { selectedType: "gemini-api-key" }, folderTrust: { enabled: false } },
  general: { enableAutoUpdate: false },
  privacy: { usageStatisticsEnabled: false },
});
await write("mcp-oauth-tokens.json", [{
  serverName: "reports",
  token: {
    accessToken: "ended",
    tokenType: "Bearer",
    refreshToken: "refresh",
    expiresAt: Date.now() + 3_600_000,
  },
  clientId: "client",
  tokenUrl: `${origin}/token`,
  mcpServerUrl: `${origin}/mcp`,
  updatedAt: Date.now(),
}]);

const flags = ["--yolo", "--model", "gemini-2.5-flash", "--prompt", "Go on"];
const child = spawn("timeout", ["100", "node_modules/.bin/gemini", ...flags], {
  env: {
    HOME: home,
    PATH: process.env.PATH,
    GEMINI_API_KEY: "none",
    GOOGLE_GEMINI_BASE_URL: model,
  },
  stdio: "ignore",
});
await new Promise((resolve) => child.on("exit", resolve));
console.log("redirect_uris of the registrations:", registered.join(" "));
console.log("refreshes:", refreshes);
const [words = results[1]] = /redirect_uris is mandatory property/.exec(results[1] ?? "") ?? [];
console.log("the model reads:", words);
process.exit(0);
JS
timeout 120 node seen.js > seen.txt
cat seen.txt
grep -q "redirect_uris of the registrations: \[\]" seen.txt
grep -q "^refreshes: 0$" seen.txt
grep -q "^the model reads: redirect_uris is mandatory property$" seen.txt
