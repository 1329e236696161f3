/** Markdown as plain text, for the search and for the ids of headings. */
import type { Token } from "marked";

/**
 * The plain text of Markdown, without fences, rules, emphasis, tags, targets of links and headings of
 * tables.
 */
export function textOf(tokens: readonly Token[]): string {
  return join(tokens).replace(/\s+/g, " ").trim();
}

function join(tokens: readonly Token[]): string {
  return tokens.map(read).join("");
}

function read(token: Token): string {
  switch (token.type) {
    case "hr":
    case "def":
      return " ";
    case "html":
      return token.text.replace(/<!--[^]*?-->|<[^>]*>/g, " ");
    case "table": {
      const rows: { tokens: Token[] }[][] = token.rows;
      return ` ${rows.flat().map((cell) => join(cell.tokens)).filter(Boolean).join(" · ")} `;
    }
    case "list":
      return ` ${token.items.map(read).join(" ")} `;
    case "code":
      return ` ${token.text} `;
    case "paragraph":
    case "heading":
    case "blockquote":
    case "list_item":
      return ` ${join(token.tokens ?? [])} `;
  }
  if ("tokens" in token && token.tokens) return join(token.tokens);
  return "text" in token ? token.text : " ";
}
