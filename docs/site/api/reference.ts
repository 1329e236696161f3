/** The API reference: a page for each entry of a package, from the output of `deno doc --json`. */
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { linkTo, type Page, pathOf } from "../page.ts";
import type { DocSymbol } from "./deno_doc.ts";
import { createLinks, type Entry } from "./links.ts";
import { writeComment, writeSymbol } from "./symbol_markdown.ts";

/** Runs `deno` with these arguments in a folder, and returns its standard output. */
export type RunDeno = (folder: string, ...args: string[]) => Promise<string>;

/** The pages of all packages. */
export interface Reference {
  readonly pages: readonly Page[];
  /** The source files to which the pages link, as paths in the repository. */
  readonly sources: ReadonlySet<string>;
}

/**
 * Builds the pages of packages.
 *
 * @param root The repository's folder, with a slash at the end.
 * @param members The packages' folders in it.
 * @param runDeno Runs `deno doc`.
 */
export async function buildReference(
  root: string,
  members: readonly string[],
  runDeno: RunDeno,
): Promise<Reference> {
  const read = members.map((member) => readEntries(join(root, member), runDeno));
  const entries = (await Promise.all(read)).flat();
  const sources = new Set<string>();
  const pages = entries.map((entry): Page => {
    const { specifier, path, doc } = entry;
    const links = createLinks(entry, entries);
    const sections = doc.symbols.toSorted(compareSymbols).flatMap((symbol) =>
      writeSymbol(symbol, links, ({ location: { filename, line } }) => {
        const file = fileURLToPath(filename).slice(root.length);
        sources.add(file);
        return `[Source](${linkTo(path, pathOf(file))}#L${line + 1})`; // Deno counts from 0.
      })
    );
    const paragraphs = [`# ${specifier}`, ...writeComment(doc.module_doc, links), ...sections];
    return { path, title: specifier, markdown: `${paragraphs.filter(Boolean).join("\n\n")}\n` };
  });
  return { pages, sources };
}

async function readEntries(home: string, runDeno: RunDeno): Promise<Entry[]> {
  const { name, exports } = JSON.parse(await readFile(join(home, "deno.json"), "utf8"));
  const files = Object.values<string>(exports);
  const { nodes } = JSON.parse(await runDeno(home, "doc", "--json", ...files));
  return Object.entries<string>(exports).map(([entry, file]) => ({
    specifier: posix.join(name, entry),
    path: `${posix.join("api", posix.basename(name), entry)}.md`,
    doc: nodes[pathToFileURL(join(home, file)).href],
  }));
}

/** Functions first, types last. */
const KINDS = ["function", "variable", "class", "interface", "typeAlias", "reference"];

function compareSymbols(a: DocSymbol, b: DocSymbol): number {
  const rank = ({ declarations }: DocSymbol) => KINDS.indexOf(declarations[0]?.kind ?? "");
  return rank(a) - rank(b) || a.name.localeCompare(b.name);
}
