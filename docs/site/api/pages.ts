/**
 * Adapts the pages that `deno doc` makes to this site: specifiers that users can import, a link back to
 * the guides, and the site's search.
 *
 * `deno doc --html` has no options for that. Its HTML is therefore matched strictly: a page that does
 * not look as expected throws.
 *
 * @module
 */
import { posix } from "node:path";
import { buildHead, buildResults, climb, SEARCH_FORM, unescapeHtml } from "../html.ts";

/** A package whose pages are adapted. */
export interface Package {
  /** Its name, such as `@x/propelauth-mcp`. */
  readonly name: string;
  /** The folder of its pages in the site. */
  readonly folder: string;
  /** The specifier to import, by the name that `deno doc` gives to an entry, such as `doctor` or `.`. */
  readonly specifiers: ReadonlyMap<string, string>;
}

/**
 * Adapts a page of `deno doc` to this site.
 *
 * @param shown The package.
 * @param path The page's path in the site.
 * @param made The page's HTML, as `deno doc` made it.
 * @throws {Error} The page does not look as expected.
 */
export function adaptPage(shown: Package, path: string, made: string): string {
  if (made.includes('<meta http-equiv="refresh"')) return made;
  try {
    return addFrame(shown, path, nameSpecifiers(made, shown.specifiers));
  } catch (cause) {
    throw new Error(`${path} is not understood`, { cause });
  }
}

/**
 * Writes the specifier that users import into the boxes that show a symbol's import.
 *
 * @throws {Error} A box imports nothing, or from an unknown entry.
 */
export function nameSpecifiers(html: string, specifiers: ReadonlyMap<string, string>): string {
  return html.replace(/<div class="usageContent">[^]*?<\/div>/g, (box) => {
    let named = 0;
    const adapted = box.replace(/( from &quot;)(.*?)(&quot;)/g, (_, start, made, end) => {
      const specifier = specifiers.get(unescapeHtml(made));
      if (specifier === undefined) throw new Error(`A usage box imports from ${made}`);
      named++;
      return start + specifier + end;
    });
    if (named === 0) throw new Error(`A usage box imports nothing: ${box}`);
    return adapted;
  });
}

/** The first sentence of a comment whose paragraphs `deno doc` has joined without a space. */
export function firstSentence(doc: string): string {
  return /^.+?[.!?](?=\s|\p{Lu}|$)/su.exec(doc)?.[0] ?? doc;
}

/** Adds the link to the guides, the search of the site, and how to install the package. */
function addFrame({ name, folder, specifiers }: Package, path: string, made: string): string {
  const up = climb(path);
  const install = `<code>deno add jsr:${name}</code> or, on Node, <code>npx jsr add ${name}</code>`;
  let html = made;
  const replace = (pattern: RegExp, text: string, times = 1) => {
    const found = html.match(pattern)?.length ?? 0;
    if (found !== times) throw new Error(`${found} times ${pattern}, not ${times} times`);
    html = html.replace(pattern, text);
  };
  html = html.replace(/(<div class="anchorable")>(<a href="#(example_[\d-]+)")/g, '$1 id="$3">$2');
  html = html.replace(/<h3>Usage<\/h3>/g, `$&<p class="install">After ${install}:</p>`);
  replace(/<script src="[^"]*\b(search_index|fuse|search)\.js" defer><\/script>\s*/g, "", 3);
  replace(/<\/head>/g, `${buildHead(up, "api.css")}$&`);
  replace(/<ul class="breadcrumbs">/g, `<a class="guides" href="${up}index.html">Guides</a>$&`);
  replace(/<input\s+type="text"\s+id="searchbar"[^>]*>/g, SEARCH_FORM);
  replace(/<div id="searchResults"><\/div>/g, buildResults(up));
  if (path === `${folder}/index.html`) {
    const entries = [...specifiers].map(([entry, specifier]) =>
      `<li><a href="${posix.join(entry, "index.html")}"><code>${specifier}</code></a></li>`
    );
    replace(
      /<main>/g,
      `$&<div class="start"><p>Install it: ${install}. Both then import these names:</p>
<ul>${entries.join("")}</ul></div>`,
    );
  }
  return html;
}
