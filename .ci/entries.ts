/**
 * Prints what a workspace member exports, from its `exports` map: the source files, or with
 * `--names` the names under which they are imported. So every list of entries is this one.
 *
 * Usage: `deno run --allow-read .ci/entries.ts [--names] [folder of the member]`
 *
 * @module
 */
// deno-lint-ignore-file no-console
const names = Deno.args.includes("--names");
const folder = Deno.args.find((arg) => !arg.startsWith("--")) ?? ".";
const { name, exports } = JSON.parse(Deno.readTextFileSync(`${folder}/deno.json`));
const entries: Record<string, string> = typeof exports === "string" ? { ".": exports } : exports;
for (const [path, source] of Object.entries(entries)) {
  console.log(names ? name + path.slice(1) : `${folder}/${source}`.replaceAll("./", ""));
}
