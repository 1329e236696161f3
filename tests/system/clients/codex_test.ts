/**
 * Codex as docs/connect.md sets it up: the guide's own command, which logs in at once, and calls of
 * tools. Only the user at the browser is played, and the model, which asks for the tool.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { command, GUIDES } from "../../support/guides.ts";
import { askCodex } from "./codex.ts";
import { startScriptedModel } from "./scripted_model.ts";
import { assertCaller, runLogin, SERVERS, serving, withScopes } from "./served_examples.ts";

const ADD = command("connect.md", "codex mcp add ");

for (const { server, run } of SERVERS) {
  test(
    `Codex logs in and calls a tool: ${server}`,
    { timeout: 60_000 },
    () =>
      serving(run, async (url, port, env) => {
        await using model = await startScriptedModel("whoami");
        const line = ADD.replace("https://mcp.example.com/mcp", url).replace("8080", String(port));
        const asked = await runLogin(line, env);
        // The address that docs/connect.md has PropelAuth allow.
        const back = asked.searchParams.get("redirect_uri");
        assert.equal(back, `http://127.0.0.1:${port}/callback`);
        assert.equal(asked.searchParams.get("resource"), url);
        await askCodex(model, env);
        assert(model.offered.includes("mcp__reports__whoami"), model.offered.join());
        assert.equal(model.results.length, 1);
        const { output } = model.results[0] as { output: { text: string }[] };
        assertCaller({ content: output.slice(1) });
      }),
  );
}

test("Codex says that a scope is missing, and asks for all of them at the next login", {
  timeout: 60_000,
}, () =>
  serving(withScopes, async (url, port, env) => {
    await using model = await startScriptedModel("add_report", { title: "Second quarter" });
    const line = ADD.replace("https://mcp.example.com/mcp", url).replace("8080", String(port));
    await runLogin(line, env, { scopes: ["read:reports"] });
    await askCodex(model, env);
    assert.match(JSON.stringify(model.results[0]), /tool call failed.+Insufficient scope/);

    const again = "codex mcp login -c mcp_oauth_callback_port=8080 reports";
    assert(GUIDES.get("connect.md")?.replaceAll("\n", " ").includes(`\`${again}\``));
    const asked = await runLogin(again.replace("8080", String(port)), env);
    assert.equal(asked.searchParams.get("redirect_uri"), `http://127.0.0.1:${port}/callback`);
    assert.equal(asked.searchParams.get("scope"), "read:reports write:reports admin:org");
    await askCodex(model, env);
    assert.match(JSON.stringify(model.results[1]), /"text":"Added Second quarter"/);
  }));
