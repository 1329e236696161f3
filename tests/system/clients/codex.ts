/**
 * Codex with a scripted model.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ScriptedModel } from "./scripted_model.ts";

/**
 * Asks the scripted model something; its results then have what Codex told it about the tool.
 *
 * @param model The model.
 * @param env The environment of Codex.
 */
export async function askCodex(model: ScriptedModel, env: Record<string, string>): Promise<void> {
  const provider = `{ name = "scripted", base_url = "${model.url}/v1", wire_api = "responses" }`;
  const settings = ['model_provider="scripted"', `model_providers.scripted=${provider}`];
  const args = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
  const done = promisify(execFile)(
    "codex",
    [...args, "--model", "gpt-5-codex", ...settings.flatMap((one) => ["-c", one]), "Who am I?"],
    { env, cwd: env["HOME"] ?? "." },
  );
  done.child.stdin?.end();
  await done;
}
