/**
 * Makes a text the same in each run, and short.
 *
 * @module
 */

const LENGTH = 300;

/** The text on one line, without ports, ids, tokens, times and stack traces. */
export function readable(text: string): string {
  const line = text
    // deno-lint-ignore no-control-regex -- the colours of a terminal.
    .replace(/\x1b\[[0-9;]*m/g, "")
    .replace(/^\s+at .*$/gm, "")
    .replace(/\b(127\.0\.0\.1|localhost|\[::1\]):\d+/g, "$1:PORT")
    .replace(/(127\.0\.0\.1|localhost)%3A\d+/g, "$1%3APORT")
    .replace(/\b(client_id|code_challenge|state)=[^&\s]+/g, "$1=…")
    .replace(/\b\d+ ?ms\b/g, "N ms")
    // The words with which Gemini CLI surrounds a tool's error.
    .replace(
      /^.* reported tool error for function call: .*?"message\\*":\\*"(.*)\\*",\\*"isError.*$/s,
      (_, message: string) => message.replaceAll("\\", ""),
    )
    .replace(/^Wall time: [\d.]+ seconds\s+Output:\s*/, "")
    // Which of its goroutines finds the session gone first decides on these words of Go's SDK.
    .replace(/^connection closed: (?=calling )/, "")
    .replace(/\bclient is closing: /, "")
    // The types of Rust, which say nothing to a user.
    .replace(/\[[\w:]+<.*>\]/g, "[…]")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
    .replace(/\b(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{40,}\b/g, "TOKEN")
    .replace(/\b\d{4}-\d\d-\d\d[T ][\d:.,]+Z?/g, "TIME")
    .replace(/\[\d{2,}\]/g, "[PID]")
    .replace(/\b(?:0x[0-9a-f]{6,}|[0-9a-f]{12})\b/g, "ADDRESS")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > LENGTH ? `${line.slice(0, LENGTH)}…` : line;
}
