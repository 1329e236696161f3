/** A page of the site as Markdown, before the generator makes HTML of it. */
import { posix } from "node:path";

export interface Page {
  /** Its path in the site, such as `api/propelauth-mcp/doctor.md`. */
  readonly path: string;
  readonly title: string;
  readonly markdown: string;
}

/** The path of a page of the site for each Markdown file that has another one than its own. */
const RENAMED: readonly [file: RegExp, page: string][] = [
  [/^README\.md$/, "index.md"],
  [/^docs\/README\.md$/, "guides.md"],
  [/^docs\/([\w-]+\.md)$/, "$1"],
  [/^(\w+)\/README\.md$/, "project/$1.md"],
  [/^\.github\/(\w+\.md)$/, "project/$1"],
];

/** The path in the site of a file of the repository; a file that is not Markdown is shown as code. */
export function pathOf(file: string): string {
  for (const [from, to] of RENAMED) {
    if (from.test(file)) return file.replace(from, to).toLowerCase();
  }
  return `files/${file.replace(/(^|\/)\./g, "$1")}.md`;
}

/** The link from one page to another one, by their paths. */
export function linkTo(page: string, target: string): string {
  return posix.relative(posix.dirname(page), target);
}
