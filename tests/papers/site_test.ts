/**
 * The content of the site before VitePress renders it: pages, links, the list of pages, plain text.
 * `tests/system/browser/site_browser_test.ts` builds the site.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { TsType } from "../../docs/site/api/deno_doc.ts";
import { printType } from "../../docs/site/api/print_type.ts";
import { readContent } from "../../docs/site/content.ts";
import { findDeadLinks } from "../../docs/site/dead_links.ts";
import { groupGuides, retarget } from "../../docs/site/guides.ts";
import { writePlainText } from "../../docs/site/llms_txt.ts";
import { pathOf } from "../../docs/site/page.ts";
import { GUIDES } from "../support/guides.ts";
import { root } from "../support/root.ts";

const ROOT = fileURLToPath(root);

async function runDeno(cwd: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
  assert(success);
  return new TextDecoder().decode(stdout);
}

const content = await readContent(ROOT, runDeno);
const PAGES = new Map(content.pages.map(({ path, markdown }) => [path, markdown]));
const API = content.pages.filter(({ path }) => path.startsWith("api/"));

/** The text of a section of a page, by the heading's id. */
function sectionOf(path: string, id: string): string {
  const [, section] = PAGES.get(path)?.split(`{#${id}}\n`) ?? [];
  return section?.split(/^##/m)[0] ?? assert.fail(`${path} has no section ${id}`);
}

/** Every specifier that users import. */
const SPECIFIERS: string[] = [];
for (const folder of [".", "local"]) {
  const { default: { name, exports } } = await import(`${root}${folder}/deno.json`, {
    with: { type: "json" },
  });
  SPECIFIERS.push(...Object.keys(exports).map((path) => name + path.slice(1)));
}

test("the site has the README, every guide and every entry of both packages", () => {
  for (const [name, text] of GUIDES) {
    const path = pathOf(name.includes("/") || name === "README.md" ? name : `docs/${name}`);
    const headings = (markdown = "") => markdown.match(/^##? .+$/gm);
    assert.deepEqual(headings(PAGES.get(path)), headings(text), path);
  }
  assert.deepEqual(API.map(({ title }) => title), SPECIFIERS);
  for (const { title, markdown } of API) assert(markdown.startsWith(`# ${title}\n`), title);
});

test("the list of pages has the groups of docs/README.md, each guide once", () => {
  const groups = content.sidebar.map(({ text }) => text);
  const headings = [...(GUIDES.get("docs/README.md") ?? "").matchAll(/^## (.+)$/gm)];
  assert.deepEqual(groups, [undefined, ...headings.map(([, text]) => text), "API", "Project"]);
  const links = content.sidebar.flatMap(({ items }) => items.map(({ link }) => link.slice(1)));
  assert.equal(new Set(links).size, links.length);
  const listed = [...PAGES.keys()].filter((path) => !path.startsWith("files/"));
  assert.deepEqual(links.sort(), listed.sort());
});

test("groupGuides() puts guides that docs/README.md lacks into a group of their own", () => {
  const pages = ["guides.md", "setup.md", "new.md"].map((path) => ({
    path,
    title: `Title of ${path}`,
    markdown: "# Guides\n\n## Start\n\n- [Set up](setup.md): soon.\n- [Elsewhere](project/a.md)\n",
  }));
  assert.deepEqual(groupGuides(pages), [
    { text: "Start", items: [{ text: "Set up", link: "/setup.md" }] },
    { text: "More", items: [{ text: "Title of new.md", link: "/new.md" }] },
  ]);
});

test("no page names a folder of the machine that built it", () => {
  for (const [path, text] of PAGES) assert(!text.includes(ROOT), path);
});

test("links lead from page to page, and from a symbol to the line of its source", () => {
  for (const [path, markdown] of PAGES) {
    const outside = markdown.replace(/^(`{3,}).*\n[^]*?^\1`*$|`[^`\n]+`/gm, "");
    for (const [, link = ""] of outside.matchAll(/\]\((?![a-z]+:|\/)([^)\s]+)/g)) {
      const [file = "", id] = link.split("#");
      const target = file === "" ? path : posix.join(posix.dirname(path), file);
      const text = PAGES.get(target) ?? assert.fail(`${path} links to ${link}`);
      const isApi = target.startsWith("api/") && id !== undefined;
      assert(!isApi || text.includes(` {#${id}}\n`), `${path} links to ${link}`);
    }
  }
  const symbol = sectionOf("api/propelauth-mcp/doctor.md", "runDoctor");
  const [, line] = /\[Source\]\([./]+files\/src\/entries\/doctor\/mod\.ts\.md#L(\d+)\)/
    .exec(symbol) ?? [];
  const source = PAGES.get("files/src/entries/doctor/mod.ts.md") ?? "";
  const shown = source.slice(source.indexOf("\n````") + 1).split("\n")[Number(line)] ?? "";
  assert.match(shown, /^export async function runDoctor\(/, `line ${line}`);
});

const SECTIONS: [path: string, id: string, expected: RegExp][] = [
  [
    "api/propelauth-mcp/doctor.md",
    "runDoctor",
    /^\n```ts\nfunction runDoctor\([^]+\): Promise<\w+>\n```\n\nRuns the program: prints/,
  ],
  ["api/propelauth-mcp.md", "PropelAuth-handler", /^\n```ts\nhandler\([^]+\*\*Throws\*\*/],
  ["api/propelauth-mcp.md", "AccessTokenError", /^\n```ts\nclass AccessTokenError extends Error\n/],
  ["api/propelauth-mcp.md", "AccessTokenError-constructor", /\n {2}scopes\?: readonly string\[\],/],
  [
    "api/propelauth-mcp.md",
    "CreatePropelAuth-Call",
    /\[`PropelAuthOptions`\]\(#PropelAuthOptions\)/,
  ],
  ["api/propelauth-mcp/redis.md", "SharedCache", /\[`SharedCache`\]\(\.\.\/propelauth-mcp\.md#Sh/],
  // An inherited member is described at the parent.
  [
    "api/propelauth-mcp/node.md",
    "authenticate",
    /\[`PropelAuth\.requireScopes`\]\(\.\.\/propelauth-mcp\.md#Requirements-requireScopes\)/,
  ],
  ["api/propelauth-local.md", "LocalUser-email", /^\n```ts\n(readonly )?email\??: string\n/],
];

for (const [path, id, expected] of SECTIONS) {
  test(`${path} describes ${id}`, () => assert.match(sectionOf(path, id), expected));
}

const DEFAULTS: [path: string, id: string, shown: string][] = [
  ["api/propelauth-mcp.md", "PropelAuthOptions-mcpPath", '`"/mcp"`'],
  ["api/propelauth-mcp.md", "PropelAuthOptions-issuer", '`authUrl + "/oauth/2.1"`'],
  ["api/propelauth-mcp.md", "PropelAuthOptions-scopeHierarchy", "none"],
  ["api/propelauth-mcp.md", "TokenIntrospectionOverrides-cacheTtlSeconds", "`0`"],
  ["api/propelauth-mcp.md", "TokenIntrospectionOverrides-fetch", "`globalThis.fetch`"],
  ["api/propelauth-mcp.md", "HandlerOptions-everyPath", "`false`"],
  ["api/propelauth-mcp/redis.md", "RedisCacheOptions-keyPrefix", '`"propelauth-mcp:"`'],
];

for (const [path, id, shown] of DEFAULTS) {
  test(`the default of ${id} is shown as ${shown}`, () => {
    assert(sectionOf(path, id).includes(`\nDefault: ${shown}\n`), sectionOf(path, id));
  });
}

test("no default of the API has lost a part", () => {
  for (const { path, markdown } of API) {
    // `deno doc` reads `@default {…}` up to the first `}`, so that `{}` has to be said in words.
    for (const [line, value = ""] of markdown.matchAll(/^Default: (.*)$/gm)) {
      assert(value !== "" && !/^`?[{[]?`?$/.test(value), `${path}: ${line}`);
      assert.equal(value.split("`").length % 2, 1, `${path}: ${line}`);
    }
    assert.doesNotMatch(markdown, /\{@|UNSUPPORTED|undefined\?/, path);
  }
});

const keyword = (repr: string): TsType => ({ kind: "keyword", repr, value: repr });
const ref = (typeName: string, ...typeParams: TsType[]): TsType => ({
  kind: "typeRef",
  value: { typeName, typeParams },
});
const [TEXT, NUMBER] = [keyword("string"), keyword("number")];
const identifier = (name: string, tsType: TsType, optional = false) => ({
  kind: "identifier",
  name,
  tsType,
  optional,
});

const TYPES: [type: TsType, text: string][] = [
  [TEXT, "string"],
  [ref("Map", TEXT, ref("A")), "Map<string, A>"],
  [{ kind: "literal", value: { kind: "string", string: 'a"b' } }, '"a\\"b"'],
  [{ kind: "literal", value: { kind: "number", number: 1 } }, "1"],
  [{ kind: "literal", value: { kind: "boolean", boolean: false } }, "false"],
  [{ kind: "array", value: TEXT }, "string[]"],
  [{ kind: "tuple", value: [TEXT, { kind: "rest", value: ref("A") }] }, "[string, ...A]"],
  [{ kind: "parenthesized", value: TEXT }, "(string)"],
  [{ kind: "typeOperator", value: { operator: "keyof", tsType: ref("A") } }, "keyof A"],
  [{ kind: "indexedAccess", value: { objType: ref("A"), indexType: TEXT } }, "A[string]"],
  [{ kind: "union", value: [TEXT, NUMBER] }, "string | number"],
  [
    { kind: "union", value: [ref("A".repeat(30)), ref("B".repeat(30))] },
    `\n  | ${"A".repeat(30)}\n  | ${"B".repeat(30)}`,
  ],
  [{ kind: "intersection", value: [ref("A"), ref("B")] }, "A & B"],
  [
    {
      kind: "fnOrConstructor",
      value: {
        constructor: false,
        params: [identifier("a", TEXT, true)],
        tsType: keyword("void"),
      },
    },
    "(a?: string) => void",
  ],
  [
    {
      kind: "fnOrConstructor",
      value: { constructor: true, params: [], tsType: ref("A") },
    },
    "new () => A",
  ],
  [{ kind: "typeLiteral", value: {} }, "{}"],
  [
    { kind: "typeLiteral", value: { properties: [{ name: "a", tsType: TEXT, readonly: true }] } },
    "{ readonly a: string }",
  ],
  [
    {
      kind: "typeLiteral",
      value: { properties: [{ name: "a", tsType: TEXT, jsDoc: { doc: "Of a." } }] },
    },
    "{\n  /** Of a. */\n  a: string;\n}",
  ],
  [
    {
      kind: "typeLiteral",
      value: { indexSignatures: [{ params: [identifier("key", TEXT)], tsType: NUMBER }] },
    },
    "{ [key: string]: number }",
  ],
  [
    {
      kind: "typeLiteral",
      value: {
        methods: [{
          name: "a",
          returnType: TEXT,
          params: [
            { kind: "assign", left: identifier("b", NUMBER) },
            { kind: "rest", arg: identifier("c", TEXT) },
          ],
        }],
      },
    },
    "{ a(b?: number, ...c: string): string }",
  ],
];

for (const [type, text] of TYPES) {
  test(`printType() prints ${text}`, () => assert.equal(printType(type), text));
}

test("printType() throws for a kind of type that it does not know", () => {
  assert.throws(() => printType({ kind: "conditional" } as never), /conditional/);
});

const LINKS: [markdown: string, expected: string][] = [
  ["[a](b.md) and [`c`](d.md#e) `f`", "[a](B.MD) and [`c`](D.MD#E) `f`"],
  ["![a](b.png)", "![a](B.PNG)"],
  ["[a](#b), [c](https://d.example/e)", "[a](#b), [c](https://d.example/e)"],
  ["`[a](b.md)`", "`[a](b.md)`"],
  ["```ts\nx[a](b);\n```\n[c](d)", "```ts\nx[a](b);\n```\n[c](D)"],
  ["````md\n```\n[a](b)\n```\n````\n", "````md\n```\n[a](b)\n```\n````\n"],
];

for (const [markdown, expected] of LINKS) {
  test(`retarget() changes ${JSON.stringify(markdown)}`, () => {
    assert.equal(retarget(markdown, (link) => link.toUpperCase()), expected);
  });
}

const PATHS: [file: string, path: string][] = [
  ["README.md", "index.md"],
  ["docs/README.md", "guides.md"],
  ["docs/many-instances.md", "many-instances.md"],
  [".github/SECURITY.md", "project/security.md"],
  ["local/README.md", "project/local.md"],
  ["examples/server.ts", "files/examples/server.ts.md"],
  [".env.example", "files/env.example.md"],
  ["tests/conformance/suite", "files/tests/conformance/suite.md"],
];

for (const [file, path] of PATHS) {
  test(`pathOf() gives ${path} to ${file}`, () => assert.equal(pathOf(file), path));
}

test("llms.txt lists all pages in Markdown, and llms-full.txt has their text", () => {
  const files = writePlainText(content.pages);
  const [list, full] = files.slice(-2);
  assert.deepEqual([list?.path, full?.path], ["llms.txt", "llms-full.txt"]);
  assert.match(list?.text ?? "", /^# @x\/propelauth-mcp\n\n> Makes an MCP server [^]+?\n\n/);
  const linked = [...list?.text.matchAll(/\]\(([\w/-]+\.md)\)/g) ?? []].map(([, path]) => path);
  const expected = [...PAGES.keys()].filter((path) => !/^files\/|^guides/.test(path));
  assert.deepEqual([...new Set(linked)].sort(), expected.sort());
  assert.deepEqual(files.slice(0, -2).map(({ path }) => path), [...PAGES.keys()]);
  for (const { path, text } of files.slice(0, -2)) {
    assert.equal(full?.text.includes(text), !path.startsWith("files/"), path);
    assert.doesNotMatch(text, /^#.*\{#/m, path);
  }
});

const HREFS: [html: string, dead: string[]][] = [
  ['<a href="there.html">', []],
  ['<a href="there.html#part">', []],
  ['<a href="/api/there.html#part">', []],
  ['<a href="/">', []],
  ['<a href="#own"></a><p id="own">', []],
  ['<a href="https://example.com/gone">', []],
  ['<link href="data:,">', []],
  ['<a\n  href=".&#x2F;there.html#part">', []],
  ['<a href="gone.html">', ["gone.html"]],
  ['<a href="/gone.html">', ["/gone.html"]],
  ['<a href="there.html#gone">', ["there.html#gone"]],
  ['<a href="#gone">', ["#gone"]],
  ['<img src="gone.png">', ["gone.png"]],
  ['<a href="../outside.html">', ["../outside.html"]],
  ['<a\n  href=".&#x2F;gone.html">', ["./gone.html"]],
  ['<a href="folder/">', ["folder/"]],
  ['<a href="file:&#x2F;&#x2F;&#x2F;home&#x2F;src&#x2F;mod.ts">', ["file:///home/src/mod.ts"]],
  ['<a href="javascript:go()">', ["javascript:go()"]],
];

for (const [html, expected] of HREFS) {
  test(`findDeadLinks() ${expected.length > 0 ? "finds" : "lets pass"} ${html}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "links-"));
    try {
      await mkdir(join(folder, "site", "api", "folder"), { recursive: true });
      await writeFile(join(folder, "site", "index.html"), "");
      for (const page of ["page.html", "api/page.html"]) {
        await writeFile(join(folder, "site", dirname(page), "there.html"), '<p id="part">');
        await writeFile(join(folder, "site", page), html);
      }
      await writeFile(join(folder, "outside.html"), "");
      const dead = await findDeadLinks(join(folder, "site"));
      assert.deepEqual(
        dead.toSorted((a, b) => b.page.localeCompare(a.page)),
        ["page.html", "api/page.html"].flatMap((page) => expected.map((link) => ({ page, link }))),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
