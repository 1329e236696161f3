/** The settings of VitePress. `docs/site/build.ts` puts `sidebar.json` and the pages beside them. */
import { readFileSync } from "node:fs";

/** The ids that GitHub gives to headings, so that the links of the guides work here and there. */
function slugify(title) {
  return title.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

/** Gives the lines of a source file ids, so that a link can lead to one. */
const lineIds = {
  line(node, line) {
    if (/\blines\b/.test(this.options.meta?.__raw ?? "")) node.properties.id = `L${line}`;
  },
};

// VitePress sends the functions of the search to the browser as text: they use nothing around them.
const search = {
  detailedView: true,
  // Source files are not searched. To colour them for the search too would take half of the build.
  _render: (text, env, markdown) =>
    env.relativePath.startsWith("files/") ? "" : markdown.render(text, env),
  miniSearch: {
    options: {
      // "ttl" finds `cacheTtlSeconds`.
      processTerm(term) {
        const words = term.split(/(?<=[\p{Ll}\d])(?=\p{Lu})/u);
        return [term, ...words.slice(words.length > 1 ? 0 : 1)].map((word) => word.toLowerCase());
      },
    },
    searchOptions: {
      prefix: true,
      fuzzy: (term) => term.length > 4 ? 0.2 : false,
      combineWith: "AND",
      boost: { title: 8, titles: 2, text: 1 },
      processTerm: (term) => term.toLowerCase(),
      // Guides first: the API has many sections with similar names.
      boostDocument: (id) => id.startsWith("/api/") ? 0.7 : id.startsWith("/project/") ? 0.4 : 1,
    },
  },
};

export default {
  title: "@x/propelauth-mcp",
  description: "Makes an MCP server an OAuth 2.1 resource server for PropelAuth.",
  srcDir: "pages",
  head: [["link", { rel: "icon", href: "data:," }]],
  transformHead: ({ page }) =>
    page === "404.md"
      ? []
      : [["link", { rel: "alternate", type: "text/markdown", href: `/${page}` }]],
  markdown: { html: false, anchor: { slugify }, codeTransformers: [lineIds] },
  themeConfig: {
    nav: [
      { text: "Guides", link: "/guides" },
      { text: "API", link: "/api/propelauth-mcp" },
      { text: "For agents", link: "/llms.txt", target: "_blank" },
    ],
    outline: [2, 3],
    search: { provider: "local", options: search },
    sidebar: JSON.parse(readFileSync(new URL("../sidebar.json", import.meta.url), "utf8")),
  },
};
