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

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DOCS = join(ROOT, "docs");
const guides = (await readdir(DOCS)).filter((name) => name.endsWith(".md"));
const texts = new Map(
  await Promise.all(guides.map(async (name): Promise<[string, string]> => [
    name,
    await readFile(join(DOCS, name), "utf8"),
  ])),
);
const config = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "docs-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function blocksOf(language: string): { guide: string; block: string }[] {
  return [...texts].flatMap(([guide, text]) =>
    [...text.matchAll(/^```(\S*)\n([^]*?)^```$/gm)]
      .filter(([, found]) => found === language)
      .map(([, , block = ""]) => ({ guide, block }))
  );
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
    const expected = guides.filter((name) => name !== "README.md")
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
  const blocks = blocksOf("json");
  assert(blocks.length > 0);
  for (const { guide, block } of blocks) {
    assert.doesNotThrow(() => JSON.parse(block), `${guide}: ${block}`);
  }
});

// A command that this project cannot run stands here with the reason; all others are its own.
const FOREIGN: [pattern: RegExp, why: string][] = [
  [/^[A-Z_]+=/, "variables of .env: examples_test.ts reads the same names"],
  [/^deno add jsr:|^npx jsr add /, "needs the registry; a stand-in serves it in tests"],
  [/^claude mcp add /, "another product's program"],
  [/^npx @modelcontextprotocol\/inspector/, "another product's program"],
  [/^deno run .*jsr:@x\/propelauth-mcp\/doctor/, "doctor_task_test.ts runs it"],
  [/^docker |^fly /, "needs an engine or an account"],
  [
    /^(export OTEL_|deno run --allow-net|npm install @opentelemetry|node --import \.\/telemetry)/,
    "otel_deno_test.ts and packed_test.ts do the same against a collector",
  ],
  [/^curl /, "the exchange itself is in readme_test.ts and conformance_test.ts"],
];

test("every command of the guides is a task of this project, or has its reason", () => {
  for (const { guide, block } of blocksOf("sh")) {
    for (const line of block.trim().split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const task = /^(?:[A-Z_]+=\S+ )*(?:npx -y deno@[\d.]+|deno) task ([\w:]+)/.exec(line)?.[1];
      const known = task === undefined
        ? FOREIGN.some(([pattern]) => pattern.test(line))
        : Object.hasOwn(config.tasks, task);
      assert(known, `${guide}: ${line}`);
    }
  }
});

const NAMES = ["AUTH_URL", "INTROSPECTION_CLIENT_ID", "INTROSPECTION_CLIENT_SECRET"]
  .map((name) => `PROPELAUTH_${name}`);

/** Starts the guide's server as its Dockerfile does, less what needs an engine. */
async function startAsImage(folder: string, env: Record<string, string>) {
  const [found] = blocksOf("dockerfile");
  const command: string[] = JSON.parse(/^CMD (.+)$/m.exec(found?.block ?? "")?.[1] ?? "");
  const server = /```ts\n([^]*?)```/.exec(texts.get("deploy.md") ?? "")?.[1] ?? "";
  await writeFile(join(folder, "main.ts"), server);
  return new Deno.Command(Deno.execPath(), {
    args: [command[0] ?? "", `--config=${join(ROOT, "deno.json")}`, ...command.slice(1, -1)]
      .concat(join(folder, command.at(-1) ?? "")),
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

test("the Dockerfile of the guide starts the Deno that is tested", async () => {
  const [found] = blocksOf("dockerfile");
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, ".ci/package.json"), "utf8"));
  assert.match(found?.block ?? "", new RegExp(`^FROM denoland/deno:${devDependencies.deno}$`, "m"));
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
  const [fly] = blocksOf("toml");
  const [docker] = blocksOf("dockerfile");
  const setting = (name: string) =>
    new RegExp(`^${name} = "?([^"\n]+)"?$`, "m").exec(fly?.block ?? "")?.[1] ?? "";
  const server = texts.get("deploy.md") ?? "";
  assert.equal(/^EXPOSE (\d+)$/m.exec(docker?.block ?? "")?.[1], setting("internal_port"));
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
  const rows = (texts.get("troubleshoot.md") ?? "").match(/^\|.+\|$/gm) ?? [];
  const named = rows.map((row) => row.split("|").at(-2)?.trim() ?? "")
    .filter((name) => !/^(doctor|none|-+)$/.test(name));
  assert(named.length > 10);
  for (const name of named) assert(titles.has(name), name);
});
