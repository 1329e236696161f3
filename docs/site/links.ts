/** Finds the links of a built site that lead nowhere. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";

/** A link without a target. */
export interface DeadLink {
  readonly page: string;
  readonly link: string;
}

/**
 * Follows every `href` and `src` of every page, anchors included. Links to other sites are left
 * alone, and so are links among the pages that `deno doc` made.
 */
export async function findDeadLinks(folder: string): Promise<DeadLink[]> {
  const names = await readdir(folder, { recursive: true });
  const pages = names.map((name) => name.split(sep).join("/")).filter((name) =>
    name.endsWith(".html") && !name.startsWith("api/")
  );
  const dead: DeadLink[] = [];
  for (const page of pages) {
    const html = await readFile(join(folder, page), "utf8");
    for (const [, link = ""] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      if (!await leadsSomewhere(folder, page, link)) dead.push({ page, link });
    }
  }
  return dead;
}

async function leadsSomewhere(folder: string, page: string, link: string): Promise<boolean> {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), path);
  const file = join(folder, target);
  if (relative(folder, file).startsWith("..")) return false;
  if (!await stat(file).then((found) => found.isFile(), () => false)) return false;
  return !anchor || (await readFile(file, "utf8")).includes(` id="${anchor}"`);
}
