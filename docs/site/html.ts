/** HTML that all pages share, escaping, and the ids of a page. */

/** Escapes text for elements and attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Undoes the escaping of `escapeHtml()` and of `deno doc`. */
export function unescapeHtml(html: string): string {
  return html.replaceAll("&#x2F;", "/").replaceAll("&#x27;", "'").replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** The ids of all elements of a page. */
export function readIds(html: string): Set<string> {
  return new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => unescapeHtml(id)));
}

/** The relative path from a page to the root of the site, such as `../`. */
export function climb(path: string): string {
  return "../".repeat(path.split("/").length - 1);
}

/** The search field. */
export const SEARCH_FORM =
  '<form role="search"><input type="search" id="query" placeholder="Search guides and API" ' +
  'aria-label="Search guides and API" autocomplete="off"></form>';

/** Builds the list into which the search puts its results. */
export function buildResults(up: string): string {
  return `<ol id="results" data-up="${up}" hidden></ol>`;
}

/** Builds the elements in the head of every page: an empty icon, style sheets, the search. */
export function buildHead(up: string, styles: string): string {
  return `<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}${styles}">
<link rel="stylesheet" href="${up}search.css">
<script defer src="${up}search.js"></script>
`;
}
