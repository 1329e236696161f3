/**
 * Claude Code as docs/connect.md sets it up: the guide's own commands, a login, and a call of a
 * tool. Only the user at the browser is played, and the model, which asks for the tool.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { promisify } from "node:util";
import { command } from "../guides.ts";
import { startScriptedModel } from "./scripted_model.ts";
import { assertCaller, logIn, SERVERS, serving } from "./served_examples.ts";

const ADD = command("connect.md", "claude mcp add ");
const LOG_IN = command("connect.md", "claude mcp login ");
const TOOL = "mcp__reports__whoami";

for (const { server, run } of SERVERS) {
  test(
    `Claude Code logs in and calls a tool: ${server}`,
    { timeout: 60_000 },
    () =>
      serving(run, async (url, port, home) => {
        const model = await startScriptedModel(TOOL);
        const cwd = home["HOME"];
        const env = {
          ...home,
          ANTHROPIC_BASE_URL: model.url,
          ANTHROPIC_API_KEY: "none",
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
          DISABLE_AUTOUPDATER: "1",
          // The tools are there from the first question on.
          ENABLE_TOOL_SEARCH: "false",
          MCP_CONNECTION_NONBLOCKING: "false",
        };
        const shell = async (line: string): Promise<string> => {
          const done = promisify(execFile)("bash", ["-c", line], { env, cwd });
          done.child.stdin?.end();
          return (await done).stdout;
        };
        try {
          const add = ADD.replace("https://mcp.example.com/mcp", url)
            .replace(" add ", ` add --callback-port ${port} `);
          assert.match(await shell(add), /^Added HTTP MCP server reports /);
          assert.match(await shell("claude mcp list"), /^reports: .+ Needs authentication$/m);

          // It logs nobody in but at a terminal.
          const login = spawn("script", ["-qec", LOG_IN, "/dev/null"], { env, cwd });
          try {
            const ended = once(login, "close");
            const asked = await logIn(login.stdout);
            // The address that docs/connect.md has PropelAuth allow.
            const back = asked.searchParams.get("redirect_uri");
            assert.equal(back, `http://localhost:${port}/callback`);
            assert.equal(asked.searchParams.get("resource"), url);
            assert.deepEqual(await ended, [0, null]);
          } finally {
            login.kill();
          }
          assert.match(await shell("claude mcp list"), /^reports: .+ Connected$/m);

          await shell(`claude --print "Who am I?" --allowedTools ${TOOL}`);
          assert(model.offered.includes(TOOL), model.offered.join());
          assert.equal(model.results.length, 1);
          assertCaller(model.results[0]);
        } finally {
          await model.close();
        }
      }),
  );
}
