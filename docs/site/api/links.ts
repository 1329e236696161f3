/** Links from the page of an entry to the symbols that any entry exports. */
import { posix } from "node:path";
import type { DocModule, DocSymbol, TsType } from "./deno_doc.ts";
import { listMembers } from "./print_type.ts";

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
  function findSymbol(name: string): { home: Entry; symbol: DocSymbol } | undefined {
    for (const home of [entry, ...entries]) {
      const symbol = home.doc.symbols.find((symbol) => symbol.name === name);
      if (symbol && symbol.declarations[0]?.kind !== "reference") return { home, symbol };
    }
  }

  /** A member that its symbol inherits is described at the parent. */
  function findTarget(name: string): string | undefined {
    const [symbolName = "", member] = name.split(".");
    const found = findSymbol(symbolName);
    if (found === undefined) return undefined;
    const definitions = found.symbol.declarations.map(({ def }) => def);
    const isOwn = member === undefined ||
      definitions.some((def) => listMembers(def).some(({ name }) => name === member));
    if (!isOwn) {
      const parents = definitions.flatMap((def) => Array.isArray(def.extends) ? def.extends : []);
      const inherited = parents.map((parent) => findTarget(`${parent.repr}.${member}`));
      return inherited.find((target) => target !== undefined);
    }
    const page = found.home === entry
      ? ""
      : posix.relative(posix.dirname(entry.path), found.home.path);
    return `${page}#${idOf(symbolName, member)}`;
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
