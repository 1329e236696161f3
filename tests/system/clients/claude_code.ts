/**
 * Claude Code with a scripted model.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { LocalConsentChoice } from "@x/propelauth-local";
import type { ScriptedModel } from "./scripted_model.ts";
import { runLogin } from "./served_examples.ts";

/** Claude Code in a home of its own. */
export class ClaudeCode {
  readonly #env: Record<string, string>;

  constructor(env: Record<string, string>, model: ScriptedModel) {
    this.#env = {
      ...env,
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: "none",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      // The tools are there from the first question on.
      ENABLE_TOOL_SEARCH: "false",
      MCP_CONNECTION_NONBLOCKING: "false",
    };
  }

  /** Runs a line to its end, which has to be a good one. */
  async run(line: string): Promise<string> {
    const done = promisify(execFile)("bash", ["-c", line], {
      env: this.#env,
      cwd: this.#env["HOME"],
    });
    done.child.stdin?.end();
    return (await done).stdout;
  }

  /** Logs in by a line; gives the address that the user was sent to. */
  logIn(line: string, choice?: LocalConsentChoice): Promise<URL> {
    return runLogin(line, this.#env, choice);
  }
}
