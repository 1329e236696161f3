/** Runs the commands of docs/setup.md as printed, from its `.env` to the first call, and then the doctor. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { authorizeAs, startLocalPropelAuth } from "@x/propelauth-local";
import { block, command } from "../support/guides.ts";
import { freePort } from "../support/ports.ts";
import { parseTask, run, start, variablesOf } from "../support/programs.ts";

test("docs/setup.md leads from .env to a caller that the server knows", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  const [port, callbackPort] = [await freePort(), await freePort()].map(String);
  const elsewhere = (line: string) => line.replace(":8000", `:${port}`);
  const cwd = await Deno.makeTempDir();
  try {
    const printed = parseEnv(block("setup.md", "ini"));
    const example = parseEnv(
      await readFile(new URL("../../.env.example", import.meta.url), "utf8"),
    );
    assert.deepEqual(Object.keys(printed), Object.keys(example));
    const values: Record<string, string> = variablesOf(
      local,
      elsewhere(printed["SERVER_URL"] ?? ""),
    );
    const filledIn = block("setup.md", "ini").trim().split("\n").map((line) => {
      const [name = ""] = line.split("=");
      return `${name}=${values[name]}\n`;
    });
    await writeFile(join(cwd, ".env"), filledIn.join(""));

    await using server = start(...parseTask(command("setup.md", "deno task serve")), { cwd });
    await server.until(/MCP endpoint: .+\n/);

    const line = elsewhere(command("setup.md", "deno task client "));
    const [task, args] = parseTask(line.replace("8976", callbackPort ?? ""));
    await using client = start(task, args, { cwd });
    const loginUrl = await client.until(/http\S+authorize\S+(?=\n)/);
    const back = new URL(loginUrl).searchParams.get("redirect_uri");
    assert.equal(back, `http://127.0.0.1:${callbackPort}/callback`);
    const page = await fetch(await authorizeAs(loginUrl, "owner@acme.example"));
    assert.equal(page.status, 200, await page.text());
    const { code, stdout, stderr } = await client.outcome;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /whoami +email: owner@acme\.example\n/);

    const asked = parseTask(elsewhere(command("troubleshoot.md", "deno task doctor ")));
    const report = await run(...asked, { cwd });
    assert.deepEqual([report.code, report.stderr], [0, ""], report.stdout);
    assert.match(report.stdout, /\n\nFine\. /);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
