/** The README, the guides and the files that they link to, as pages of the site. */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, posix } from "node:path";
import { linkTo, type Page, pathOf } from "./page.ts";

/** The pages that are made of files. */
export interface Files {
  readonly pages: readonly Page[];
  /** The pictures of the pages, as paths in the repository. */
  readonly pictures: readonly string[];
}

/** A group of the list of pages. */
export interface Group {
  readonly text?: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

const INDEX = "docs/README.md";

/**
 * Makes a page of the README, of each guide, and of each file that one of them links to.
 *
 * @param root The repository's folder.
 * @param sources Further files to show.
 */
export async function readFiles(root: string, sources: Iterable<string>): Promise<Files> {
  const names = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md"));
  const files = new Set(["README.md", ...names.map((name) => `docs/${name}`), ...sources]);
  const pictures = new Set<string>();
  const pages: Page[] = [];
  // The loop also visits the files that are added while it runs.
  for (const file of files) {
    const path = pathOf(file);
    const shown = await show(root, file);
    const markdown = retarget(shown, (link) => {
      const [target = "", anchor] = link.split("#");
      const linked = posix.join(posix.dirname(file), target).replace(/\/$/, "");
      if (linked.endsWith(".png")) {
        pictures.add(linked);
        return `/images/${posix.basename(linked)}`;
      }
      files.add(linked);
      return linkTo(path, pathOf(linked)) + (anchor === undefined ? "" : `#${anchor}`);
    });
    pages.push({ path, title: titleOf(markdown), markdown });
  }
  return { pages, pictures: [...pictures] };
}

/** Lists the guides in the groups in which `docs/README.md` has them, and those that it lacks last. */
export function groupGuides(pages: readonly Page[]): Group[] {
  const index = pages.find(({ path }) => path === pathOf(INDEX))?.markdown ?? "";
  const guides = new Map(
    pages.filter(({ path }) => /^[\w-]+\.md$/.test(path)).map(({ path, title }) => [path, title]),
  );
  const [, ...sections] = index.split(/^## /m);
  guides.delete(pathOf(INDEX));
  guides.delete("index.md");
  const groups = sections.map((section): Group => {
    const links = [...section.matchAll(/\[([^\]]+)\]\(([\w-]+\.md)\)/g)]
      .filter(([, , path = ""]) => guides.delete(path));
    return {
      text: section.slice(0, section.indexOf("\n")),
      items: links.map(([, text = "", path]) => ({ text, link: `/${path}` })),
    };
  });
  const rest = [...guides].map(([path, text]) => ({ text, link: `/${path}` }));
  return [...groups, { text: "More", items: rest }].filter(({ items }) => items.length > 0);
}

/** Markdown as it is, a folder as a list of its files, any other file as a block of code. */
async function show(root: string, file: string): Promise<string> {
  const place = join(root, file);
  if (file.endsWith(".md")) return await readFile(place, "utf8");
  const head = `---\naside: false\n---\n\n# ${file}\n\n`;
  if ((await stat(place)).isDirectory()) {
    const entries = (await readdir(place, { withFileTypes: true })).filter((one) => one.isFile());
    const items = entries.map(({ name }) => `- [${name}](${posix.basename(file)}/${name})\n`);
    return head + items.sort().join("");
  }
  const language = extname(file).slice(1) || "text";
  return `${head}\`\`\`\`${language} lines\n${await readFile(place, "utf8")}\`\`\`\`\n`;
}

/** Changes the targets of links to other files, but neither those in code nor those to other sites. */
export function retarget(markdown: string, change: (link: string) => string): string {
  const parts = markdown.split(/(^(`{3,}).*\n[^]*?^\2`*$|`[^`\n]+`)/m);
  return parts.filter((_, index) => index % 3 !== 2).map((part, index) =>
    index % 2 === 1 ? part : part.replace(
      /\]\((?![a-z]+:|#)([^)\s]+)\)/g,
      (_, link) => `](${change(link)})`,
    )
  ).join("");
}

function titleOf(markdown: string): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1];
  if (title === undefined) throw new Error(`A page has no title: ${markdown.slice(0, 80)}`);
  return title.replaceAll("`", "");
}
