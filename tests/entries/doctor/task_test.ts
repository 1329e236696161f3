/** The doctor as the guides start it: its task, and its address in the registry. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withSetup } from "./setup.ts";
import { run } from "../../support/programs.ts";
import { root } from "../../support/root.ts";

const guide = readFileSync(new URL("docs/doctor.md", root), "utf8");

test("`deno task doctor` reads the environment, and a token from standard input", async () => {
  await withSetup({}, async ({ env, serverUrl, token }) => {
    const { code, stdout, stderr } = await run("doctor", [serverUrl, "--token"], {
      env,
      stdin: `${token}\n`,
    });
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, /\n\nFine\. All 29 checks passed\.\n$/);
    const wrong = { ...env, PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "of-another-environment" };
    const { code: failed, stdout: report } = await run("doctor", [], { env: wrong });
    assert.equal(failed, 1);
    assert.match(report, /✗ Credentials {8}401: the client id or secret is wrong/);
  });
});

test("`deno task -q doctor` prints the report alone", async () => {
  await withSetup({}, async ({ env, token }) => {
    const { code, stdout, stderr } = await runDeno(["task", "-q", "doctor"], {
      ...env,
      PROPELAUTH_TOKEN: token,
      PROPELAUTH_REQUIRED_SCOPES: "",
    });
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, /^Settings\n/);
  });
});

test("docs/doctor.md starts the program as it can be started", async () => {
  const commands = readCommands();
  assert(commands.length > 0);
  await withSetup({}, async ({ env, serverUrl, token }) => {
    for (const [, flags = "", program = "", url] of commands) {
      const args = [...flags.split(" "), program, ...(url ? [serverUrl] : [])];
      const { code, stdout } = await start(args, { ...env, PROPELAUTH_TOKEN: token });
      assert.equal(code, 0, stdout);
      assert.match(stdout, /Fine\. All 29 checks passed/);
    }
  });
});

test("docs/doctor.md names the permission that --env needs", async () => {
  const [, flags = "", program = ""] = readCommands()[0] ?? [];
  const permissions = flags.split(" ").filter((flag) => flag.startsWith("--allow-"));
  await withSetup({}, async ({ env, token }) => {
    const file = Deno.makeTempFileSync();
    try {
      const lines = Object.entries({ ...env, PROPELAUTH_TOKEN: token }).map((pair) =>
        pair.join("=")
      );
      Deno.writeTextFileSync(file, lines.join("\n"));
      const refused = await start([...permissions, program, "--env", file], {});
      assert.deepEqual(refused, {
        code: 1,
        stdout: "",
        stderr: "The file of --env cannot be read: NotCapable. Start Deno with --allow-read\n",
      });
      const allowed = await start([...permissions, "--allow-read", program, "--env", file], {});
      assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
    } finally {
      Deno.removeSync(file);
    }
  });
  assert.match(guide, /\| `--env FILE` .+`--allow-read`/);
});

/** The lines of the guide that start the program from the registry. */
function readCommands(): RegExpExecArray[] {
  return [...guide.matchAll(/^deno run (.+) (jsr:\S+)( https:\S+)?$/gm)];
}

/** Runs `deno run`. Within this workspace the package's name is the working tree. */
async function start(args: readonly string[], env: Record<string, string>) {
  const config = `--config=${fileURLToPath(new URL("deno.json", root))}`;
  return await runDeno(["run", "-q", config, ...args], env);
}

async function runDeno(args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { ...env, NO_COLOR: "1", DENO_NO_PROMPT: "1" },
    cwd: fileURLToPath(new URL("docs/", root)),
    stdin: "null",
  }).output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out, stderr: err };
}
