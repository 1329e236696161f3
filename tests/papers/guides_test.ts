/** Every block and command of the guides is taken by a test, and the deployment guide's server runs. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse as parseToml } from "smol-toml";
import { describeRunning } from "../../examples/dev/banner.ts";
import { HEADINGS } from "../../src/entries/doctor/program/print.ts";
import { CHECKS } from "../../src/entries/doctor/report.ts";
import { freePort } from "../support/ports.ts";
import { block, BLOCKS, command, GUIDES, linesOf } from "../support/guides.ts";
import { root } from "../support/root.ts";

const ROOT = fileURLToPath(root);
const config = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "docs-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The text of the gate, and below that of all tests. */
const GATE = await readFile(join(ROOT, ".ci/run"), "utf8");
const SOURCES = (await Promise.all(
  (await readdir(join(ROOT, "tests"), { recursive: true })).filter((name) => name.endsWith(".ts"))
    .map((name) => readFile(join(ROOT, "tests", name), "utf8")),
)).join("\n");

/** The calls by which tests take text from a guide: the function and its first three arguments. */
const TAKEN = [
  ...SOURCES.matchAll(
    /\b(command|block)s?\(\s*"([^"]+)",\s*"([^"]*)"(?:,\s*(?:"([^"]*)"|'([^']*)'))?,?\s*\)/g,
  ),
].map(([, kind, guide, first = "", plain = "", quoted = ""]) => ({
  kind,
  guide,
  first,
  including: plain || quoted,
}));

test("every block of the guides is taken from there by a test, or checked as TypeScript", () => {
  for (const { guide, language, text } of BLOCKS) {
    const blocks = TAKEN.filter((taken) => taken.kind === "block" && taken.guide === guide);
    const isTaken = blocks.some(({ first, including }) =>
      first === language && text.includes(including)
    );
    if (language === "ts" || language !== "sh" && isTaken) continue;
    assert.equal(language, "sh", `${guide}: nobody takes\n${text}`);
    for (const line of linesOf(text)) {
      const commands = TAKEN.filter((taken) => taken.kind === "command" && taken.guide === guide);
      assert(commands.some(({ first }) => line.startsWith(first)), `${guide}: nobody runs ${line}`);
    }
  }
  assert.match(
    config.tasks.check.command,
    /deno check --doc-only README\.md local\/README\.md docs\/\*\.md/,
  );
});

test("the gate ends with the command by which the README has the tests run", () => {
  const line = command("README.md", "npx -y deno@2.9.5 task test");
  assert(GATE.endsWith(` ${line}\n`), line);
});

test("every whole server in the README and the guides prints its events", () => {
  const servers = BLOCKS.filter(({ text }) =>
    /new McpServer\(/.test(text) && /\bserve\(|\.listen\(/.test(text)
  );
  assert.deepEqual(servers.map(({ guide }) => guide), [
    "README.md",
    "README.md",
    "deploy.md",
    "frameworks.md",
    "frameworks.md",
    "migrate.md",
    "setup.md",
  ]);
  for (const { guide, text } of servers) assert.match(text, /onEvent: consoleEvents\(\)/, guide);
});

test("every block of the guides begins at the left, where it is found", () => {
  for (const [guide, text] of GUIDES) assert.doesNotMatch(text, /^[ >]+```/m, guide);
});

const PINNED: string =
  JSON.parse(await readFile(join(ROOT, ".ci/package.json"), "utf8")).devDependencies.deno;

/** The `--help` of our own programs. */
const HELPS = new Map(
  await Promise.all(
    ["bench", "client", "clients", "dev", "doctor", "soak"].map(
      async (task): Promise<[string, string]> => {
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: ["task", "-q", task, "--help"],
          cwd: ROOT,
        }).output();
        return [task, new TextDecoder().decode(stdout)];
      },
    ),
  ),
);

/** Whether a text contains another as a whole word, and not as part of a longer one. */
function isIn(text: string, part: string): boolean {
  const escaped = part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`).test(text);
}

test("every command within a sentence of the guides is a task, or run by a test", () => {
  const [, words = ""] = /^for word in (.+); do$/m.exec(GATE) ?? [];
  const measured = words.split(" ").map((word) => ` --only ${word}`);
  const program = /^(?:claude|codex|curl|deno|mcp-remote|node|npm|npx|printf|redis-\w+) /;
  for (const [guide, text] of GUIDES) {
    for (const [, version] of text.matchAll(/\bdeno@([\d.]+)/g)) {
      assert.equal(version, PINNED, guide);
    }
    const prose = text.replace(/^```[^]*?^```$/gm, "").replaceAll("\n", " ");
    for (const [, code = ""] of prose.matchAll(/`([^`]+)`/g)) {
      if (!program.test(code)) continue;
      const line = code.replace(/ \[server URL\]$/, "");
      const [, task, args = ""] = /^deno task (?:-q )?([\w:]+)(.*)$/.exec(line) ?? [];
      const known = task === undefined
        ? line === `npx -y deno@${PINNED}` || isIn(SOURCES, line) ||
          isIn(SOURCES, line.replaceAll('"', '\\"'))
        : Object.hasOwn(config.tasks, task) && (!/--only/.test(args) || measured.includes(args)) &&
          [...args.matchAll(/--[\w-]+/g)].every(([flag]) => isIn(HELPS.get(task) ?? "", flag));
      assert(known, `${guide}: nobody runs ${code}`);
    }
  }
});

test("every option within a sentence of the guides is one", () => {
  const ours = [...HELPS.values()].join("\n");
  for (const [guide, text] of GUIDES) {
    const prose = text.replace(/^```[^]*?^```$/gm, "").replaceAll("\n", " ");
    for (const [, flag = ""] of prose.matchAll(/`(--[\w-]+)/g)) {
      const known = isIn(ours, flag) || isIn(SOURCES, flag) || isIn(JSON.stringify(config), flag);
      assert(known, `${guide}: ${flag}`);
    }
  }
});

test("docs/connect.md allows the redirect addresses that its commands lead to", () => {
  const guide = GUIDES.get("connect.md") ?? "";
  const rows: [client: string, path: string, given: string][] = [
    ["Claude Code", "/callback", command("connect.md", "claude mcp add ")],
    ["Codex", "/callback", command("connect.md", "codex mcp add ")],
    ["`mcp-remote`", "/oauth/callback", block("connect.md", "json", "mcp-remote")],
    ["Gemini CLI", "/oauth/callback", block("connect.md", "json", "redirectUri")],
    ["GitHub Copilot CLI", "/", block("connect.md", "json", "redirectPort")],
    ["`deno task client`", "/callback", command("connect.md", "deno task client ")],
  ];
  for (const [client, path, given] of rows) {
    const row = guide.split("\n").find((line) => line.startsWith(`| ${client} `)) ?? "";
    const [, port = "", to] = /`http:\/\/(?:localhost|127\.0\.0\.1):(\d+)(\/[^`]*)`/.exec(row) ??
      [];
    assert.equal(to, path, row);
    assert(isIn(given, port), `${client}: ${port}`);
  }
  const setUp = command("setup.md", "deno task client ");
  assert(
    GUIDES.get("setup.md")?.includes(`\`http://127.0.0.1:${setUp.split(" ").at(-1)}/callback\``),
  );
});

test("what the guide gives to Cursor and VS Code is what `deno task dev` prints", () => {
  const none = { authUrl: "", apiKeysUrl: "", scopes: [], users: [], envFile: "" };
  const running = { ...none, policy: false, withApiKeys: false };
  const banner = describeRunning(
    { ...running, mcpUrl: "https://mcp.example.com/mcp" },
    (text) => text,
  );
  for (
    const given of [
      block("connect.md", "json", '{ "url"'),
      block("connect.md", "json", '"servers"'),
    ]
  ) {
    const printed = JSON.stringify(JSON.parse(given)).replace("reports", "local");
    assert(banner.includes(`  ${printed}\n`), printed);
  }
});

const NAMES = ["AUTH_URL", "INTROSPECTION_CLIENT_ID", "INTROSPECTION_CLIENT_SECRET"]
  .map((name) => `PROPELAUTH_${name}`);

const DOCKERFILE = block("deploy.md", "dockerfile");

/** Starts the guide's server with the command of its Dockerfile, without a container. */
async function startAsImage(folder: string, env: Record<string, string>) {
  const command: string[] = JSON.parse(/^CMD (.+)$/m.exec(DOCKERFILE)?.[1] ?? "");
  await writeFile(join(folder, "main.ts"), block("deploy.md", "ts", "/healthz"));
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

const SERVERS: [guide: string, server: string, line: string][] = [
  [
    "README.md",
    block("README.md", "ts", "Deno.serve("),
    command("README.md", "deno run --unstable-no-legacy-abort "),
  ],
  [
    "setup.md",
    block("setup.md", "ts", "Deno.serve("),
    command("setup.md", "deno run --unstable-no-legacy-abort "),
  ],
];

for (const [guide, server, line] of SERVERS) {
  test(`the whole server of ${guide} is started by the command below it, and guards itself`, async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    await inFolder(async (folder) => {
      const args = line.split(" ").slice(1);
      await writeFile(join(folder, args.at(-1) ?? ""), server.replace("8000", String(port)));
      const values = ["https://auth.example.com", "id", "secret"];
      const variables = NAMES.map((name, index) => `${name}=${values[index]}\n`);
      await writeFile(join(folder, ".env"), `${variables.join("")}SERVER_URL=${origin}\n`);
      // The import map of this repository stands for a project that has added the packages.
      const own = ["--no-prompt", `--config=${join(ROOT, "deno.json")}`];
      const child = new Deno.Command(Deno.execPath(), {
        args: [...args.slice(0, 1), ...own, ...args.slice(1)],
        cwd: folder,
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      try {
        const said = await readUntil(child.stderr, /Listening on /);
        assert.doesNotMatch(said, /request\.signal/);
        const refused = await fetch(`${origin}/mcp`);
        await refused.body?.cancel();
        assert.equal(refused.status, 401);
      } finally {
        child.kill("SIGTERM");
        await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
      }
    });
  });
}

/** Reads a stream until a text is there, and leaves the rest. */
async function readUntil(stream: ReadableStream<Uint8Array>, text: RegExp): Promise<string> {
  const reader = stream.getReader();
  let said = "";
  while (!text.test(said)) {
    const { done, value } = await reader.read();
    assert(!done, said);
    said += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return said;
}

test("fly.toml is TOML, of settings that Fly has", () => {
  const parsed = parseToml(block("deploy.md", "toml"));
  // Copied through JSON, since the parser's objects have no prototype.
  const { app, primary_region, env, http_service, ...rest } = JSON.parse(JSON.stringify(parsed));
  assert.deepEqual([typeof app, typeof primary_region, rest], ["string", "string", {}]);
  assert.deepEqual(env, { SERVER_URL: `https://${app}.fly.dev` });
  assert.deepEqual(http_service, {
    internal_port: 8000,
    force_https: true,
    // A machine that Fly stops would end its event streams.
    auto_stop_machines: "off",
    checks: [{ path: "/healthz", interval: "15s", timeout: "2s" }],
  });
});

test("the image of the guide answers what fly.toml asks it, and guards the rest", async () => {
  const fly = block("deploy.md", "toml");
  const setting = (name: string) =>
    new RegExp(`^${name} = "?([^"\n]+)"?$`, "m").exec(fly)?.[1] ?? "";
  const server = block("deploy.md", "ts", "/healthz");
  assert.equal(/^EXPOSE (\d+)$/m.exec(DOCKERFILE)?.[1], setting("internal_port"));
  assert(server.includes(`?? ${setting("internal_port")})`), "the server's own port");
  const port = await freePort();
  await inFolder(async (folder) => {
    const child = await startAsImage(folder, {
      PROPELAUTH_AUTH_URL: "https://auth.example.com",
      PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
      PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
      SERVER_URL: setting("SERVER_URL"),
      PORT: String(port),
    });
    try {
      // Deno prints on standard error where it listens.
      await readUntil(child.stderr, /Listening on /);
      const origin = `http://127.0.0.1:${port}`;
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
  const titles = new Set(
    Object.values(CHECKS).map(([group, title]) => `${HEADINGS[group]}: ${title}`),
  );
  const tables = (GUIDES.get("troubleshoot.md") ?? "").match(/(?:^\|.+\|\n)+/gm) ?? [];
  const rows = tables.filter((table) => /^.+\| doctor +\|\n/.test(table))
    .flatMap((table) => table.trim().split("\n"));
  const named = rows.map((row) => row.split("|").at(-2)?.trim() ?? "")
    .filter((name) => !/^(doctor|none|-+)$/.test(name))
    .map((name) => name.replace(/, with `--(?:origin|token)`$/, ""));
  assert(named.length > 10);
  for (const name of named) assert(titles.has(name), name);
});
