/**
 * Both packages from a registry: published by `deno publish`, then installed into a fresh Deno
 * project and a fresh Node project, each of which logs nobody in by hand: `.ci/consumer.ts` starts a
 * server and a local PropelAuth and makes one call without and one with a token.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withSetup } from "../doctor_support.ts";
import { block, command, commands, GUIDES } from "../guides.ts";
import { startRegistry } from "./registry.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const deno = Deno.execPath();
const PACKAGES = ["@x/propelauth-mcp", "@x/propelauth-local"];

const folder = await mkdtemp(join(tmpdir(), "jsr-"));
const registry = await startRegistry(deno, folder);
after(async () => {
  await registry.close();
  await rm(folder, { recursive: true });
});
const env = { ...process.env, JSR_URL: `${registry.url}/`, DENO_DIR: join(folder, "cache") };

/** An empty project with the program that uses the packages. */
async function createProject(name: string, files: Record<string, unknown>): Promise<string> {
  const cwd = join(folder, name);
  await mkdir(cwd);
  await copyFile(join(root, ".ci/consumer.ts"), join(cwd, "main.ts"));
  const entries = [...registry.published].flatMap(([name, { exports }]) =>
    Object.keys(exports).map((path) => name + path.slice(1))
  );
  assert(entries.length > PACKAGES.length);
  const imports = entries.map((entry) => `await import(${JSON.stringify(entry)});`);
  await writeFile(join(cwd, "entries.ts"), imports.join("\n"));
  for (const [file, content] of Object.entries(files)) {
    await writeFile(
      join(cwd, file),
      typeof content === "string" ? content : JSON.stringify(content),
    );
  }
  return cwd;
}

test("deno publish sends both packages, imports resolved, and nothing but what belongs there", async () => {
  for (const member of [root, join(root, "local")]) {
    const args = ["publish", "--token", "none", "--no-provenance", "--allow-dirty"];
    const { stderr } = await run(deno, args, {
      cwd: member,
      env: { ...process.env, JSR_URL: env.JSR_URL },
    });
    assert.doesNotMatch(stderr, /warning/i);
  }
  assert.deepEqual([...registry.published.keys()].sort(), [...PACKAGES].sort());
  for (const [name, { files, manifest }] of registry.published) {
    const papers = [...files.keys()].filter((path) => !/^(src\/.*|mod)\.ts$/.test(path)).sort();
    assert.deepEqual(papers, ["LICENSE", "README.md", "deno.json"], name);
    assert.deepEqual(
      Object.keys(manifest["dependencies"] ?? {}),
      name === "@x/propelauth-local" ? ["oidc-provider"] : [],
    );
    for (const [path, bytes] of files) {
      if (!path.endsWith(".ts")) continue;
      const text = new TextDecoder().decode(bytes).replace(/^ *(\*|\/\/).*$/gm, "");
      for (
        const [, specifier = ""] of text.matchAll(/^(?:import|export) [^;]*? from "([^"]+)"/gm)
      ) {
        assert.match(specifier, /^(\.{1,2}\/.+\.ts|node:.+|npm:.+@\d.*)$/, `${path} of ${name}`);
      }
    }
  }
});

/** The command that README.md and docs/setup.md both print. */
function printed(start: string): string {
  const line = command("setup.md", start);
  assert.equal(command("README.md", start), line);
  return line;
}

/** Runs a printed line in a project, with this Deno and the pinned programs of `npx`. */
async function shell(line: string, cwd: string, more: Record<string, string> = {}) {
  const PATH = [dirname(deno), join(root, ".ci/tools/node_modules/.bin"), process.env["PATH"]];
  const pinned = `npx() { "$@"; }; ${line}`;
  const options = { cwd, env: { ...env, ...more, PATH: PATH.join(delimiter) } };
  return await run("bash", ["-c", pinned], options);
}

test("a fresh Deno project adds the packages as the guides say, and makes an authenticated call", async () => {
  const cwd = await createProject("deno-project", { "deno.json": {} });
  await shell(printed("deno add "), cwd);
  await shell("deno add jsr:@x/propelauth-local", cwd);
  const { imports } = JSON.parse(await readFile(join(cwd, "deno.json"), "utf8"));
  assert.deepEqual(Object.keys(imports).sort(), [...PACKAGES].sort());
  await run(deno, ["check", "main.ts", "entries.ts"], { cwd, env });
  await run(deno, ["run", "--no-prompt", "--ignore-env", "entries.ts"], { cwd, env });
  const args = ["run", "--no-prompt", "--allow-net=127.0.0.1", "--ignore-env", "main.ts"];
  const { stdout } = await run(deno, args, { cwd, env });
  assert.match(stdout, /The packages work on/);
});

test("a fresh Node project adds the packages as the guides say, and makes an authenticated call", async () => {
  const cwd = await createProject("node-project", {
    "package.json": { private: true, type: "module" },
    // Where `npx jsr add` finds such a line it leaves it; JSR's own is what it writes.
    ".npmrc": `@jsr:registry=${registry.url}\n`,
  });
  await shell(printed("npx jsr add "), cwd);
  await shell("npx jsr add @x/propelauth-local", cwd);
  const { dependencies } = JSON.parse(await readFile(join(cwd, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(dependencies).sort(), [...PACKAGES].sort());
  for (const name of ["main", "entries"]) {
    await run(deno, ["transpile", "--quiet", `${name}.ts`, "--output", `${name}.js`], { cwd });
  }
  await run("node", ["entries.js"], { cwd });
  const { stdout } = await run("node", ["main.js"], { cwd });
  assert.match(stdout, /The packages work on/);
});

/** Sets up what the doctor is asked about, and gives the environment that it reads. */
async function withDoctor(act: (env: Record<string, string>, url: string) => Promise<void>) {
  await withSetup(
    {},
    ({ env, serverUrl, token }) => act({ ...env, PROPELAUTH_TOKEN: token }, serverUrl),
  );
}

test("the doctor is run from the registry as docs/doctor.md says", async () => {
  const lines = commands("doctor.md").filter((line) => line.startsWith("deno run "));
  assert.equal(lines.length, 2);
  const cwd = join(folder, "deno-project");
  await withDoctor(async (variables, url) => {
    await writeEnv(cwd, variables);
    for (const line of lines) {
      const { stdout } = await shell(line.replace("https://mcp.example.com/mcp", url), cwd);
      assert.match(stdout, /\n\nFine\. All 27 checks passed\.\n$/);
    }
  });
});

test("the doctor is run on Node as docs/doctor.md says", async () => {
  const cwd = join(folder, "node-project");
  await writeFile(join(cwd, "doctor.mjs"), block("doctor.md", "js ignore"));
  const line = "node --env-file=.env doctor.mjs";
  assert(GUIDES.get("doctor.md")?.replaceAll("\n", " ").includes(`\`${line} [server URL]\``));
  await withDoctor(async (variables, url) => {
    await writeEnv(cwd, variables);
    const { stdout } = await shell(`${line} ${url}`, cwd);
    assert.match(stdout, /\n\nFine\. All 27 checks passed\.\n$/);
  });
});

async function writeEnv(cwd: string, variables: Record<string, string>): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(cwd, ".env"), lines.join(""));
}
