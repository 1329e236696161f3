/** The search of the site, in the browser: lists sections of guides and symbols of the API while the
 * user types. */
import MiniSearch from "minisearch";

const input = document.querySelector("#query");
const results = document.querySelector("#results");
const up = results.dataset.up;

/** The longest excerpt that is shown, in characters. */
const LENGTH = 140;

let index;

// A script instead of a fetch, because a page that is opened as a file may not fetch.
function loadSections() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${up}sections.js`;
    script.onload = () => resolve(globalThis.sections);
    script.onerror = () => reject(new Error("sections.js cannot be loaded"));
    document.head.append(script);
  });
}

/** Splits a camelCase term, so that "ttl" finds `cacheTtlSeconds`. */
function splitWords(term) {
  const words = term.split(/(?<=[\p{Ll}\d])(?=\p{Lu})/u);
  return words.length > 1 ? words.map((word) => word.toLowerCase()) : [];
}

/** Ranks guides first and members of symbols last: there are many symbols with similar names. */
function weigh(id) {
  if (!id.startsWith("api/")) return 1;
  return /\/~\/[^/]+\.[^/]+\.html$/.test(id) ? 0.5 : 0.8;
}

async function load() {
  const search = new MiniSearch({
    fields: ["title", "place", "text"],
    storeFields: ["title", "place", "text"],
    processTerm: (term) => [term.toLowerCase(), ...splitWords(term)],
    searchOptions: {
      prefix: true,
      fuzzy: 0.2,
      boost: { title: 3, place: 0.5 },
      boostDocument: weigh,
      combineWith: "AND",
      processTerm: (term) => term.toLowerCase(),
    },
  });
  search.addAll(await loadSections());
  return search;
}

async function show(query) {
  const found = query === "" ? [] : (await (index ??= load())).search(query).slice(0, 12);
  results.hidden = query === "";
  results.replaceChildren(...found.map(({ id, title, place, text }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = up + id;
    link.textContent = title;
    const where = document.createElement("small");
    const excerpt = text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
    where.textContent = [place === title ? "" : place, excerpt].filter(Boolean).join(" · ");
    item.append(link, where);
    return item;
  }));
  if (query !== "" && found.length === 0) results.textContent = "Nothing found";
}

input.addEventListener("input", () => show(input.value.trim()));
input.form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.key !== "/" || document.activeElement === input) return;
  event.preventDefault();
  input.focus();
});
