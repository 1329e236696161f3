import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL(/\.ts$/.test(import.meta.url) ? "../" : "../../../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

const table = read(".github/ARCHITECTURE.md").match(/^\| `src\/.*$/gm) ?? [];
/** In which row of the table each file of the core stands. */
const rows = new Map(
  table.flatMap((row, index) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(src\/\w+\.ts)`/g)]
      .map(([, path = ""]) => [path, index] as const)
  ),
);

function importsOf(path: string): string[] {
  return [...read(path).matchAll(/ from "\.\/(?:src\/)?(\w+\.ts)";/g)].map(([, to]) => `src/${to}`);
}

/** The core: what `mod.ts` reaches, by types too. */
const core = new Set(importsOf("mod.ts"));
for (const path of core) importsOf(path).forEach((to) => core.add(to));

test("ARCHITECTURE.md has a row for each file of the core, and for no other", () => {
  assert.deepEqual([...rows.keys()].sort(), [...core].sort());
});

for (const path of core) {
  test(`${path} imports nothing that stands above it`, () => {
    const row = rows.get(path) ?? -1;
    const above = importsOf(path).filter((to) => (rows.get(to) ?? -1) < row);
    assert.deepEqual(above, []);
  });
}

test("nothing of the core imports in a circle", () => {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    assert(!way.includes(path), `${[...way, path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const to of importsOf(path)) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of core) visit(path, []);
});
