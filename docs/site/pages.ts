/** Guides as pages: Markdown in, HTML and the sections that can be searched out. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join, posix } from "node:path";
import { Marked, type Token, type Tokens } from "marked";

/** One part of a guide, as the search knows it. */
export interface Section {
  readonly id: string;
  readonly guide: string;
  readonly title: string;
  readonly text: string;
}

/** One page of the site. */
export interface Page {
  readonly path: string;
  readonly html: string;
  readonly sections: readonly Section[];
}

/** A file that a guide shows, and where it goes. */
export interface Picture {
  readonly from: string;
  readonly path: string;
}

interface Guide {
  readonly name: string;
  readonly title: string;
  readonly tokens: Token[];
}

const INDEX = "README.md";
const FILES = "files";

/**
 * Builds every page: the guides, in the order in which `docs/README.md` lists them, and the source
 * files that they link to. A guide that is not listed comes last.
 */
export async function buildPages(root: string): Promise<{ pages: Page[]; pictures: Picture[] }> {
  const marked = new Marked({ gfm: true });
  const index = await readFile(join(root, "docs", INDEX), "utf8");
  const listed = [...index.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, name = ""]) => name);
  const all = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).sort();
  const guides: Guide[] = [];
  for (const name of new Set([INDEX, ...listed, ...all])) {
    const tokens = marked.lexer(await readFile(join(root, "docs", name), "utf8"));
    guides.push({ name, title: titleOf(tokens), tokens });
  }
  const files = new Set<string>();
  const pictures = new Set<string>();
  const pages = guides.map((guide): Page => {
    retarget(marked, guide.tokens, files, pictures);
    const html = buildPage(guide.title, renderGuide(marked, guide), guides, guide.name, "");
    return { path: pageOf(guide.name), html, sections: splitSections(guide) };
  });
  for (const file of files) pages.push(await buildFilePage(root, file, guides));
  return {
    pages,
    pictures: [...pictures].map((from) => ({ from, path: posix.join(FILES, from) })),
  };
}

/** Points links at pages of the site instead of files of the repository. */
function retarget(
  marked: Marked,
  tokens: Token[],
  files: Set<string>,
  pictures: Set<string>,
): void {
  marked.walkTokens(tokens, (token) => {
    if (token.type !== "link" && token.type !== "image") return;
    if (/^([a-z]+:|#)/.test(token.href)) return;
    const [path = "", hash] = token.href.split("#");
    const target = posix.normalize(posix.join("docs", path));
    if (token.type === "image") {
      pictures.add(target);
      token.href = posix.join(FILES, target);
    } else if (/^docs\/[\w-]+\.md$/.test(target)) {
      token.href = pageOf(posix.basename(target)) + (hash === undefined ? "" : `#${hash}`);
    } else {
      files.add(target);
      token.href = `${posix.join(FILES, target)}.html`;
    }
  });
}

async function buildFilePage(root: string, file: string, guides: readonly Guide[]): Promise<Page> {
  const text = await readFile(join(root, file), "utf8");
  const body = `<h1>${escapeHtml(file)}</h1><pre><code>${escapeHtml(text)}</code></pre>`;
  const path = `${posix.join(FILES, file)}.html`;
  const up = "../".repeat(path.split("/").length - 1);
  return { path, html: buildPage(file, body, guides, "", up), sections: [] };
}

function renderGuide(marked: Marked, guide: Guide): string {
  const slug = createSlugger();
  const html = guide.tokens.map((token) => {
    const rendered = marked.parser([token]);
    if (token.type !== "heading") return wrapTable(rendered);
    const id = slug(token.text);
    return rendered.replace(/^<h(\d)>/, `<h$1 id="${id}">`);
  });
  return html.join("");
}

/** Tables are wider than phones: each scrolls by itself. */
function wrapTable(html: string): string {
  return html.startsWith("<table>") ? `<div class="table" tabindex="0">${html}</div>` : html;
}

function splitSections(guide: Guide): Section[] {
  const slug = createSlugger();
  const sections: Section[] = [];
  for (const token of guide.tokens) {
    if (token.type === "heading") {
      const id = `${pageOf(guide.name)}#${slug(token.text)}`;
      sections.push({ id, guide: guide.title, title: plain(token.text), text: "" });
    } else {
      const last = sections.pop();
      if (last) sections.push({ ...last, text: `${last.text} ${plain(token.raw)}`.trim() });
    }
  }
  return sections;
}

/** The ids that GitHub gives to headings, so that links work in both places. */
function createSlugger(): (title: string) => string {
  const seen = new Map<string, number>();
  return (title) => {
    const slug = plain(title).toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
}

function plain(markdown: string): string {
  return markdown.replace(/\]\([^)]*\)/g, "]").replace(/[`*[\]|]/g, "").replace(/\s+/g, " ").trim();
}

function titleOf(tokens: readonly Token[]): string {
  const heading = tokens.find((token): token is Tokens.Heading =>
    token.type === "heading" && token.depth === 1
  );
  if (heading === undefined) throw new Error("A guide has no title");
  return plain(heading.text);
}

function pageOf(name: string): string {
  return name === INDEX ? "index.html" : `${name.slice(0, -extname(name).length)}.html`;
}

function buildPage(
  title: string,
  body: string,
  guides: readonly Guide[],
  current: string,
  up: string,
): string {
  const links = guides.map(({ name, title }) => {
    const here = name === current ? ' aria-current="page"' : "";
    return `<li><a href="${up}${pageOf(name)}"${here}>${escapeHtml(title)}</a></li>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · @x/propelauth-mcp</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}style.css">
<script defer src="${up}search.js"></script>
</head>
<body>
<header><a class="name" href="${up}index.html">@x/propelauth-mcp</a>
<form role="search"><input type="search" id="query" placeholder="Search the guides"
 aria-label="Search the guides" autocomplete="off"></form></header>
<nav aria-label="Guides"><ul>${links.join("")}
<li><a href="${up}api/index.html">API reference</a></li></ul></nav>
<main><ol id="results" data-up="${up}" hidden></ol><article>${body}</article></main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
