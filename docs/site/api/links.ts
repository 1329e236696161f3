/** Corrects the links of the pages that `deno doc` makes: to sources, to anchors, to folders. */
import { posix } from "node:path";
import { climb, escapeHtml, readIds, unescapeHtml } from "../html.ts";

/** A place in a source file. */
export interface Source {
  /** The file's URL on the machine that builds the site. */
  readonly url: string;
  readonly line: number;
}

/** Pages by their path in the site, and the source files to which they link. */
export interface LinkedPages {
  readonly pages: ReadonlyMap<string, string>;
  readonly files: ReadonlySet<string>;
}

/**
 * Gives every link of the pages a target that exists: the site's page of a source file, at the line of
 * the symbol; `index.html` instead of its folder, which without a server shows a list of files; the
 * anchor in its correct spelling.
 *
 * @param pages The HTML of each page by its path in the site.
 * @param sources The declaration of each symbol, by the path of its page without `.html`.
 * @param root The URL of the repository's folder, with a slash at the end.
 */
export function linkPages(
  pages: ReadonlyMap<string, string>,
  sources: ReadonlyMap<string, Source>,
  root: string,
): LinkedPages {
  const ids = new Map([...pages].map(([path, html]) => [path, readIds(html)] as const));
  const files = new Set<string>();
  const correct = (path: string, link: string): string => {
    if (!link.startsWith(root)) return correctRelative(path, link, ids);
    const file = link.slice(root.length);
    files.add(file);
    const source = findSource(sources, path);
    return `${climb(path)}files/${file}.html${source?.url === link ? `#L${source.line}` : ""}`;
  };
  const linked = [...pages].map(([path, html]) => {
    const text = html.replace(
      /(\s(?:href|src)=)"([^"]*)"/g,
      (_, start, link) => `${start}"${escapeHtml(correct(path, unescapeHtml(link)))}"`,
    );
    return [path, text] as const;
  });
  return { pages: new Map(linked), files };
}

/**
 * Corrects the number in an anchor: overviews number the methods of one name, but pages of symbols
 * number all methods. An anchor that cannot be corrected is returned unchanged; the check for dead
 * links then reports it.
 */
export function correctAnchor(anchor: string, ids: ReadonlySet<string>): string {
  if (ids.has(anchor)) return anchor;
  const start = /^method_.+_(?=\d+$)/.exec(anchor)?.[0];
  if (start === undefined) return anchor;
  return [...ids].find((id) => id.startsWith(start) && /^\d+$/.test(id.slice(start.length))) ??
    anchor;
}

function correctRelative(
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

/** The declaration of a page's symbol; of its owner if the symbol has none, as in a nested type. */
function findSource(sources: ReadonlyMap<string, Source>, path: string): Source | undefined {
  let name = path.replace(/\.html$/, "");
  while (!sources.has(name) && /\.[^./]+$/.test(name)) name = name.replace(/\.[^./]+$/, "");
  return sources.get(name);
}
