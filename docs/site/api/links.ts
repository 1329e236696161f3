/** Links of the pages that `deno doc` makes: to sources, to anchors, to folders. */
import { posix } from "node:path";
import { climb, escapeHtml, readIds, unescapeHtml } from "../html.ts";

/** A place in a source file. */
export interface Source {
  /** The file's URL on the building machine. */
  readonly url: string;
  readonly line: number;
}

/** Pages by their path in the site, and the source files that they link to. */
export interface LinkedPages {
  readonly pages: ReadonlyMap<string, string>;
  readonly files: ReadonlySet<string>;
}

/**
 * Leads every link of the pages somewhere: to the site's own page of a source file, at the line of
 * the symbol; to a file instead of its folder, which without a server is a list; to the anchor that
 * there is.
 *
 * @param sources Where symbols are declared, by the path of their page without `.html`.
 * @param root The URL of the repository's folder, with a slash at the end.
 */
export function linkPages(
  pages: ReadonlyMap<string, string>,
  sources: ReadonlyMap<string, Source>,
  root: string,
): LinkedPages {
  const ids = new Map([...pages].map(([path, html]) => [path, readIds(html)] as const));
  const files = new Set<string>();
  const lead = (path: string, link: string): string => {
    if (!link.startsWith(root)) return leadBeside(path, link, ids);
    const file = link.slice(root.length);
    files.add(file);
    const source = findSource(sources, path);
    return `${climb(path)}files/${file}.html${source?.url === link ? `#L${source.line}` : ""}`;
  };
  const linked = [...pages].map(([path, html]) => {
    const text = html.replace(
      /(\s(?:href|src)=)"([^"]*)"/g,
      (_, start, link) => `${start}"${escapeHtml(lead(path, unescapeHtml(link)))}"`,
    );
    return [path, text] as const;
  });
  return { pages: new Map(linked), files };
}

/**
 * Corrects the number in an anchor: overviews count the methods of one name, pages of symbols count
 * all methods. An anchor that cannot be corrected stays as it is, and is found to be dead.
 */
export function correctAnchor(anchor: string, ids: ReadonlySet<string>): string {
  if (ids.has(anchor)) return anchor;
  const start = /^method_.+_(?=\d+$)/.exec(anchor)?.[0];
  if (start === undefined) return anchor;
  return [...ids].find((id) => id.startsWith(start) && /^\d+$/.test(id.slice(start.length))) ??
    anchor;
}

function leadBeside(
  path: string,
  link: string,
  ids: ReadonlyMap<string, ReadonlySet<string>>,
): string {
  if (link === "") return posix.basename(path);
  if (/^[a-z]+:/.test(link)) return link;
  const folder = posix.dirname(path);
  const [name = "", anchor = ""] = link.split("#");
  const target = name === "" ? path : posix.join(folder, name).replace(/\/$/, "/index.html");
  const way = name === "" ? "" : posix.relative(folder, target);
  return anchor === "" ? way : `${way}#${correctAnchor(anchor, ids.get(target) ?? new Set())}`;
}

/** A symbol without a place of its own, such as a part of a nested type, is where its owner is. */
function findSource(sources: ReadonlyMap<string, Source>, path: string): Source | undefined {
  let name = path.replace(/\.html$/, "");
  while (!sources.has(name) && /\.[^./]+$/.test(name)) name = name.replace(/\.[^./]+$/, "");
  return sources.get(name);
}
