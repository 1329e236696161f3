/**
 * Both packages from a registry: published by `deno publish`, then installed into a fresh Deno
 * project and a fresh Node project, each of which logs nobody in by hand: `.ci/consumer.ts` starts a
 * server and a local PropelAuth and makes one call without and one with a token.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withSetup } from "../../entries/doctor/setup.ts";
import { block, command, commands, GUIDES } from "../../support/guides.ts";
import { freePort } from "../../support/ports.ts";
import { buildImage } from "./image.ts";
import { startRegistry } from "./registry.ts";
import { root } from "../../support/root.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(root);
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
  await copyFile(join(ROOT, ".ci/consumer.ts"), join(cwd, "main.ts"));
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
  for (const member of [ROOT, join(ROOT, "local")]) {
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

/** Runs a printed line in a project, with this Deno and the pinned programs of `npx`. */
async function shell(line: string, cwd: string, more: Record<string, string> = {}) {
  const PATH = [dirname(deno), join(ROOT, ".ci/tools/node_modules/.bin"), process.env["PATH"]];
  const pinned = `npx() { "$@"; }; ${line}`;
  const options = { cwd, env: { ...env, ...more, PATH: PATH.join(delimiter) } };
  return await run("bash", ["-c", pinned], options);
}

test("a fresh Deno project adds the packages as the guides say, and makes an authenticated call", async () => {
  const cwd = await createProject("deno-project", { "deno.json": {} });
  const line = command("setup.md", "deno add ");
  assert.equal(command("README.md", "deno add "), line);
  await shell(line, cwd);
  await shell(command("local/README.md", "deno add "), cwd);
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
  const line = command("setup.md", "npx jsr add ");
  assert.equal(command("README.md", "npx jsr add "), line);
  await shell(line, cwd);
  await shell(command("local/README.md", "npx jsr add "), cwd);
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
  const lines = commands("doctor.md", "deno run ");
  assert.equal(lines.length, 2);
  const cwd = join(folder, "deno-project");
  await withDoctor(async (variables, url) => {
    await writeEnv(cwd, variables);
    for (const line of lines) {
      const { stdout } = await shell(line.replace("https://mcp.example.com/mcp", url), cwd);
      assert.match(stdout, /\n\nFine\. All 29 checks passed\.\n$/);
    }
  });
});

test("the doctor is run from the registry as README.md says", async () => {
  const line = "deno run --allow-net --allow-env jsr:@x/propelauth-mcp/doctor";
  assert(GUIDES.get("README.md")?.includes(`\`${line} [server URL]\``));
  await withDoctor(async (variables, url) => {
    const { stdout } = await shell(`${line} ${url}`, join(folder, "deno-project"), variables);
    assert.match(stdout, /\n\nFine\. All 29 checks passed\.\n$/);
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
    assert.match(stdout, /\n\nFine\. All 29 checks passed\.\n$/);
  });
});

/** Starts a server, and gives it to `act` once it answers. */
async function serving(
  [program, ...args]: string[],
  cwd: string,
  more: Record<string, string>,
  origin: string,
  act: () => Promise<void>,
): Promise<void> {
  const child = spawn(program ?? "", args, { cwd, env: { ...env, ...more }, stdio: "inherit" });
  const ended = once(child, "exit");
  try {
    while (child.exitCode === null) {
      const answer = await fetch(origin).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer !== undefined) return await act();
    }
    assert.fail(`ended with ${child.exitCode}`);
  } finally {
    child.kill();
    await ended;
  }
}

/** The refusal of a client without a token, and the address of the metadata. */
async function assertGuarded(origin: string, serverUrl: string): Promise<void> {
  const refused = await fetch(`${origin}/mcp`, { method: "POST" });
  await refused.body?.cancel();
  assert.equal(refused.status, 401);
  const metadataUrl = `${serverUrl}/.well-known/oauth-protected-resource/mcp`;
  assert(refused.headers.get("WWW-Authenticate")?.includes(`resource_metadata="${metadataUrl}"`));
}

const VARIABLES = {
  PROPELAUTH_AUTH_URL: "https://auth.example.com",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
};

test("docs/deploy.md's image is built of a project, and serves", { timeout: 120_000 }, async () => {
  const context = await createProject("image-project", {
    "deno.json": {},
    "main.ts": block("deploy.md", "ts", "/healthz"),
  });
  await shell(command("setup.md", "deno add "), context);
  const dockerfile = block("deploy.md", "dockerfile");
  const root = join(folder, "image");
  await mkdir(root);
  const image = await buildImage(dockerfile, context, root, (line, cwd) => shell(line, cwd));
  assert.equal(image.port, 8000);
  const port = String(await freePort());
  const origin = `http://127.0.0.1:${port}`;
  const serverUrl = "https://mcp.example.com";
  const variables = { ...VARIABLES, SERVER_URL: serverUrl, PORT: port };
  // The image holds all that its program needs: nothing is fetched when it starts.
  const [verb = "", ...args] = image.command;
  const program = [deno, verb, "--cached-only", ...args];
  await serving(program, image.workingDirectory, variables, origin, async () => {
    assert.equal(await (await fetch(`${origin}/healthz`)).text(), "ok");
    await assertGuarded(origin, serverUrl);
  });
});

test("README.md's server for Node runs as it says", { timeout: 120_000 }, async () => {
  const cwd = join(folder, "node-project");
  const line = command("README.md", "node --env-file=.env ");
  const port = String(await freePort());
  const source = block("README.md", "ts", "@hono/node-server").replace("8000", port);
  assert.doesNotMatch(source, /Deno|jsr:|npm:/);
  const origin = `http://127.0.0.1:${port}`;
  await shell(`${command("setup.md", "npm install ")} --no-audit --no-fund --loglevel error`, cwd);
  await writeFile(join(cwd, "server.ts"), source);
  await run(deno, ["transpile", "--quiet", "server.ts", "--output", "server.mjs"], { cwd });
  await writeEnv(cwd, { ...VARIABLES, SERVER_URL: origin });
  await serving(line.split(" "), cwd, {}, origin, () => assertGuarded(origin, origin));
});

async function writeEnv(cwd: string, variables: Record<string, string>): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(cwd, ".env"), lines.join(""));
}
