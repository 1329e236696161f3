/** Links from the page of an entry to the symbols that any entry exports. */
import { posix } from "node:path";
import type { DocModule, TsType } from "./deno_doc.ts";

/** An entry of a package. */
export interface Entry {
  /** The specifier that users import, such as `@x/propelauth-mcp/doctor`. */
  readonly specifier: string;
  /** The path of its page in the site. */
  readonly path: string;
  readonly doc: DocModule;
}

export interface Links {
  /** Links to a symbol, such as `PropelAuth`, or to a member of one, such as `PropelAuth.handler`. */
  link(name: string, text?: string): string;
  /** Replaces the `{@link}` and `{@linkcode}` tags of a comment. */
  resolve(comment: string | undefined): string;
  /** Links to the exported types that occur in a part of a declaration, except one. */
  listTypes(part: unknown, except: string): string[];
}

/** The id of a symbol or of a member on the page of its entry. */
export function idOf(symbol: string, member?: string): string {
  return [symbol, ...member === undefined ? [] : [member]].join("-").replace(/[^\w-]/g, "");
}

/**
 * Creates the links of a page.
 *
 * @param entry The entry of the page; its own symbols come first.
 * @param entries All entries of all packages.
 */
export function createLinks(entry: Entry, entries: readonly Entry[]): Links {
  function findTarget(name: string): string | undefined {
    const [symbol = "", member] = name.split(".");
    const home = [entry, ...entries].find(({ doc }) =>
      doc.symbols.some(({ name, declarations: [first] }) =>
        name === symbol && first?.kind !== "reference"
      )
    );
    if (home === undefined) return undefined;
    const page = home === entry ? "" : posix.relative(posix.dirname(entry.path), home.path);
    return `${page}#${idOf(symbol, member)}`;
  }

  function link(name: string, text = `\`${name}\``): string {
    const target = findTarget(name);
    return target === undefined ? text : `[${text}](${target})`;
  }

  return {
    link,
    resolve: (comment = "") =>
      comment.trim().replace(
        /\{@link(?:code)?\s+([^\s|}]+)(?:\s*\|\s*([^}]+?))?\s*\}/g,
        (_, target, text) =>
          /^https?:/.test(target) ? `[${text ?? target}](${target})` : link(target, text),
      ),
    listTypes: (part, except) => {
      const names = new Set<string>();
      JSON.stringify(part, (key, value: TsType | undefined) => {
        if (key === "jsDoc") return undefined;
        if (value?.kind === "typeRef") names.add(value.value.typeName);
        return value;
      });
      return [...names].filter((name) => name !== except && findTarget(name) !== undefined)
        .map((name) => link(name));
    },
  };
}
