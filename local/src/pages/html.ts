/**
 * The frame of every page, and the escaping of text in it. Pure: no clock, no network.
 *
 * @module
 */

/**
 * Escapes text for HTML, in elements and in quoted attributes.
 *
 * @param text Any text, such as a client's name.
 * @returns The text without characters that HTML interprets.
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Reads back what {@linkcode escapeHtml} wrote.
 *
 * @param html Text from one of these pages.
 * @returns The text as it was.
 */
export function unescapeHtml(html: string): string {
  return html.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)));
}

const STYLE = `
:root { color-scheme: light dark; --ink: #17181c; --soft: #5d6170; --line: #dfe1e8; --paper: #fff;
  --ground: #f4f5f8; --accent: #4338ca; --accent-ink: #fff; --note: #fdf6e3; --note-ink: #6b4e00; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef4; --soft: #a3a8b8; --line: #343845;
  --paper: #1b1d24; --ground: #111318; --accent: #a5b4fc; --accent-ink: #14152b; --note: #2b2513;
  --note-ink: #f0d48a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  display: flex; flex-direction: column; align-items: center; padding: 6vh 16px 24px; }
main { width: 100%; max-width: 440px; background: var(--paper); border: 1px solid var(--line);
  border-radius: 16px; padding: 32px; box-shadow: 0 12px 32px rgb(20 22 40 / 8%); }
h1 { font-size: 1.375rem; line-height: 1.3; margin: 0 0 4px; letter-spacing: -.01em;
  overflow-wrap: anywhere; }
h2 { font-size: .8125rem; font-weight: 600; margin: 24px 0 8px; color: var(--soft); }
p { margin: 0 0 12px; } .soft { color: var(--soft); font-size: .9375rem; overflow-wrap: anywhere; }
code { font: .875em ui-monospace, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.note { max-width: 440px; margin: 16px 0 0; padding: 6px 14px; border-radius: 999px;
  background: var(--note); color: var(--note-ink); font-size: .8125rem; }
ul { list-style: none; margin: 0; padding: 0; }
.rows > li { border-top: 1px solid var(--line); padding: 12px 0; } .rows > li:last-child {
  border-bottom: 1px solid var(--line); }
.scope { display: flex; gap: 12px; align-items: flex-start; } label.scope { cursor: pointer; }
.scope input { width: 18px; height: 18px; margin: 3px 0 0; accent-color: var(--accent); flex: none; }
.scope .mark { width: 18px; flex: none; text-align: center; color: var(--accent); }
.off { color: var(--soft); } .off .mark { color: var(--soft); }
.scope small { display: block; color: var(--soft); font-size: .875rem; }
.person { display: block; width: 100%; text-align: left; background: none; cursor: pointer;
  border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; margin: 0 0 8px;
  font: inherit; color: inherit; } .person small { display: block; color: var(--soft);
  font-size: .875rem; } .person:hover { border-color: var(--accent); }
.answer { display: flex; gap: 12px; margin-top: 24px; } .answer button { flex: 1; font: inherit;
  font-weight: 600; padding: 11px 16px; border-radius: 10px; cursor: pointer;
  border: 1px solid var(--line); background: none; color: inherit; }
.answer .allow { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
button:focus-visible, input:focus-visible, select:focus-visible, a:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; }
.link { background: none; border: 0; padding: 0; font: inherit; color: var(--accent);
  text-decoration: underline; cursor: pointer; }
.field { display: block; margin: 0 0 12px; color: var(--soft); font-size: .9375rem; }
.field input, .field select { display: block; width: 100%; margin-top: 4px; padding: 10px 12px;
  font: inherit; font-size: 1rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--line); border-radius: 10px; }
.key { display: flex; gap: 12px; align-items: baseline; justify-content: space-between; }
.key small { display: block; color: var(--soft); font-size: .875rem; } .key span { min-width: 0;
  overflow-wrap: anywhere; }
.made { margin: 16px 0; padding: 14px 16px; border-radius: 12px; background: var(--note);
  color: var(--note-ink); } .made > code { display: block; margin: 6px 0; user-select: all; }
.made small { font-size: .8125rem; }
dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 4px 16px; font-size: .9375rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 480px) { main { padding: 24px 20px; } body { padding-top: 16px; } }
`;

/**
 * Builds a whole page, which works without scripts.
 *
 * @param title The title, as plain text.
 * @param content The content, as HTML.
 * @returns The document.
 */
export function buildPage(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main>${content}</main>
<p class="note">Local PropelAuth: for development only</p></body></html>
`;
}
