/**
 * Mends the pages that `deno doc` makes, so that they are pages of this site: names that can be
 * imported, the way back to the guides, and one search.
 *
 * `deno doc --html` has options for none of it. What it prints is therefore read strictly: a page
 * that looks different than expected throws.
 *
 * @module
 */
import { posix } from "node:path";
import { buildHead, buildResults, climb, SEARCH_FORM, unescapeHtml } from "../html.ts";

/** One package, as its pages show it. */
export interface Package {
  /** Its name, such as `@x/propelauth-mcp`. */
  readonly name: string;
  /** Where its pages are in the site. */
  readonly folder: string;
  /** What is imported, by the name that `deno doc` gives to an entry, such as `doctor` and `.`. */
  readonly specifiers: ReadonlyMap<string, string>;
}

/**
 * Makes a page of `deno doc` one of this site.
 *
 * @param path Its path in the site.
 * @throws {Error} when it is not as `deno doc` makes them.
 */
export function mendPage(shown: Package, path: string, made: string): string {
  if (made.includes('<meta http-equiv="refresh"')) return made;
  try {
    return addFrame(shown, path, nameSpecifiers(made, shown.specifiers));
  } catch (cause) {
    throw new Error(`${path} is not understood`, { cause });
  }
}

/**
 * Writes what users import into the boxes that say how a symbol is used.
 *
 * @throws {Error} when a box is left without such a name.
 */
export function nameSpecifiers(html: string, specifiers: ReadonlyMap<string, string>): string {
  return html.replace(/<div class="usageContent">[^]*?<\/div>/g, (box) => {
    let named = 0;
    const mended = box.replace(/( from &quot;)(.*?)(&quot;)/g, (_, start, made, end) => {
      const specifier = specifiers.get(unescapeHtml(made));
      if (specifier === undefined) throw new Error(`A usage box imports from ${made}`);
      named++;
      return start + specifier + end;
    });
    if (named === 0) throw new Error(`A usage box imports nothing: ${box}`);
    return mended;
  });
}

/** The first sentence of a comment whose paragraphs `deno doc` has joined without a space. */
export function firstSentence(doc: string): string {
  return /^.+?[.!?](?=\s|\p{Lu}|$)/su.exec(doc)?.[0] ?? doc;
}

/** Adds the way to the guides, the search of the site, and how to install what is shown. */
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
