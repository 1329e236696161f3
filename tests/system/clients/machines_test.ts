/**
 * API keys in real clients, by the commands and blocks of docs/machines.md: a call that the key may
 * make, one that it may not, and a key that is revoked.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { block, command } from "../../support/guides.ts";
import { root } from "../../support/root.ts";
import { ClaudeCode } from "./claude_code.ts";
import { askCodex } from "./codex.ts";
import { startScriptedModel } from "./scripted_model.ts";
import { find, local, serving, tools, withApiKeys } from "./served_examples.ts";

const GUIDE_URL = "https://mcp.example.com/mcp";
const TOOL = "mcp__reports__add_report";
const [{ orgId = "" } = {}] = local.users;
/** The example lets the key of an owner write, and that of a member read. */
const writer = await local.mintApiKey({ orgId, subject: "owner@acme.example" });
const reader = await local.mintApiKey({ orgId, subject: "member@acme.example" });
const revoked = await local.mintApiKey({ orgId });
await local.revoke(revoked);

const LACKS_SCOPE = /API key lacks a scope.+write:reports/;
const TIMEOUT = { timeout: 120_000 };

test(
  "Claude Code sends an API key, and says what the key lacks, or that it is refused",
  TIMEOUT,
  () =>
    serving(withApiKeys, async (url, _port, env) => {
      await using model = await startScriptedModel("add_report", { title: "Q4" });
      const add = command("machines.md", "claude mcp add ").replace(GUIDE_URL, url);
      const ask = `claude --print "Add a report" --allowedTools ${TOOL}`;
      const as = (key: string) => new ClaudeCode({ ...env, REPORTS_API_KEY: key }, model);
      await as(writer).run(add);
      await as(writer).run(ask);
      assert.match(JSON.stringify(model.results.at(-1)), /"text":"Added Q4"/);
      await as(reader).run(ask);
      assert.match(JSON.stringify(model.results.at(-1)), LACKS_SCOPE);
      assert.match(
        await as(revoked).run("claude mcp list"),
        /rejected the configured Authorization header \(HTTP 401\)/,
      );
    }),
);

test(
  "Codex sends an API key, and says what the key lacks",
  TIMEOUT,
  () =>
    serving(withApiKeys, async (url, _port, env) => {
      await using model = await startScriptedModel("add_report", { title: "Q4" });
      const line = command("machines.md", "codex mcp add ").replace(GUIDE_URL, url);
      await runLine(line, env);
      await askCodex(model, { ...env, REPORTS_API_KEY: writer });
      assert.match(JSON.stringify(model.results.at(-1)), /"text":"Added Q4"/);
      await askCodex(model, { ...env, REPORTS_API_KEY: reader });
      assert.match(JSON.stringify(model.results.at(-1)), LACKS_SCOPE);
      await askCodex(model, { ...env, REPORTS_API_KEY: revoked });
      assert.deepEqual(model.offered.filter((name) => name.includes("reports")), []);
    }),
);

const MCP_REMOTE = join(tools, "node_modules/.bin/mcp-remote");

/** The server in the block for mcp-remote. */
interface Bridge {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}
const bridge: Bridge = JSON.parse(block("machines.md", "json", "mcp-remote")).mcpServers.reports;

/**
 * Starts mcp-remote as the guide does; gives the connection, and what it prints. `program`: in place of
 * the guide's `npx`, which leaves an mcp-remote alone that waits for a login.
 */
function startBridge(url: string, home: Record<string, string>, key: string, program?: string) {
  const given = bridge.args.map((arg) => arg.replace(GUIDE_URL, url));
  const args = program === undefined ? given : given.slice(given.indexOf("mcp-remote") + 1);
  const entries = Object.entries(bridge.env)
    .map(([name, value]) => [name, value.replace("KEY", key)]);
  const env = { ...home, ...Object.fromEntries(entries) };
  const transport = new StdioClientTransport({
    command: program ?? bridge.command,
    args,
    env,
    cwd: tools,
    stderr: "pipe",
  });
  const { stderr } = transport;
  assert(stderr instanceof Readable);
  return { transport, stderr };
}

test(
  "mcp-remote sends an API key, and starts no login when the key lacks a scope",
  TIMEOUT,
  () =>
    serving(withApiKeys, async (url, _port, env) => {
      for (const key of [writer, reader]) {
        const { transport, stderr } = startBridge(url, env, key);
        let printed = "";
        stderr.on("data", (part) => printed += part);
        const client = new Client({ name: "behind-mcp-remote", version: "1.0.0" });
        try {
          await client.connect(transport);
          const call = client.callTool({ name: "add_report", arguments: { title: "Q4" } });
          if (key === writer) assert.match(JSON.stringify(await call), /"text":"Added Q4"/);
          else await assert.rejects(call, LACKS_SCOPE);
        } finally {
          await client.close();
        }
        assert.doesNotMatch(printed, /authoriz(e|ing)/i);
      }
    }),
);

test(
  "mcp-remote starts a login when the API key is revoked",
  TIMEOUT,
  () =>
    serving(withApiKeys, async (url, _port, env) => {
      const { transport, stderr } = startBridge(url, env, revoked, MCP_REMOTE);
      await transport.start();
      try {
        await find(stderr, /Please authorize this client by visiting/);
      } finally {
        await transport.close();
      }
    }),
);

test(
  "the Inspector sends an API key, and says what the key lacks",
  TIMEOUT,
  () =>
    serving(withApiKeys, async (url, _port, env) => {
      const line = command("machines.md", "npx @modelcontextprotocol/inspector ")
        .replace(GUIDE_URL, url);
      const given = { ...env, MCP_INSPECTOR_SECRET_STORE: "memory" };
      const run = (key: string, with_ = "") =>
        runLine(line + with_, { ...given, REPORTS_API_KEY: key }, tools);
      assert.match((await run(writer)).stdout, /"name": ?"add_report"/);
      const call = line.endsWith("tools/list") ? "" : assert.fail(line);
      const add = `${call} --method tools/call --tool-name add_report --tool-arg title=Q4`;
      assert.match((await run(writer, add)).stdout, /Added Q4/);
      await assert.rejects(run(reader, add), { code: 3, stderr: LACKS_SCOPE });
    }),
);

for (
  const [version, source] of [
    ["2", block("machines.md", "ts", "@modelcontextprotocol/client")],
    ["1", block("machines.md", "ts", "@modelcontextprotocol/sdk/client/index.js")],
  ] as const
) {
  test(
    `the guide's program on version ${version} of the SDK sends an API key`,
    TIMEOUT,
    () =>
      serving(withApiKeys, async (url, _port, env) => {
        const home = env["HOME"] ?? assert.fail();
        await writeFile(join(home, "program.ts"), source.replace(GUIDE_URL, url));
        const args = ["run", "-q", "-A", "--no-check", "--config"];
        const config = fileURLToPath(new URL("deno.json", root));
        const run = (key: string) =>
          promisify(execFile)(Deno.execPath(), [...args, config, join(home, "program.ts")], {
            env: { ...Deno.env.toObject(), REPORTS_API_KEY: key, NO_COLOR: "1" },
          });
        assert.match((await run(reader)).stdout, /"list_reports"/);
        await assert.rejects(run(revoked), { stderr: /invalid_token|401/ });
      }),
  );
}

test("the blocks for VS Code and Cursor send the header", () => {
  const code = JSON.parse(block("machines.md", "json", "promptString"));
  const [{ id, password }] = code.inputs;
  assert.equal(password, true);
  const { type, headers, url } = code.servers.reports;
  assert.deepEqual([type, url], ["http", GUIDE_URL]);
  assert.deepEqual(headers, { Authorization: `Bearer \${input:${id}}` });
  const cursor = JSON.parse(block("machines.md", "json", "${env:")).mcpServers.reports;
  assert.deepEqual(cursor, {
    url: GUIDE_URL,
    headers: { Authorization: "Bearer ${env:REPORTS_API_KEY}" },
  });
});

/** Runs a line to its end, which has to be a good one. */
function runLine(line: string, env: Record<string, string>, cwd = env["HOME"] ?? ".") {
  const done = promisify(execFile)("bash", ["-c", line], { env, cwd, timeout: 60_000 });
  done.child.stdin?.end();
  return done;
}
