/** Finds the links of a built site that lead nowhere. */
import { readdir, readFile } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import { readIds, unescapeHtml } from "./html.ts";

/** A link without a target. */
export interface DeadLink {
  readonly page: string;
  readonly link: string;
}

/** Where a link may lead without being followed: to other sites, and into itself. */
const ELSEWHERE = /^(https?|mailto|data):/;

/**
 * Follows every `href` and `src` of every page, anchors included. A folder is no target: without a
 * server it is a list of files. Links to other sites are left alone.
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
      if (!ELSEWHERE.test(link) && !leadsSomewhere(ids, page, link)) dead.push({ page, link });
    }
  }
  return dead;
}

function leadsSomewhere(
  ids: ReadonlyMap<string, ReadonlySet<string>>,
  page: string,
  link: string,
): boolean {
  const [path = "", anchor] = link.split("#");
  const target = ids.get(path === "" ? page : posix.join(posix.dirname(page), path));
  return target !== undefined && (!anchor || target.has(anchor));
}
