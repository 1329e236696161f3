/** .github/DEPENDENCIES.md has a row for each dependency that a file of the project names. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../support/root.ts";

const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const page = read(".github/DEPENDENCIES.md");

/** The files that name dependencies, each with the member in which it does. */
const FILES = [
  ["local/deno.json", "imports"],
  ["deno.json", "imports"],
  [".ci/package.json", "devDependencies"],
  [".ci/tools/package.json", "devDependencies"],
  [".ci/bench/package.json", "devDependencies"],
  ["docs/site/vitepress/package.json", "devDependencies"],
  ["examples/frameworks/npm/package.json", "dependencies"],
  ["examples/frameworks/apps/package.json", "dependencies"],
  ["tests/system/client_table/npm/package.json", "dependencies"],
] as const;

/** The rows of the first table after a text, as cells. */
function rowsAfter(text: string): string[][] {
  const start = page.indexOf(text);
  assert(start >= 0, `the page does not name ${text}`);
  const [table = ""] = /(?:^\|.+\|\n)+/m.exec(page.slice(start)) ?? [];
  return table.trim().split("\n").slice(2).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

for (const [file, member] of FILES) {
  test(`DEPENDENCIES.md has one row for each dependency in ${file}, and no other`, () => {
    const named = Object.keys(JSON.parse(read(file))[member]).map((name) =>
      name.replace(/\/$/, "")
    );
    const rows = rowsAfter(`In \`${file}\``);
    assert.deepEqual(rows.map(([name]) => name).sort(), named.map((name) => `\`${name}\``).sort());
    for (const [name, why, instead] of rows) assert(why && instead, `${name} lacks a reason`);
  });
}

test("DEPENDENCIES.md names packages of Deno's standard library that no file imports", () => {
  const names = rowsAfter("## Why none of").map(([name = ""]) => name.slice(1, -1));
  assert.deepEqual(names, ["@std/assert", "@std/dotenv", "@std/cache", "@std/http"]);
  for (const [file] of FILES) for (const name of names) assert(!read(file).includes(name), name);
});

test("dependabot.yml watches every folder that has a package.json", () => {
  const [list = ""] = /directories: \[[^\]]+\]/.exec(read(".github/dependabot.yml")) ?? [];
  const watched = [...list.matchAll(/"([^"]+)"/g)].map(([, folder]) => folder);
  const folders = FILES.filter(([file]) => file.endsWith("package.json"))
    .map(([file]) => `/${file.replace(/\/package\.json$/, "")}`);
  assert.deepEqual(watched.sort(), folders.sort());
});
