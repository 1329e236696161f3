#!/usr/bin/env bash
# @qwen-code/qwen-code 0.24.4 says of a tool call that the server refused that it may have run.
#
# Expected: RFC 6750, section 3.1: insufficient_scope says that the token does not suffice for the
# call; so the call was refused, and its user reads which scope is missing.
# Seen: the server answers a call with 403, a challenge that names the scope, and a sentence. The model
# reads that the tool "may have completed before the connection failed", and that it should verify the
# outcome before it tries again. Neither the scope nor the sentence of the server is shown.
# For users: neither user nor model learns that a scope is missing, and a model looks for the effects
# of a call that never ran. The way out is `/mcp`, the server, Re-authenticate.
#
# Output on 28 November 2026, with Node 24.21:
#   the server answers the call with 403
#   the model reads: MCP tool execution may have completed before the connection failed
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @qwen-code/qwen-code@0.24.4 > npm.txt
# Qwen Code needs Node 22, which this brings.
timeout 300 npm install --no-audit --no-fund --loglevel error node@24.21.0 > npm.txt
cat > seen.js <<'JS'
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";

const statuses = [];
const results = [];

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

const origin = await listen(async (request, response) => {
  const text = await bodyOf(request);
  const json = (status, value, headers = {}) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(JSON.stringify(value));
  if (request.url !== "/mcp") return json(404, {});
  if (request.method !== "POST") return json(405, {});
  const { id, method, params } = JSON.parse(text);
  if (id === undefined) return response.writeHead(202).end();
  const answer = (result) => json(200, { jsonrpc: "2.0", id, result });
  if (method === "initialize") {
    const { protocolVersion } = params;
    const serverInfo = { name: "reports", version: "1" };
    return answer({ protocolVersion, capabilities: { tools: {} }, serverInfo });
  }
  if (method === "tools/list") {
    return answer({ tools: [{ name: "delete_all", inputSchema: { type: "object", properties: {} } }] });
  }
  if (method !== "tools/call") {
    return json(200, { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } });
  }
  statuses.push(403);
  const error_description = "The scope delete:reports is missing";
  json(403, { error: "insufficient_scope", error_description }, {
    "WWW-Authenticate": 'Bearer error="insufficient_scope", scope="delete:reports"',
  });
});

/** A model that calls the tool once. */
const model = await listen(async (request, response) => {
  const { messages, tools = [] } = JSON.parse(await bodyOf(request));
  const names = tools.map((tool) => tool.function?.name ?? "");
  const name = names.find((one) => one.endsWith("delete_all"));
  const last = messages.at(-1);
  if (last.role === "tool") results.push(JSON.stringify(last.content));
  const calls = name !== undefined && results.length === 0;
  const call = { index: 0, id: "call_1", type: "function", function: { name, arguments: "{}" } };
  const delta = calls ? { tool_calls: [call] } : { content: "Done" };
  const chunk = { id: "1", object: "chat.completion.chunk", created: 1, model: "model" };
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  for (
    const choice of [
      { index: 0, delta: { role: "assistant", ...delta } },
      { index: 0, delta: {}, finish_reason: calls ? "tool_calls" : "stop" },
    ]
  ) response.write(`data: ${JSON.stringify({ ...chunk, choices: [choice] })}\n\n`);
  response.end("data: [DONE]\n\n");
});

const home = `${process.cwd()}/home`;
await mkdir(`${home}/.qwen`, { recursive: true });
await writeFile(`${home}/.qwen/settings.json`, JSON.stringify({
  mcpServers: { reports: { httpUrl: `${origin}/mcp`, headers: { Authorization: "Bearer token" } } },
  security: { auth: { selectedType: "openai" }, folderTrust: { enabled: false } },
  general: { enableAutoUpdate: false },
  privacy: { usageStatisticsEnabled: false },
  tools: { toolSearch: { enabled: false } },
}));
const child = spawn("timeout", ["100", "node_modules/.bin/qwen", "--yolo", "Go on"], {
  env: {
    HOME: home,
    PATH: process.env.PATH,
    OPENAI_API_KEY: "none",
    OPENAI_BASE_URL: `${model}/v1`,
    OPENAI_MODEL: "model",
  },
  stdio: "ignore",
});
await new Promise((resolve) => child.on("exit", resolve));
console.log("the server answers the call with", statuses.join(" "));
const [words = results[0]] =
  /MCP tool execution may have completed before the connection failed/.exec(results[0] ?? "") ?? [];
console.log("the model reads:", words);
process.exit(0);
JS
export PATH="$folder/node_modules/.bin:$PATH"
timeout 120 node seen.js > seen.txt
cat seen.txt
grep -q "^the server answers the call with 403$" seen.txt
grep -q "^the model reads: MCP tool execution may have completed before the connection failed$" seen.txt
