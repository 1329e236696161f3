/** The site as plain text, for agents. */
import { type Page, pathOf } from "./page.ts";

/** A file of the site. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes each page as Markdown, the list of them (`llms.txt`), and all of them in one file
 * (`llms-full.txt`), without the pages of source files.
 *
 * @param pages All pages of the site.
 * @see {@link https://llmstxt.org | llms.txt}
 */
export function writePlainText(pages: readonly Page[]): TextFile[] {
  const files = pages.map(({ path, markdown }): TextFile => ({
    path,
    // Ids of headings are the generator's.
    text: markdown.replace(/^(#+ .+) \{#[\w-]+\}$/gm, "$1"),
  }));
  const textOf = (name: string) => files.find(({ path }) => path === pathOf(name))?.text ?? "";
  const [title = "", summary = ""] = textOf("README.md").split("\n\n");
  const index = textOf("docs/README.md");
  const list = (folder: string) =>
    pages.filter(({ path }) => path.startsWith(`${folder}/`))
      .map(({ title, path }) => `- [${title}](${path})`).join("\n");
  const parts = [
    title,
    summary.replace(/^/gm, "> "),
    "The README is [index.md](index.md); all pages in one file: [llms-full.txt](llms-full.txt).",
    index.slice(index.indexOf("## ")).trim(),
    `## API\n\n${list("api")}`,
    `## Project\n\n${list("project")}`,
  ];
  const full = files.filter(({ path }) => !path.startsWith("files/"))
    .map(({ path, text }) => `<!-- ${path} -->\n\n${text}`);
  return [
    ...files,
    { path: "llms.txt", text: `${parts.join("\n\n")}\n` },
    { path: "llms-full.txt", text: full.join("\n") },
  ];
}
