/** The doctor as a process of its own: what the runtime does with its arguments and its pipes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withSetup } from "./setup.ts";

const fromSource = /\.ts$/.test(import.meta.url);

/** Runs the program; without a reader its pipe is closed at once. */
async function run(args: readonly string[], env: Record<string, string>, hasReader = true) {
  const file = new URL(`process.${fromSource ? "ts" : "js"}`, import.meta.url);
  const runtime = fromSource ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...runtime, fileURLToPath(file), ...args], {
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (!hasReader) child.stdout.destroy();
  const giveUp = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [stdout, stderr, [code]] = await Promise.all([
    hasReader ? text(child.stdout) : "",
    text(child.stderr),
    once(child, "exit"),
  ]);
  clearTimeout(giveUp);
  return { code, stdout, stderr };
}

test("runDoctor() names the error when the file of --env is missing, and no runtime does before it", async () => {
  for (const args of [["--env", "nowhere.env"], ["--env=nowhere.env"]]) {
    assert.deepEqual(await run(args, {}), {
      code: 1,
      stdout: "",
      stderr: "The file of --env cannot be read: ENOENT\n",
    });
  }
});

test("runDoctor() keeps its exit code when the reader of its report goes away", async () => {
  await withSetup({}, async ({ env, token }) => {
    const variables = { ...env, PROPELAUTH_TOKEN: token };
    for (const args of [[], ["--json"]]) {
      const fine = await run(args, variables, false);
      assert.deepEqual(fine, { code: 0, stdout: "", stderr: "" });
      const wrong = { ...variables, PROPELAUTH_INTROSPECTION_CLIENT_ID: "another" };
      const notFine = await run(args, wrong, false);
      assert.deepEqual(notFine, { code: 1, stdout: "", stderr: "" });
    }
  });
});
