/**
 * The programs with a model that log in at their own terminal, and one without a login.
 *
 * @module
 */
import { dirname } from "node:path";
import { block, command } from "../../support/guides.ts";
import type { Program, Surroundings } from "./program.ts";
import { typeAnswers } from "./terminal.ts";

const MCP_URL = "https://mcp.example.com/mcp";
const GEMINI = block("connect.md", "json", "redirectUri");
const QWEN = block("connect.md", "json", "registrationUrl");
const COPILOT = block("connect.md", "json", "redirectPort");
const CLINE_ADD = command("connect.md", "cline mcp add ");
const CONTINUE = block("connect.md", "yaml", "requestOptions");

/** Cline takes a single word for a command. */
const PROMPT = "Go on";
const DOWN = "\x1b[B";

const geminiCli: Program = {
  pause: { tool: "list_background_processes", seconds: 30 },
  async logIn(around, modelUrl) {
    writeSettings(around, ".gemini/settings.json", {
      ...settingsOf(around, GEMINI),
      security: { auth: { selectedType: "gemini-api-key" }, folderTrust: { enabled: false } },
      general: { enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      // The model of the scenarios repeats its calls.
      model: { disableLoopDetection: true },
    });
    await typeAnswers(
      {
        program: bin(around, "gemini"),
        args: [],
        cwd: around.home,
        env: geminiEnv(around, modelUrl),
      },
      [
        [/Type your message/, "/mcp auth reports"],
        [/> \/mcp auth reports/, "\r"],
        [/Do you want to continue\?.+1\. Yes/, "\r"],
        [/Successfully authenticated/, ""],
      ],
      /Failed to authenticate.+?(?= \? for shortcuts)/,
    );
  },
  ask: (around, modelUrl) => ({
    program: bin(around, "gemini"),
    args: ["--yolo", "--model", "gemini-2.5-flash", "--prompt", PROMPT],
    cwd: around.home,
    env: geminiEnv(around, modelUrl),
  }),
};

function geminiEnv({ env }: Surroundings, modelUrl: string): Record<string, string> {
  return { ...env, GEMINI_API_KEY: "none", GOOGLE_GEMINI_BASE_URL: modelUrl };
}

const qwenCode: Program = {
  pause: { tool: "get_goal", seconds: 100 },
  async logIn(around, modelUrl) {
    const issuer = await findIssuer(around.mcpUrl);
    writeSettings(around, ".qwen/settings.json", {
      ...settingsOf(around, QWEN.replaceAll("https://auth.example.com/oauth/2.1", issuer)),
      security: { auth: { selectedType: "openai" }, folderTrust: { enabled: false } },
      general: { enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      // The model is offered the tools themselves, and not a search for them.
      tools: { toolSearch: { enabled: false } },
    });
    await typeAnswers(
      { program: bin(around, "qwen"), args: [], cwd: around.home, env: qwenEnv(around, modelUrl) },
      [
        [/Type your message/, "/mcp"],
        [/Open MCP management dialog/, "\r"],
        [/needs authentication/, "\r"],
        [/Reconnect/, DOWN],
        [/Disable/, DOWN],
        [/Authenticate/, "\r"],
        [/connected/, ""],
      ],
      /(?:Authentication failed|Failed to).+?(?= │)/,
    );
  },
  ask: (around, modelUrl) => ({
    program: "node",
    // The program `qwen` would start this file in a second process, which outlives the first.
    args: [`${around.folder}/node_modules/@qwen-code/qwen-code/cli.js`, "--yolo", PROMPT],
    cwd: around.home,
    env: qwenEnv(around, modelUrl),
  }),
};

function qwenEnv({ env }: Surroundings, modelUrl: string): Record<string, string> {
  const model = {
    OPENAI_API_KEY: "none",
    OPENAI_BASE_URL: `${modelUrl}/v1`,
    OPENAI_MODEL: "model",
  };
  return { ...env, ...model };
}

/** The URL below which PropelAuth's endpoints are; the user of Qwen Code has to know it. */
async function findIssuer(mcpUrl: string): Promise<string> {
  const { origin, pathname } = new URL(mcpUrl);
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const { authorization_servers: [issuer] } = await metadata.json();
  return issuer;
}

const copilotCli: Program = {
  idleTool: "list_agents",
  remembersTools: true,
  thinkingSeconds: 5,
  async logIn(around, modelUrl) {
    writeSettings(around, ".copilot/mcp-config.json", settingsOf(around, COPILOT));
    await typeAnswers(
      {
        program: `${copilotPath(around)} --disable-builtin-mcps`,
        args: [],
        cwd: around.home,
        env: copilotEnv(around, modelUrl),
      },
      // The browser opens as soon as the program has started.
      [[/Do you trust the files in this folder\?/, "\r"], [/1 server connected/, ""]],
      /MCP server 'reports' requires authentication\. Use \/mcp auth reports to connect\./,
    );
  },
  ask: (around, modelUrl) => ({
    program: copilotPath(around),
    args: ["--allow-all-tools", "--disable-builtin-mcps", "--prompt", PROMPT],
    cwd: around.home,
    env: copilotEnv(around, modelUrl),
  }),
};

function copilotPath({ folder }: Surroundings): string {
  return `${folder}/node_modules/@github/copilot-linux-x64/copilot`;
}

function copilotEnv({ env }: Surroundings, modelUrl: string): Record<string, string> {
  return {
    ...env,
    COPILOT_PROVIDER_BASE_URL: `${modelUrl}/v1`,
    COPILOT_MODEL: "gpt-4.1",
    COPILOT_OFFLINE: "true",
    COPILOT_AUTO_UPDATE: "false",
  };
}

const cline: Program = {
  async logIn(around) {
    const add = CLINE_ADD.replace(/^cline/, clinePath(around)).replace(MCP_URL, around.mcpUrl);
    await typeAnswers(
      { program: add, args: [], cwd: around.home, env: clineEnv(around) },
      [[/Installed MCP server reports/, ""]],
      /error.*/,
    );
    await typeAnswers(
      { program: `${clinePath(around)} mcp`, args: [], cwd: around.home, env: clineEnv(around) },
      [
        [/What would you like to do\?.*Enter: confirm/, DOWN],
        [/Enter: confirm/, DOWN],
        [/Enter: confirm/, DOWN],
        [/Enter: confirm/, DOWN],
        [/Enter: confirm/, "\r"],
        [/Enter: confirm/, "\r"],
        [/OAuth authorization completed/, ""],
      ],
      /[^│◆▲●■]*\bfailed: [^│]+/,
    );
  },
  ask(around, modelUrl) {
    writeSettings(around, ".cline/data/settings/providers.json", {
      version: 1,
      lastUsedProvider: "openai-compatible",
      providers: {
        "openai-compatible": {
          settings: {
            provider: "openai-compatible",
            apiKey: "none",
            model: "model",
            baseUrl: `${modelUrl}/v1`,
          },
          updatedAt: "2026-01-01T00:00:00.000Z",
          tokenSource: "manual",
        },
      },
    });
    return {
      program: clinePath(around),
      args: ["--auto-approve", "true", PROMPT],
      cwd: around.home,
      env: clineEnv(around),
    };
  },
};

function clinePath({ folder }: Surroundings): string {
  return `${folder}/node_modules/@cline/cli-linux-x64/bin/cline`;
}

function clineEnv({ env }: Surroundings): Record<string, string> {
  // Without this setting Cline leaves a daemon running.
  return { ...env, CLINE_SESSION_BACKEND_MODE: "local" };
}

/** Continue has no login: its configuration contains the token. */
const continueCli: Program = {
  logIn: () => Promise.resolve(),
  ask(around, modelUrl) {
    const model = [
      "name: scripted",
      "version: 1.0.0",
      "schema: v1",
      "models:",
      "  - name: model",
      "    provider: openai",
      "    model: model",
      `    apiBase: ${modelUrl}/v1`,
      "    apiKey: none",
      "    roles: [chat]",
      "    capabilities: [tool_use]",
      CONTINUE.replace(MCP_URL, around.mcpUrl).replace(
        "YOUR_API_KEY",
        around.env["MCP_TOKEN"] ?? "",
      ),
    ];
    Deno.writeTextFileSync(`${around.home}/config.yaml`, model.join("\n"));
    return {
      program: bin(around, "cn"),
      args: ["--config", "config.yaml", "--auto", "--print", PROMPT],
      cwd: around.home,
      env: around.env,
    };
  },
};

function bin({ folder }: Surroundings, name: string): string {
  return `${folder}/node_modules/.bin/${name}`;
}

/** The settings of a block of docs/connect.md, for the server of the scenario. */
function settingsOf({ mcpUrl }: Surroundings, block: string): Record<string, unknown> {
  return JSON.parse(block.replaceAll(MCP_URL, mcpUrl));
}

/** Writes a file of settings into the program's home. */
function writeSettings({ home }: Surroundings, path: string, settings: object): void {
  const file = `${home}/${path}`;
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeTextFileSync(file, JSON.stringify(settings));
}

/** The programs by their ids in `clients.ts`. */
export const TERMINAL_PROGRAMS: Readonly<Record<string, Program>> = {
  gemini_cli: geminiCli,
  qwen_code: qwenCode,
  copilot_cli: copilotCli,
  cline,
  continue_cli: continueCli,
};
