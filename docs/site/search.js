/** The search of the site, in the browser: finds sections of guides as one types. */
import MiniSearch from "minisearch";

const input = document.querySelector("#query");
const results = document.querySelector("#results");
const up = results.dataset.up;

let index;

// A script, not a fetch: pages that are opened as files may not fetch.
function loadSections() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${up}sections.js`;
    script.onload = () => resolve(globalThis.sections);
    script.onerror = () => reject(new Error("sections.js cannot be loaded"));
    document.head.append(script);
  });
}

async function load() {
  const search = new MiniSearch({
    fields: ["title", "guide", "text"],
    storeFields: ["title", "guide", "text"],
    searchOptions: { prefix: true, fuzzy: 0.2, boost: { title: 3, guide: 2 }, combineWith: "AND" },
  });
  search.addAll(await loadSections());
  return search;
}

async function show(query) {
  const found = query === "" ? [] : (await (index ??= load())).search(query).slice(0, 12);
  results.hidden = query === "";
  results.replaceChildren(...found.map(({ id, title, guide, text }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = up + id;
    link.textContent = title;
    const where = document.createElement("small");
    where.textContent = `${guide === title ? "" : `${guide} · `}${text.slice(0, 140)}`;
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
