/** The site of the guides and the API reference: its pages, its search and its links. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";
import { correctAnchor } from "../../docs/site/api/links.ts";
import { firstSentence, nameSpecifiers } from "../../docs/site/api/pages.ts";
import { findDeadLinks } from "../../docs/site/dead_links.ts";
import { textOf } from "../../docs/site/markdown_text.ts";
import { GUIDES } from "../support/guides.ts";
import { root } from "../support/root.ts";

const ROOT = fileURLToPath(root);

const site = await mkdtemp(join(tmpdir(), "site-"));
after(() => rm(site, { recursive: true }));
const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["task", "docs", "--output", site],
  cwd: ROOT,
}).output();

/** The text of every page, script and style sheet by its path. */
const FILES = new Map<string, string>();
for (const path of (await readdir(site, { recursive: true })).sort()) {
  if (!/\.(html|js|css)$/.test(path) || !(await stat(join(site, path))).isFile()) continue;
  FILES.set(path, await readFile(join(site, path), "utf8"));
}
const API = [...FILES].filter(([path, text]) =>
  path.startsWith("api/") && path.endsWith(".html") && !text.includes('http-equiv="refresh"')
);

/** Every specifier that users import. */
const NAMES: string[] = [];
for (const folder of [".", "local"]) {
  const { name, exports } = JSON.parse(await readFile(join(ROOT, folder, "deno.json"), "utf8"));
  NAMES.push(...Object.keys(exports).map((path) => name + path.slice(1)));
}

interface Section {
  readonly id: string;
  readonly place: string;
  readonly title: string;
  readonly text: string;
}

function readSections(): Section[] {
  const script = FILES.get("sections.js") ?? "";
  return JSON.parse(/^globalThis\.sections = (.+);\n$/.exec(script)?.[1] ?? "[]");
}

test("`deno task docs` builds a site without dead links, every guide in it", () => {
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /^\d+ pages, open .+index\.html\n$/);
  const guides = [...GUIDES.keys()].filter((name) => !name.endsWith("README.md"))
    .map((name) => name.replace(/md$/, "html"));
  for (const page of [...guides, "index.html", "search.js"]) {
    assert(FILES.has(page), `${page} was not built`);
  }
  assert(API.length > 300);
});

test("no file of the site names a folder of the machine that built it", () => {
  const places = ["src", "local", "docs", "mod.ts"].map((path) => join(ROOT, path));
  for (const [path, text] of FILES) {
    const plain = text.replaceAll("&#x2F;", "/");
    for (const place of [site, ...places]) assert(!plain.includes(place), `${path}: ${place}`);
  }
});

test("every usage box of the API reference imports what users import", () => {
  const seen = new Set<string>();
  for (const [path, html] of API) {
    const [, ...boxes] = html.split('<div class="usageContent">');
    for (const box of boxes) {
      const names = [...box.split("</button>")[0]?.matchAll(/ from &quot;(.+?)&quot;/g) ?? []]
        .map(([, name = ""]) => name);
      assert.equal(names.length, 2, `${path}: what is shown, and what is copied`);
      for (const name of names) assert(NAMES.includes(name), `${path}: ${name}`);
      assert.match(box, /<code>deno add jsr:@x\/propelauth-\w+<\/code>/, path);
      for (const name of names) seen.add(name);
    }
  }
  assert.deepEqual([...seen].sort(), NAMES.toSorted());
});

test("every page of the API reference leads back to the guides, and has the search", () => {
  for (const [path, html] of API) {
    const up = "../".repeat(path.split("/").length - 1);
    assert(html.includes(`<a class="guides" href="${up}index.html">Guides</a>`), path);
    assert(html.includes(`<script defer src="${up}search.js"></script>`), path);
    assert(html.includes('id="query"') && html.includes(`data-up="${up}"`), path);
    assert(!/searchbar|search_index\.js|fuse\.js/.test(html), `${path} has a second search`);
  }
});

test("the start of each package's reference says how to install it, and lists its entries", () => {
  for (const name of NAMES) {
    const [scope = "", folder = "", ...entry] = name.split("/");
    const start = FILES.get(["api", folder, "index.html"].join("/")) ?? "";
    assert(start.includes(`<code>npx jsr add ${scope}/${folder}</code>`), name);
    const target = [...entry, "index.html"].join("/");
    assert(start.includes(`<a href="${target}"><code>${name}</code></a>`), name);
    assert(FILES.has(["api", folder, target].join("/")), name);
  }
});

test("sources are pages of the site, at the line where a symbol begins", () => {
  const page = FILES.get("api/propelauth-mcp/doctor/~/runDoctor.html") ?? "";
  const [, line] =
    /"\.\.\/\.\.\/\.\.\/\.\.\/files\/src\/entries\/doctor\/mod\.ts\.html#L(\d+)"/.exec(page) ??
      [];
  const source = FILES.get("files/src/entries/doctor/mod.ts.html") ?? "";
  assert(source.includes(`<span id="L${line}">export async function runDoctor(`), `line ${line}`);
});

/** Sections that the search has to know, with the title, the place and the text that it shows. */
const SECTIONS: [id: string, title: string, place: string, text: RegExp][] = [
  ["setup.html#1-enable-mcp", "1. Enable MCP", "Set up PropelAuth", /404/],
  [
    "api/propelauth-mcp/doctor/~/runDoctor.html",
    "runDoctor",
    "function of @x/propelauth-mcp/doctor",
    /^Runs the program: prints the report, line by line\.$/,
  ],
  [
    "api/propelauth-mcp/~/PropelAuth.handler.html",
    "PropelAuth.handler",
    "method of @x/propelauth-mcp",
    /^Protects an MCP server\.$/,
  ],
  [
    "api/propelauth-local/~/LocalUser.email.html",
    "LocalUser.email",
    "property of @x/propelauth-local",
    /./,
  ],
];

test("the search knows the sections of guides and the symbols of the API", () => {
  const sections = readSections();
  for (const [id, title, place, text] of SECTIONS) {
    const found = sections.find((section) => section.id === id);
    assert.deepEqual([found?.title, found?.place], [title, place], id);
    assert.match(found?.text ?? "", text);
  }
  for (const { id } of sections) assert(FILES.has(id.split("#")[0] ?? ""), id);
});

test("what the search shows is plain text", () => {
  for (const { id, title, text } of readSections()) {
    assert.doesNotMatch(`${title} ${text}`, /-{4,}|```|\]\(|(?<!\/)\*\*|\n|&(amp|lt|quot);/, id);
    assert.doesNotMatch(text, /^(sh|ts|json|text) /, id);
  }
});

const TEXTS: [markdown: string, text: string][] = [
  ["A *new* **bold** `code` [link](https://example.com).", "A new bold code link."],
  ["| a | b |\n| - | - |\n| c `d` | [e](f.md) |\n| | g |", "c d · e · g"],
  ["```sh\nnpx thing # why\n```\n\nAfter.", "npx thing # why After."],
  ["- one\n- two\n  - three", "one two three"],
  ["# Title\n\n> said\n\n---\n\n<br>text", "Title said text"],
  ["snake_case and 2 * 3 & 4 < 5", "snake_case and 2 * 3 & 4 < 5"],
  ["![A picture](picture.png)", "A picture"],
];

for (const [markdown, text] of TEXTS) {
  test(`textOf() makes ${JSON.stringify(text)}`, () => {
    assert.equal(textOf(new Marked({ gfm: true }).lexer(markdown)), text);
  });
}

const SENTENCES: [doc: string, sentence: string][] = [
  ["Protects a server.Serves the metadata.", "Protects a server."],
  ["An OAuth 2.1 resource server. More.", "An OAuth 2.1 resource server."],
  ["Looks at mod.ts first.", "Looks at mod.ts first."],
  ["Why it failed", "Why it failed"],
  ["", ""],
];

for (const [doc, sentence] of SENTENCES) {
  test(`firstSentence() of ${JSON.stringify(doc)}`, () => {
    assert.equal(firstSentence(doc), sentence);
  });
}

const BOX = '<div class="usageContent">import { a } from &quot;doctor&quot;;</div>';

test("nameSpecifiers() puts the name of the entry into the box, and nowhere else", () => {
  const names = new Map([["doctor", "@x/propelauth-mcp/doctor"]]);
  const example = "<p>import { b } from &quot;doctor&quot;;</p>";
  assert.equal(
    nameSpecifiers(example + BOX, names),
    example + BOX.replace("doctor", "@x/propelauth-mcp/doctor"),
  );
});

test("nameSpecifiers() throws when a box was not understood", () => {
  assert.throws(() => nameSpecifiers(BOX, new Map([[".", "@x/propelauth-mcp"]])), /doctor/);
  assert.throws(() => nameSpecifiers(BOX.replaceAll("&quot;", "'"), new Map()), /usage box/);
});

const IDS = new Set(["method_fail_0", "method_hold_3", "name"]);

const ANCHORS: [anchor: string, expected: string][] = [
  ["name", "name"],
  ["method_fail_0", "method_fail_0"],
  ["method_hold_0", "method_hold_3"],
  ["method_gone_0", "method_gone_0"],
];

for (const [anchor, expected] of ANCHORS) {
  test(`correctAnchor() leads #${anchor} to #${expected}`, () => {
    assert.equal(correctAnchor(anchor, IDS), expected);
  });
}

const LINKS: [html: string, dead: string[]][] = [
  ['<a href="there.html">', []],
  ['<a href="there.html#part">', []],
  ['<a href="#own"></a><p id="own">', []],
  ['<a href="https://example.com/gone">', []],
  ['<link href="data:,">', []],
  ['<a\n  href=".&#x2F;there.html#part">', []],
  ['<a href="gone.html">', ["gone.html"]],
  ['<a href="there.html#gone">', ["there.html#gone"]],
  ['<a href="#gone">', ["#gone"]],
  ['<img src="gone.png">', ["gone.png"]],
  ['<a href="../outside.html">', ["../outside.html"]],
  ['<a\n  href=".&#x2F;gone.html">', ["./gone.html"]],
  // Without a server a folder is a list of files.
  ['<a href="folder/">', ["folder/"]],
  ['<a href="file:&#x2F;&#x2F;&#x2F;home&#x2F;src&#x2F;mod.ts">', ["file:///home/src/mod.ts"]],
  ['<a href="javascript:go()">', ["javascript:go()"]],
];

for (const [html, expected] of LINKS) {
  test(`findDeadLinks() ${expected.length > 0 ? "finds" : "lets pass"} ${html}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "links-"));
    try {
      for (const page of ["page.html", "api/page.html"]) {
        const here = join(folder, "site", dirname(page));
        await mkdir(join(here, "folder"), { recursive: true });
        await writeFile(join(here, "there.html"), '<p id="part">');
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
