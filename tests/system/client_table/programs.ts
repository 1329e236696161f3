/**
 * The programs with a model, as docs/connect.md and their own documents have them set up.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { root } from "../../support/root.ts";
import type { Command } from "./driver.ts";
import type { Program, Surroundings } from "./program.ts";
import { TERMINAL_PROGRAMS } from "./terminal_programs.ts";

const TOOLS = fileURLToPath(new URL(".ci/tools/node_modules/.bin/", root));

/** Runs a command to its end; throws with what it printed when that is not a good one. */
async function run(around: Surroundings, command: Command, seconds = 60): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: [String(seconds), command.program, ...command.args],
    cwd: command.cwd,
    env: { ...around.env, ...command.env },
    clearEnv: true,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`${command.program.split("/").at(-1)}: ${text.slice(-400)}`);
  return text;
}

/** A line at a terminal, as programs want that open a browser. */
function atTerminal(around: Surroundings, line: string, env = {}): Command {
  return { program: "script", args: ["-qec", line, "/dev/null"], cwd: around.home, env };
}

const claudeCode: Program = {
  idleTool: "WaitForMcpServers",
  async logIn(around, modelUrl) {
    const env = claudeEnv(modelUrl);
    const add = `${TOOLS}claude mcp add --transport http --callback-port 8080 reports`;
    await run(around, atTerminal(around, `${add} ${around.mcpUrl}`, env));
    await run(around, atTerminal(around, `${TOOLS}claude mcp login reports`, env));
  },
  ask: (around, modelUrl) => ({
    program: `${TOOLS}claude`,
    args: ["--print", "Go", "--allowedTools", "mcp__reports__whoami,mcp__reports__write_report"],
    cwd: around.home,
    env: { ...around.env, ...claudeEnv(modelUrl) },
  }),
};

function claudeEnv(modelUrl: string): Record<string, string> {
  return {
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: "none",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    // The tools are there from the first question on.
    ENABLE_TOOL_SEARCH: "false",
    MCP_CONNECTION_NONBLOCKING: "false",
  };
}

const codex: Program = {
  idleTool: "get_goal",
  async logIn(around) {
    const add = `${TOOLS}codex mcp add -c mcp_oauth_callback_port=8081 reports`;
    await run(around, atTerminal(around, `${add} --url ${around.mcpUrl}`));
  },
  ask(around, modelUrl) {
    const provider = `{ name = "scripted", base_url = "${modelUrl}/v1", wire_api = "responses" }`;
    const settings = ['model_provider="scripted"', `model_providers.scripted=${provider}`];
    const flags = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
    const given = settings.flatMap((one) => ["-c", one]);
    return {
      program: `${TOOLS}codex`,
      args: [...flags, "--model", "gpt-5-codex", ...given, "Go"],
      cwd: around.home,
      env: around.env,
    };
  },
};

const openCode: Program = {
  async logIn(around, modelUrl) {
    await Deno.writeTextFile(`${around.home}/opencode.json`, openCodeConfig(around, modelUrl));
    await run(around, atTerminal(around, `${openCodePath(around)} mcp auth reports`));
  },
  ask(around, modelUrl) {
    Deno.writeTextFileSync(`${around.home}/opencode.json`, openCodeConfig(around, modelUrl));
    return {
      program: openCodePath(around),
      args: ["run", "--model", "scripted/model", "Go"],
      cwd: around.home,
      env: around.env,
    };
  },
};

function openCodePath({ folder }: Surroundings): string {
  return `${folder}/node_modules/opencode-linux-x64/bin/opencode`;
}

function openCodeConfig({ mcpUrl }: Surroundings, modelUrl: string): string {
  const provider = {
    npm: "@ai-sdk/openai-compatible",
    name: "scripted",
    options: { baseURL: `${modelUrl}/v1`, apiKey: "none" },
    models: { model: { name: "model", tool_call: true } },
  };
  return JSON.stringify({
    autoupdate: false,
    provider: { scripted: provider },
    mcp: { reports: { type: "remote", url: mcpUrl, enabled: true } },
    permission: "allow",
  });
}

/** The programs by their ids in `clients.ts`. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  claude_code: claudeCode,
  codex,
  opencode: openCode,
  ...TERMINAL_PROGRAMS,
};
