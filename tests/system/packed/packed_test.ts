/**
 * The packed package as a Node project gets it, in a folder of its own, with the programs that such a
 * project uses beside it. Needs npm, Node and the program `script`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { shortDigest } from "../../../src/events/events.ts";
import { block, command, GUIDES } from "../../support/guides.ts";
import { assertObserved } from "../../entries/otel/assert_observed.ts";
import { startCollector } from "../../entries/otel/otlp_collector.ts";
import { root } from "../../support/root.ts";

const ROOT = fileURLToPath(root);
const { imports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
const PACKAGES = [
  ...["client", "server"].map((side) => imports[`@modelcontextprotocol/${side}`].slice(4)),
  "vitest@4.1.12",
];

const folder = mkdtempSync(join(tmpdir(), "packed-"));

/** Runs a program in the folder; fails with all that it said. */
async function run(command: string, args: string[], options: Deno.CommandOptions = {}) {
  const { code, signal, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: folder,
    ...options,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(code === 0 || signal === "SIGTERM", `${command} ${args.join(" ")}\n${out}\n${err}`);
  return { stdout: out ?? "", stderr: err ?? "" };
}

after(() => rmSync(folder, { recursive: true }));

const tarball = join(folder, "package.tgz");
const pack = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", tarball];
await run(Deno.execPath(), pack, { cwd: ROOT });
const add = [join(ROOT, ".ci/add_bin.mjs"), tarball];
await run("node", [...add, "propelauth-doctor", "src/entries/doctor/mod.js", "runDoctor"]);
const local = join(folder, "local.tgz");
await run(Deno.execPath(), [...pack.slice(0, -1), local], { cwd: join(ROOT, "local") });
await run("node", [
  ...[join(ROOT, ".ci/add_bin.mjs"), local, "propelauth-local", "mod.js", "runLocalPropelAuth"],
]);
writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
await run("npm", [
  "install",
  "--no-audit",
  "--no-fund",
  "--loglevel",
  "error",
  tarball,
  local,
  ...PACKAGES,
]);
cpSync(join(ROOT, "examples/testing"), folder, { recursive: true });
cpSync(join(ROOT, "tests/system/packed/observed_server.mjs"), join(folder, "server.js"));
cpSync(join(ROOT, "tests/system/packed/one_event.mjs"), join(folder, "one_event.mjs"));

test("the example tests fit the packed types, as a Node project compiles them", async () => {
  await run(join(ROOT, ".ci/node_modules/.bin/tsc"), [
    ...["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck"],
    ...["--target", "es2023", "--module", "nodenext", "--allowImportingTsExtensions"],
    ...["--typeRoots", join(ROOT, ".ci/node_modules/@types"), "--types", "node"],
    ...["node.test.ts", "vitest.test.ts"],
  ]);
});

test("`npx propelauth-doctor` and `npx propelauth-local` run the programs of the packages", async () => {
  const doctor = await run("sh", ["-c", "npx propelauth-doctor --help"]);
  assert.match(doctor.stdout, /^Finds out why clients cannot connect/);
  const started = await run("sh", ["-c", "npx propelauth-local --help"]);
  assert.match(started.stdout, /^Starts a local PropelAuth beside your own MCP server/);
});

test("examples/testing/node.test.ts passes with `node --test`", async () => {
  const compiled = join(folder, "compiled");
  await run(Deno.execPath(), [
    ...["transpile", "--quiet", "--outdir", compiled, "server.ts", "node.test.ts"],
  ]);
  const file = join(compiled, "node.test.js");
  writeFileSync(file, readFileSync(file, "utf8").replace("./server.ts", "./server.js"));
  const { stdout } = await run("node", ["--test", "--test-reporter=tap", file]);
  assert.match(stdout, /^# pass 4$/m);
  assert.match(stdout, /^# fail 0$/m);
});

test("examples/testing/vitest.test.ts passes with Vitest", async () => {
  const { stdout } = await run("npx", ["vitest", "run", "--reporter=json", "vitest.test.ts"]);
  const { success, numPassedTests, numTotalTests } = JSON.parse(stdout);
  assert.deepEqual({ success, numPassedTests, numTotalTests }, {
    success: true,
    numPassedTests: 4,
    numTotalTests: 4,
  });
});

test("otelEvents() is exported by the Node SDK, set up as docs/observe.md says", async () => {
  writeFileSync(join(folder, "telemetry.mjs"), block("observe.md", "js ignore", "telemetry.mjs"));
  const install = command("observe.md", "npm install ");
  const variables = command("observe.md", "export OTEL_SERVICE_NAME=");
  const start = command("observe.md", "node --import ");
  assert(install.includes(imports["@opentelemetry/api"].slice(4)), install);
  await run("sh", ["-c", `${install} --no-audit --no-fund --loglevel error`]);
  const collector = await startCollector();
  try {
    // The guide's port may be taken.
    const exported = variables.replace("http://127.0.0.1:4318", collector.endpoint);
    assert(exported.includes(collector.endpoint), variables);
    const { stdout } = await run("sh", ["-c", `${exported}; ${start}`], {
      env: { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
    });
    assertObserved(collector, JSON.parse(stdout));
  } finally {
    await collector.close();
  }
});

test("docs/events.md finds the digest of a token that somebody holds", async () => {
  const line = 'printf %s "$TOKEN" | sha256sum | cut -c1-12';
  assert(GUIDES.get("events.md")?.includes(line));
  const { stdout } = await run("sh", ["-c", line], { env: { TOKEN: "a" } });
  assert.equal(stdout, `${shortDigest(createHash("sha256").update("a").digest("hex"))}\n`);
});

const PIPED = /^\{"time":"1970-01-01T00:00:00\.000Z","level":"info","code":"breaker_closed",/;
const ON_TERMINAL = "\x1b[32mbreaker\x1b[0m \x1b[32mclosed\x1b[0m";
const { DENO_DIR, HOME, PATH } = Deno.env.toObject();
const PLAIN = {
  clearEnv: true,
  env: Object.fromEntries(
    Object.entries({ DENO_DIR, HOME, PATH }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]]
    ),
  ),
};

for (
  const [runtime, command] of [
    ["Node", "node one_event.mjs"],
    [
      "Deno",
      `${Deno.execPath()} run -q --no-prompt ${join(ROOT, "tests/system/packed/one_event.mjs")}`,
    ],
  ] as const
) {
  test(`consoleEvents() sees on ${runtime} whether it writes to a terminal, and NO_COLOR`, async () => {
    const terminal = (line: string) => run("script", ["-qec", line, "/dev/null"], PLAIN);
    const piped = await run("sh", ["-c", command], PLAIN);
    assert.equal(piped.stdout, "");
    assert.match(piped.stderr, PIPED);
    const colored = await terminal(command);
    assert(colored.stdout.includes(ON_TERMINAL), JSON.stringify(colored));
    const plain = await terminal(`NO_COLOR=1 ${command}`);
    assert.match(plain.stdout, /^\d\d:\d\d:\d\d ✓ {14}breaker closed\r\n$/);
  });

  test(`consoleEvents() does not end a ${runtime} process whose reader is gone`, async () => {
    const { stdout } = await run(
      "bash",
      ["-c", `{ ${command}; echo status $?; } 2> >(exec true)`],
      PLAIN,
    );
    assert.equal(stdout, "status 0\n");
  });
}
