/** The API reference: the pages that `deno doc` makes of each package, adapted to the site. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { linkPages, type Source } from "./links.ts";
import { adaptPage, firstSentence } from "./pages.ts";
import type { Page, Part, Section } from "../guides.ts";

/** Runs `deno` with these arguments in a folder, and returns its standard output. */
export type RunDeno = (folder: string, ...args: string[]) => Promise<string>;

/** The reference of one package. */
export interface BuiltReference {
  readonly start: Part;
  readonly pages: readonly Page[];
  /** The source files to which its pages link. */
  readonly files: ReadonlySet<string>;
}

/** The members of `deno doc --json` that are used of a symbol or its parts. */
interface Node {
  readonly name: string;
  readonly location?: { filename: string; line: number };
  readonly declarations?: readonly Node[];
  readonly def?: Record<string, unknown>;
}

/** An entry of the search index that `deno doc --html` makes. */
interface Indexed {
  readonly kind: readonly { title: string }[];
  readonly name: string;
  readonly file: string;
  readonly doc: string;
  readonly url: string;
}

/** The search of `deno doc`, which knows only its own pages; the search of the site replaces it. */
const OWN_SEARCH = ["search_index.js", "search.js", "fuse.js"];

/**
 * Builds the pages of a package, and writes the other files that they need into the output folder.
 *
 * @param root The repository's folder.
 * @param member The package's folder in the repository.
 * @param output The folder of the site.
 * @param runDeno Runs `deno doc`.
 */
export async function buildReference(
  root: string,
  member: string,
  output: string,
  runDeno: RunDeno,
): Promise<BuiltReference> {
  const home = join(root, member);
  const { name, exports } = JSON.parse(await readFile(join(home, "deno.json"), "utf8"));
  const entries = Object.entries<string>(exports);
  const folder = posix.join("api", posix.basename(name));
  const files = entries.map(([, file]) => file);
  await runDeno(
    home,
    "doc",
    "--html",
    `--name=${name}`,
    `--output=${join(output, folder)}`,
    ...files,
  );
  const json = JSON.parse(await runDeno(home, "doc", "--json", ...files));
  const sources = new Map<string, Source>();
  const specifiers = new Map<string, string>();
  for (const [entry, file] of entries) {
    const label = entry.replace(/^\.\//, "");
    specifiers.set(label, name + entry.slice(1));
    const { symbols } = json.nodes[pathToFileURL(join(home, file)).href];
    for (const symbol of symbols) {
      readSources(sources, posix.join(folder, label, "~", symbol.name), symbol);
    }
  }
  const pages = await readPages(output, folder);
  for (const [path, html] of pages) {
    pages.set(path, adaptPage({ name, folder, specifiers }, path, html));
  }
  const linked = linkPages(pages, sources, pathToFileURL(root).href);
  const sections = await readSymbols(join(output, folder), folder, specifiers);
  for (const file of OWN_SEARCH) await rm(join(output, folder, file));
  return {
    start: { title: `API of ${name}`, path: posix.join(folder, "index.html") },
    pages: [...linked.pages].map(([path, html]) => {
      return { path, html, sections: sections.filter(({ id }) => id === path) };
    }),
    files: linked.files,
  };
}

async function readPages(output: string, folder: string): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const name of await readdir(join(output, folder), { recursive: true })) {
    if (!name.endsWith(".html")) continue;
    const path = posix.join(folder, name.split(sep).join("/"));
    pages.set(path, await readFile(join(output, path), "utf8"));
  }
  return pages;
}

/** Adds the declarations of a symbol and its parts to `sources`, by the paths of their pages. */
function readSources(sources: Map<string, Source>, path: string, node: Node): void {
  const { filename: url, line } = node.location ?? {};
  if (url !== undefined && line !== undefined && !sources.has(path)) {
    sources.set(path, { url, line: line + 1 }); // Deno counts from 0.
  }
  for (const declaration of node.declarations ?? []) readSources(sources, path, declaration);
  for (const parts of Object.values(node.def ?? {})) {
    if (!Array.isArray(parts)) continue;
    for (const part of parts.filter((part) => part?.location)) {
      readSources(sources, `${path}.${part.name}`, part);
      readSources(sources, `${path}.prototype.${part.name}`, part);
    }
  }
}

async function readSymbols(
  made: string,
  folder: string,
  specifiers: ReadonlyMap<string, string>,
): Promise<Section[]> {
  const script = await readFile(join(made, "search_index.js"), "utf8");
  const { nodes }: { nodes: Indexed[] } = JSON.parse(
    /DENO_DOC_SEARCH_INDEX = (.+);\n/.exec(script)?.[1] ?? "",
  );
  return nodes.map(({ kind, name, file, doc, url }) => ({
    id: posix.join(folder, url),
    place: `${kind.map(({ title }) => title.toLowerCase()).join(", ")} of ${specifiers.get(file)}`,
    title: name,
    text: firstSentence(doc.replace(/\s+/g, " ").trim()),
  }));
}
