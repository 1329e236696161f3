/**
 * Claude Code as docs/connect.md sets it up: the guide's own commands, a login, calls of tools, and a
 * second login where a tool needs more. Only the user at the browser is played, and the model, which
 * asks for the tool.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { command } from "../../support/guides.ts";
import { ClaudeCode } from "./claude_code.ts";
import { startScriptedModel } from "./scripted_model.ts";
import { assertCaller, SERVERS, serving, withScopes } from "./served_examples.ts";

const ADD = command("connect.md", "claude mcp add ");
const LOG_IN = command("connect.md", "claude mcp login ");

for (const { server, run } of SERVERS) {
  test(
    `Claude Code logs in and calls a tool: ${server}`,
    { timeout: 60_000 },
    () =>
      serving(run, async (url, port, env) => {
        const tool = "mcp__reports__whoami";
        await using model = await startScriptedModel("whoami");
        const claude = new ClaudeCode(env, model);
        const add = ADD.replace("https://mcp.example.com/mcp", url).replace("8080", String(port));
        assert.match(await claude.run(add), /^Added HTTP MCP server reports /);
        assert.match(await claude.run("claude mcp list"), /^reports: .+ Needs authentication$/m);

        const asked = await claude.logIn(LOG_IN);
        // The address that docs/connect.md has PropelAuth allow.
        const back = asked.searchParams.get("redirect_uri");
        assert.equal(back, `http://localhost:${port}/callback`);
        assert.equal(asked.searchParams.get("resource"), url);
        assert.match(await claude.run("claude mcp list"), /^reports: .+ Connected$/m);

        await claude.run(`claude --print "Who am I?" --allowedTools ${tool}`);
        assert(model.offered.includes(tool), model.offered.join());
        assert.equal(model.results.length, 1);
        assertCaller(model.results[0]);
      }),
  );
}

test("Claude Code says which scope a tool needs, and asks for it at the next login", {
  timeout: 60_000,
}, () =>
  serving(withScopes, async (url, port, env) => {
    const tool = "mcp__reports__add_report";
    await using model = await startScriptedModel("add_report", { title: "Second quarter" });
    const claude = new ClaudeCode(env, model);
    await claude.run(ADD.replace("https://mcp.example.com/mcp", url).replace("8080", String(port)));
    await claude.logIn(LOG_IN, { scopes: ["read:reports"] });
    const ask = `claude --print "Add a report" --allowedTools ${tool}`;
    await claude.run(ask);
    assert.match(JSON.stringify(model.results[0]), /additional permissions.+write:reports/);

    const asked = await claude.logIn(LOG_IN);
    assert.equal(asked.searchParams.get("scope"), "read:reports write:reports");
    await claude.run(ask);
    assert.match(JSON.stringify(model.results[1]), /"text":"Added Second quarter"/);
  }));
