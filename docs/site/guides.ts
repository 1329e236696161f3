/** Turns the guides from Markdown into HTML pages and the sections that the search knows. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join, posix } from "node:path";
import { Marked, type Token, type Tokens } from "marked";
import { buildHead, buildResults, climb, escapeHtml, SEARCH_FORM } from "./html.ts";
import { textOf } from "./markdown_text.ts";

/** A section of a guide, or a symbol of the API, as the search knows it. */
export interface Section {
  /** The path of its page, with its anchor. */
  readonly id: string;
  /** The title of the guide, or the kind of symbol and its entry. */
  readonly place: string;
  readonly title: string;
  readonly text: string;
}

/** One page of the site. */
export interface Page {
  readonly path: string;
  readonly html: string;
  readonly sections: readonly Section[];
}

/** An image of a guide: its file in the repository, and its path in the site. */
export interface Picture {
  readonly from: string;
  readonly path: string;
}

/** A link in the list of pages, below the guides. */
export interface Part {
  readonly title: string;
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
 * Builds a page for each guide, in the order in which `docs/README.md` lists them, and for each source
 * file that is linked. Guides that are not listed come last.
 *
 * @param root The repository's folder.
 * @param linked Source files to which other parts of the site link.
 * @param parts Links that follow the guides in the list of pages.
 */
export async function buildPages(
  root: string,
  linked: Iterable<string>,
  parts: readonly Part[],
): Promise<{ pages: Page[]; pictures: Picture[] }> {
  const marked = new Marked({ gfm: true });
  const index = await readFile(join(root, "docs", INDEX), "utf8");
  const listed = [...index.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, name = ""]) => name);
  const all = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).sort();
  const guides: Guide[] = [];
  for (const name of new Set([INDEX, ...listed, ...all])) {
    const tokens = marked.lexer(await readFile(join(root, "docs", name), "utf8"));
    guides.push({ name, title: titleOf(tokens), tokens });
  }
  const files = new Set(linked);
  const pictures = new Set<string>();
  const list = (current: string, up: string) => listPages(guides, parts, current, up);
  const pages = guides.map((guide): Page => {
    retarget(marked, guide.tokens, files, pictures);
    const html = buildSitePage(guide.title, renderGuide(marked, guide), list(guide.name, ""), "");
    return { path: pageOf(guide.name), html, sections: splitSections(guide) };
  });
  for (const file of files) pages.push(await buildFilePage(root, file, list));
  return {
    pages,
    pictures: [...pictures].map((from) => ({ from, path: posix.join(FILES, from) })),
  };
}

/** Changes links to files of the repository into links to pages of the site. */
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

async function buildFilePage(
  root: string,
  file: string,
  list: (current: string, up: string) => string,
): Promise<Page> {
  const lines = (await readFile(join(root, file), "utf8")).replace(/\n$/, "").split("\n");
  const code = lines.map((line, index) => `<span id="L${index + 1}">${escapeHtml(line)}</span>`);
  const body = `<h1>${escapeHtml(file)}</h1><pre><code>${code.join("\n")}</code></pre>`;
  const path = `${posix.join(FILES, file)}.html`;
  const up = climb(path);
  return { path, html: buildSitePage(file, body, list("", up), up), sections: [] };
}

function renderGuide(marked: Marked, guide: Guide): string {
  const slug = createSlugger();
  const html = guide.tokens.map((token) => {
    const rendered = marked.parser([token]);
    if (token.type !== "heading") return wrapTable(rendered);
    const id = slug(textOf(token.tokens ?? []));
    return rendered.replace(/^<h(\d)>/, `<h$1 id="${id}">`);
  });
  return html.join("");
}

/** Wraps a table, so that it scrolls by itself on a narrow screen. */
function wrapTable(html: string): string {
  return html.startsWith("<table>") ? `<div class="table" tabindex="0">${html}</div>` : html;
}

function splitSections(guide: Guide): Section[] {
  const slug = createSlugger();
  const sections: Section[] = [];
  for (const token of guide.tokens) {
    if (token.type === "heading") {
      const title = textOf(token.tokens ?? []);
      const id = `${pageOf(guide.name)}#${slug(title)}`;
      sections.push({ id, place: guide.title, title, text: "" });
    } else {
      const last = sections.pop();
      if (last) sections.push({ ...last, text: `${last.text} ${textOf([token])}`.trim() });
    }
  }
  return sections;
}

/** Creates the ids that GitHub gives to headings, so that links work here and there. */
function createSlugger(): (title: string) => string {
  const seen = new Map<string, number>();
  return (title) => {
    const slug = title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
}

function titleOf(tokens: readonly Token[]): string {
  const heading = tokens.find((token): token is Tokens.Heading =>
    token.type === "heading" && token.depth === 1
  );
  if (heading === undefined) throw new Error("A guide has no title");
  return textOf(heading.tokens);
}

function pageOf(name: string): string {
  return name === INDEX ? "index.html" : `${name.slice(0, -extname(name).length)}.html`;
}

function listPages(
  guides: readonly Guide[],
  parts: readonly Part[],
  current: string,
  up: string,
): string {
  const links = guides.map(({ name, title }) => {
    const here = name === current ? ' aria-current="page"' : "";
    return `<li><a href="${up}${pageOf(name)}"${here}>${escapeHtml(title)}</a></li>`;
  });
  links.push(...parts.map(({ title, path }) => `<li><a href="${up}${path}">${title}</a></li>`));
  return links.join("\n");
}

function buildSitePage(title: string, body: string, list: string, up: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · @x/propelauth-mcp</title>
${buildHead(up, "style.css")}</head>
<body>
<header><a class="name" href="${up}index.html">@x/propelauth-mcp</a>
${SEARCH_FORM}</header>
${buildResults(up)}
<nav aria-label="Guides"><ul>${list}</ul></nav>
<main><article>${body}</article></main>
</body>
</html>
`;
}
