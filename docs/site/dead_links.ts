/** Finds the dead links of a built site. */
import { readdir, readFile } from "node:fs/promises";
import { join, posix, sep } from "node:path";

/** A link whose target does not exist. */
export interface DeadLink {
  readonly page: string;
  readonly link: string;
}

/** Links that are not checked: to other sites, mail addresses and inline data. */
const ELSEWHERE = /^(https?|mailto|data):/;

/**
 * Checks every `href` and `src` of every page, anchors included. A link to a folder counts as dead,
 * except that to the start of the site. Links to other sites are not checked.
 */
export async function findDeadLinks(folder: string): Promise<DeadLink[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = new Map<string, string>();
  const ids = new Map<string, ReadonlySet<string>>();
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const page = file.slice(join(folder, sep).length).split(sep).join("/");
    const html = page.endsWith(".html") ? await readFile(file, "utf8") : "";
    texts.set(page, html);
    ids.set(page, readIds(html));
  }
  const dead: DeadLink[] = [];
  for (const [page, html] of texts) {
    for (const [, escaped = ""] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
      const link = unescapeHtml(escaped);
      if (!ELSEWHERE.test(link) && !hasTarget(ids, page, link)) dead.push({ page, link });
    }
  }
  return dead;
}

function hasTarget(
  ids: ReadonlyMap<string, ReadonlySet<string>>,
  page: string,
  link: string,
): boolean {
  const [path = "", anchor] = decodeURI(link).split("#");
  const target = path === "/"
    ? "index.html"
    : posix.resolve(`/${posix.dirname(page)}`, path).slice(1);
  const found = ids.get(path === "" ? page : target);
  return found !== undefined && (!anchor || found.has(anchor));
}

/** The ids of all elements of a page. */
function readIds(html: string): Set<string> {
  return new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => unescapeHtml(id)));
}

function unescapeHtml(html: string): string {
  return html.replaceAll("&#x2F;", "/").replaceAll("&#39;", "'").replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
