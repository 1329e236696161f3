/** The guides: built as a site, their blocks read, their commands accounted for. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findDeadLinks } from "../docs/site/links.ts";
import { CHECKS } from "../src/doctor/report.ts";
import { block, BLOCKS, commands, GUIDES } from "./guides.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const config = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "docs-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("`deno task docs` builds a site without dead links, every guide in it", async () => {
  await inFolder(async (folder) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "docs", "--output", folder],
      cwd: ROOT,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^\d+ pages, open .+index\.html\n$/);
    const built = await readdir(folder);
    const expected = [...GUIDES.keys()].filter((name) => name !== "README.md")
      .map((name) => name.replace(/md$/, "html"));
    for (const page of [...expected, "index.html", "search.js", "api"]) {
      assert(built.includes(page), `${page} was not built`);
    }
    const script = await readFile(join(folder, "sections.js"), "utf8");
    const sections: { id: string; text: string }[] = JSON.parse(
      /^globalThis\.sections = (.+);\n$/.exec(script)?.[1] ?? "",
    );
    assert(sections.some(({ id, text }) => id === "setup.html#1-enable-mcp" && /404/.test(text)));
  });
});

const LINKS: [html: string, dead: string[]][] = [
  ['<a href="there.html">', []],
  ['<a href="there.html#part">', []],
  ['<a href="#own"></a><p id="own">', []],
  ['<a href="https://example.com/gone">', []],
  ['<a href="gone.html">', ["gone.html"]],
  ['<a href="there.html#gone">', ["there.html#gone"]],
  ['<a href="#gone">', ["#gone"]],
  ['<img src="gone.png">', ["gone.png"]],
  ['<a href="../outside.html">', ["../outside.html"]],
];

for (const [html, expected] of LINKS) {
  test(`findDeadLinks() ${expected.length > 0 ? "finds" : "lets pass"} ${html}`, async () => {
    await inFolder(async (folder) => {
      const site = join(folder, "site");
      await mkdir(site);
      await writeFile(join(folder, "outside.html"), "");
      await writeFile(join(site, "there.html"), '<p id="part">');
      await writeFile(join(site, "page.html"), html);
      const dead = await findDeadLinks(site);
      assert.deepEqual(dead, expected.map((link) => ({ page: "page.html", link })));
    });
  });
}

test("every JSON block of the guides is JSON", () => {
  const blocks = BLOCKS.filter(({ language }) => language === "json");
  assert(blocks.length > 0);
  for (const { guide, text } of blocks) {
    assert.doesNotThrow(() => JSON.parse(text), `${guide}: ${text}`);
  }
});

/** Each command of the guides, by how it begins, and the test that takes it from there and runs it. */
const COMMANDS: [guide: string, start: string, test: string][] = [
  ["README.md", "npx -y deno@2.9.5 task dev", "examples_test.ts"],
  ["README.md", "npx -y deno@2.9.5 task test", "../.ci/run"],
  ["README.md", "deno add ", "jsr/jsr_test.ts"],
  ["README.md", "npx jsr add ", "jsr/jsr_test.ts"],
  ["connect.md", "claude mcp add ", "clients/claude_code_test.ts"],
  ["connect.md", "claude mcp login ", "clients/claude_code_test.ts"],
  ["connect.md", "codex mcp add ", "clients/codex_test.ts"],
  ["connect.md", "npx @modelcontextprotocol/inspector", "browser/inspector_browser_test.ts"],
  ["connect.md", "deno task client ", "client_test.ts"],
  ["deploy.md", "curl ", "nginx/nginx_test.ts"],
  ["doctor.md", "deno run ", "jsr/jsr_test.ts"],
  ["doctor.md", "deno task doctor ", "examples_test.ts"],
  ["observe.md", "export OTEL_DENO=", "otel_deno_test.ts"],
  ["observe.md", "export OTEL_EXPORTER_OTLP_ENDPOINT=", "otel_deno_test.ts"],
  ["observe.md", "deno run ", "otel_deno_test.ts"],
  ["observe.md", "npm install ", "packed/packed_test.ts"],
  ["observe.md", "export OTEL_SERVICE_NAME=", "packed/packed_test.ts"],
  ["observe.md", "node --import ", "packed/packed_test.ts"],
  ["setup.md", "deno task serve", "setup_guide_test.ts"],
  ["setup.md", "deno task client ", "setup_guide_test.ts"],
  ["setup.md", "deno add ", "jsr/jsr_test.ts"],
  ["setup.md", "npx jsr add ", "jsr/jsr_test.ts"],
  ["troubleshoot.md", "deno task doctor ", "setup_guide_test.ts"],
];

test("every command of the guides is run by a test that takes it from there", async () => {
  const printed = [...GUIDES.keys()].flatMap((guide) =>
    commands(guide).map((line): [string, string] => [guide, line])
  );
  for (const [guide, line] of printed) {
    const run = COMMANDS.filter(([of, start]) => of === guide && line.startsWith(start));
    assert.equal(run.length, 1, `${guide}: ${line}`);
  }
  for (const [guide, start, file] of COMMANDS) {
    assert(printed.some(([of, line]) => of === guide && line.startsWith(start)), start);
    const text = await readFile(join(ROOT, "tests", file), "utf8");
    if (file.endsWith(".ts")) assert.match(text, new RegExp(`"${guide}"`), `${file}: ${guide}`);
    assert(text.includes(start), `${file} does not run ${start}`);
  }
});

test("what the guides call a task is one", () => {
  for (const [guide, text] of GUIDES) {
    for (const [, task = ""] of text.matchAll(/`(?:npx -y deno@[\d.]+|deno) task ([\w:]+)/g)) {
      assert(Object.hasOwn(config.tasks, task), `${guide}: deno task ${task}`);
    }
  }
});

/** Each other block, by its guide and language, and where it is run, compiled or compared. */
const OTHERS: [language: string, guide: string, place: string][] = [
  ["ts", "*", "../deno.json"], // `deno task check`
  ["json", "*", "docs_test.ts"],
  ["", "events.md", "docs_samples_test.ts"],
  ["", "scopes.md", "docs_samples_test.ts"],
  ["dockerfile", "deploy.md", "docs_test.ts"],
  ["http", "README.md", "readme_test.ts"],
  ["ini", "setup.md", "setup_guide_test.ts"],
  ["js ignore", "doctor.md", "jsr/jsr_test.ts"],
  ["js ignore", "observe.md", "packed/packed_test.ts"],
  ["nginx", "deploy.md", "nginx/nginx_test.ts"],
  ["python", "migrate.md", "python/python_test.ts"],
  ["toml", "deploy.md", "docs_test.ts"],
];

test("every other block of the guides has a place where it is run, compiled or compared", async () => {
  for (const { guide, language } of BLOCKS) {
    const known = language === "sh" ||
      OTHERS.some(([of, where]) => of === language && (where === "*" || where === guide));
    assert(known, `${guide}: a block of ${language || "no language"}`);
  }
  for (const [language, guide, file] of OTHERS) {
    if (guide === "*") continue;
    assert(BLOCKS.some((block) => block.language === language && block.guide === guide), language);
    const text = await readFile(join(ROOT, "tests", file), "utf8");
    assert(text.includes(guide), `${file} does not name ${guide}`);
  }
  assert.match(config.tasks.check.command, /deno check --doc-only README\.md .* docs\/\*\.md/);
});

const NAMES = ["AUTH_URL", "INTROSPECTION_CLIENT_ID", "INTROSPECTION_CLIENT_SECRET"]
  .map((name) => `PROPELAUTH_${name}`);

const DOCKERFILE = block("deploy.md", "dockerfile");

/** Starts the guide's server as its Dockerfile does, less what needs an engine. */
async function startAsImage(folder: string, env: Record<string, string>) {
  const command: string[] = JSON.parse(/^CMD (.+)$/m.exec(DOCKERFILE)?.[1] ?? "");
  await writeFile(join(folder, "main.ts"), block("deploy.md", "ts"));
  return new Deno.Command(Deno.execPath(), {
    args: [command[0] ?? "", `--config=${join(ROOT, "deno.json")}`, ...command.slice(1, -1)]
      .concat(join(folder, command.at(-1) ?? "")),
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

test("the Dockerfile of the guide starts the Deno that is tested", async () => {
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, ".ci/package.json"), "utf8"));
  assert.match(DOCKERFILE, new RegExp(`^FROM denoland/deno:${devDependencies.deno}$`, "m"));
});

test("the image of the guide says what is missing, with the permissions that it has", async () => {
  await inFolder(async (folder) => {
    const unset = Object.fromEntries(NAMES.map((name) => [name, ""]));
    const { code, stderr } = await (await startAsImage(folder, unset)).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    assert.match(said, /these environment variables are missing or blank:/);
    assert.doesNotMatch(said, /NotCapable|PermissionDenied/);
  });
});

test("the image of the guide answers what fly.toml asks it, and guards the rest", async () => {
  const fly = block("deploy.md", "toml");
  const setting = (name: string) =>
    new RegExp(`^${name} = "?([^"\n]+)"?$`, "m").exec(fly)?.[1] ?? "";
  const server = block("deploy.md", "ts");
  assert.equal(/^EXPOSE (\d+)$/m.exec(DOCKERFILE)?.[1], setting("internal_port"));
  assert(server.includes(`?? ${setting("internal_port")})`), "the server's own port");
  const reserved = createServer().listen(0, "127.0.0.1");
  await once(reserved, "listening");
  const address = reserved.address();
  assert(typeof address === "object" && address !== null);
  reserved.close();
  await once(reserved, "close");
  await inFolder(async (folder) => {
    const child = await startAsImage(folder, {
      PROPELAUTH_AUTH_URL: "https://auth.example.com",
      PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
      PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
      SERVER_URL: setting("SERVER_URL"),
      PORT: String(address.port),
    });
    try {
      // Deno says there where it listens.
      const reader = child.stderr.getReader();
      let said = "";
      while (!/Listening on /.test(said)) {
        const { done, value } = await reader.read();
        assert(!done, said);
        said += new TextDecoder().decode(value);
      }
      reader.releaseLock();
      const origin = `http://127.0.0.1:${address.port}`;
      const health = await fetch(origin + setting("path"));
      assert.deepEqual([health.status, await health.text()], [200, "ok"]);
      const refused = await fetch(`${origin}/mcp`);
      await refused.body?.cancel();
      assert.equal(refused.status, 401);
      const challenge = refused.headers.get("WWW-Authenticate") ?? "";
      assert(challenge.includes(`"${setting("SERVER_URL")}/.well-known/`), challenge);
    } finally {
      child.kill("SIGTERM");
      await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
    }
  });
});

test("the troubleshooting guide names lines that the doctor prints", () => {
  const titles = new Set<string>(Object.values(CHECKS).map(([, title]) => title));
  const rows = (GUIDES.get("troubleshoot.md") ?? "").match(/^\|.+\|$/gm) ?? [];
  const named = rows.map((row) => row.split("|").at(-2)?.trim() ?? "")
    .filter((name) => !/^(doctor|none|-+)$/.test(name));
  assert(named.length > 10);
  for (const name of named) assert(titles.has(name), name);
});
