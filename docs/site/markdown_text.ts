/** Markdown as plain text, for what the search shows and for the ids of headings. */
import type { Token } from "marked";

/**
 * Leaves out all that is not said: fences, rules, emphasis, tags, where links lead and the heads of
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
