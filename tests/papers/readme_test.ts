import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { OVERRIDE_NAMES } from "../../src/options/resolve_introspection_overrides.ts";
import { OPTION_NAMES } from "../../src/options/option_names.ts";
import { resolveOptions } from "../../src/options/resolve_options.ts";
import { blocks } from "../support/guides.ts";
import { ACTIVE, createHarness, json, OPTIONS } from "../support/harness.ts";
import { root } from "../support/root.ts";

// Compares statements of the README and the papers with the code, so that they do not get out of date.
// `deno task check` checks the types of their code blocks.

const readme = readFileSync(new URL("README.md", root), "utf8");
const papers = readdirSync(new URL(".github/", root)).filter((name) => name.endsWith(".md"));

/** The cells of the table with this first heading. */
function table(heading: string): string[][] {
  const lines = readme.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\| ${heading} +\\|`).test(line));
  assert(start >= 0, `the README has no table of ${heading}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

test("README.md lists every option with its default", () => {
  const resolved: Record<string, unknown> = { ...resolveOptions(OPTIONS) };
  const defaults = new Map(
    table("option").map(([name = "", given = ""]) => [name.slice(1, -1), given]),
  );
  const introspection = [
    "cacheTtlSeconds",
    "maxCacheSize",
    "timeoutSeconds",
    "staleIfErrorSeconds",
    "maxConcurrentIntrospections",
  ];
  for (const name of introspection) {
    assert.equal(defaults.get(name), String(resolved[name]));
  }
  for (const name of ["forwardAuthorizationServerMetadata", "dangerouslyAllowAnyAudience"]) {
    assert.equal(defaults.get(name), String(resolved[name]));
  }
  assert.equal(defaults.get("mcpPath"), `\`${resolved["mcpPath"]}\``);
  assert.deepEqual([...defaults.keys()].sort(), [...OPTION_NAMES, ...OVERRIDE_NAMES].sort());
});

test("README.md shows requests and responses exactly as they are", async () => {
  const { auth } = createHarness(
    { requiredScopes: ["read:user_data"] },
    () => json({ ...ACTIVE, scope: "" }),
  );
  const handler = auth.handler(() => new Response("unreachable"));
  const exchanges = blocks("README.md", "http");
  assert.equal(exchanges.length, 2);
  for (const exchange of exchanges) {
    const [request = "", response = "", body = ""] = exchange.split("\n\n");
    const [start = "", ...fields] = request.split("\n");
    const [method = "", path = ""] = start.split(" ");
    const headers = new Headers(fields.map((field): [string, string] => {
      const [name = "", value = ""] = field.split(": ");
      return [name, value.replace("...", "")];
    }));
    const url = `https://mcp.example.com${path}`;
    const actual = await handler(new Request(url, { method, headers }));
    const [status = "", ...expected] = response.trim().split("\n");
    assert.equal(Number(status.split(" ")[1]), actual.status);
    assert.deepEqual([...actual.headers].map(([name, value]) => `${name}: ${value}`), expected);
    assert.equal(await actual.text(), body.trim());
  }
});

test("README.md has at most 310 lines, and its server at most 24", () => {
  assert(readme.split("\n").length <= 310);
  const server = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  assert(server.split("\n").length < 25);
});

const guides = readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md"));
const all = [
  "README.md",
  "findings/README.md",
  ...papers.map((name) => `.github/${name}`),
  ...guides.map((name) => `docs/${name}`),
];

for (const paper of all) {
  test(`${paper} names only paths that exist`, () => {
    const text = readFileSync(new URL(paper, root), "utf8");
    const base = new URL(paper, root);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, to = ""]) =>
      new URL(to, base)
    );
    const folders = "src|tests|local|examples|bench|docs|findings";
    const named = [...text.matchAll(new RegExp(`\`((?:${folders})(?:/[\\w./-]+)?)\``, "g"))]
      .map(([, path = ""]) => new URL(path, root));
    for (const url of [...links, ...named]) assert(existsSync(url), url.pathname);
  });
}

test("ARCHITECTURE.md has at most 64 lines, and names only files of src that exist", () => {
  const text = readFileSync(new URL(".github/ARCHITECTURE.md", root), "utf8");
  assert(text.trimEnd().split("\n").length <= 64);
  const named = [...text.matchAll(/(?<![\w/])(?:src\/)?((?:\w+\/)?\w+\.ts)\b/g)].map((
    [, path = ""],
  ) => path)
    .filter((path) => !path.endsWith("_test.ts") && path !== "mod.ts");
  assert(named.length > 15);
  const sources = readdirSync(new URL("src/", root), { recursive: true }).map(String);
  for (const path of named) {
    assert(sources.some((source) => source === path || source.endsWith(`/${path}`)), path);
  }
});

/** The folders within a folder of the project. */
function foldersOf(path: string): string[] {
  const entries = readdirSync(new URL(path, root), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${path}${name}/`);
}

test("CONTRIBUTING.md shows every folder that exists, and no other", () => {
  const text = readFileSync(new URL(".github/CONTRIBUTING.md", root), "utf8");
  const [, tree = ""] = /^```\n([^]*?)^```$/m.exec(text) ?? [];
  let parent = "";
  const shown = [...tree.matchAll(/^( *)([\w./]+\/) /gm)].map(([, indent, name = ""]) => {
    if (indent === "") parent = name;
    return indent === "" ? name : parent + name;
  });
  for (const path of shown) assert(existsSync(new URL(path, root)), path);
  const mirrored = ["src/", "local/src/"].flatMap(foldersOf).concat("tests/local/")
    .map((path) => path.replace(/^src\/|^local\/src\//, "tests/"));
  const top = ["src/", "local/", "tests/", "examples/", "docs/", "bench/", "findings/", ".ci/"];
  const expected = [
    ...top,
    ...["src/", "local/src/"].flatMap(foldersOf),
    ...foldersOf("tests/").filter((path) => !mirrored.includes(path)),
  ];
  assert.deepEqual(shown.sort(), expected.sort());
});
