/** HTML as text: what all pages have, what is escaped in them, and the ids that links may name. */

/** Makes text safe in elements and in attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Undoes what `escapeHtml()` and `deno doc` do. */
export function unescapeHtml(html: string): string {
  return html.replaceAll("&#x2F;", "/").replaceAll("&#x27;", "'").replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Every id of a page. */
export function readIds(html: string): Set<string> {
  return new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => unescapeHtml(id)));
}

/** The way from a page to the start of the site, such as `../`. */
export function climb(path: string): string {
  return "../".repeat(path.split("/").length - 1);
}

/** Where one types what to search for. */
export const SEARCH_FORM =
  '<form role="search"><input type="search" id="query" placeholder="Search guides and API" ' +
  'aria-label="Search guides and API" autocomplete="off"></form>';

/** Builds where the search shows what it finds. */
export function buildResults(up: string): string {
  return `<ol id="results" data-up="${up}" hidden></ol>`;
}

/** Builds what stands in the head of every page: no icon, the look, the search. */
export function buildHead(up: string, styles: string): string {
  return `<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}${styles}">
<link rel="stylesheet" href="${up}search.css">
<script defer src="${up}search.js"></script>
`;
}
