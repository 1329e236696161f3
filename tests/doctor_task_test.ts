/** The doctor as the guides start it: its task, and its address in the registry. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withSetup } from "./doctor_support.ts";
import { run } from "./programs.ts";

const root = new URL("../", import.meta.url);

test("`deno task doctor` reads the environment, and a token from standard input", async () => {
  await withSetup({}, async ({ env, serverUrl, token }) => {
    const { code, stdout, stderr } = await run("doctor", [serverUrl, "--token"], {
      env,
      stdin: `${token}\n`,
    });
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, /\n\nFine\. All 27 checks passed\.\n$/);
    const wrong = { ...env, PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "of-another-environment" };
    const { code: failed, stdout: report } = await run("doctor", [], { env: wrong });
    assert.equal(failed, 1);
    assert.match(report, /✗ Credentials {8}401: the client id or secret is wrong/);
  });
});

test("docs/doctor.md starts the program as it can be started", async () => {
  const guide = readFileSync(new URL("docs/doctor.md", root), "utf8");
  const commands = [...guide.matchAll(/^deno run (.+) (jsr:\S+)( https:\S+)?$/gm)];
  assert(commands.length > 0);
  await withSetup({}, async ({ env, serverUrl, token }) => {
    for (const [, flags = "", program = "", url] of commands) {
      // Within this workspace the name is the working tree.
      const config = `--config=${fileURLToPath(new URL("deno.json", root))}`;
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", config, ...flags.split(" "), program, ...(url ? [serverUrl] : [])],
        env: { ...env, PROPELAUTH_TOKEN: token, NO_COLOR: "1" },
        cwd: fileURLToPath(new URL("docs/", root)),
        stdin: "null",
      }).output();
      const report = new TextDecoder().decode(stdout);
      assert.equal(code, 0, report);
      assert.match(report, /Fine\. All 27 checks passed/);
    }
  });
});
