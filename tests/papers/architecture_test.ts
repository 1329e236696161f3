import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../support/root.ts";

/** The folders of src in layers, from the top. A file imports from its own folder and from lower layers. */
const FLOORS: readonly (readonly string[])[] = [
  ["entries"],
  ["composition"],
  ["options"],
  ["http"],
  ["verification"],
  ["operations", "shared_cache"],
  ["events"],
  ["oauth"],
  ["lib"],
];
const MAX_FILES_PER_FOLDER = 14;

type Sources = ReadonlyMap<string, string>;

/** The folder below `src`; files at the top of `src` compose all others. */
function folderOf(path: string): string {
  const [, folder = "", file] = path.split("/");
  return file === undefined ? "composition" : folder;
}

function floorOf(path: string): number {
  const floor = FLOORS.findIndex((folders) => folders.includes(folderOf(path)));
  assert(floor >= 0, `${path} stands in a folder that is not in the list`);
  return floor;
}

/** The relative imports and re-exports of a file, as paths from the project's root. */
function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.\.?\/[^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) =>
    new URL(specifier, `file:///${path}`).pathname.slice(1)
  );
}

/** Imports that point upward, or to the neighbour on the same floor. */
function forbiddenImports(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    for (const to of importsOf(path, text)) {
      const isLower = to !== "mod.ts" && floorOf(to) > floorOf(path);
      if (isLower || folderOf(to) === folderOf(path)) continue;
      found.push(`${path} imports ${to}`);
    }
  }
  return found;
}

/** The first import circle, as a chain of paths. */
function findCircle(sources: Sources): string[] | undefined {
  const done = new Set<string>();
  function visit(path: string, chain: readonly string[]): string[] | undefined {
    if (chain.includes(path)) return [...chain, path];
    if (done.has(path)) return undefined;
    for (const to of importsOf(path, sources.get(path) ?? "")) {
      const circle = visit(to, [...chain, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  }
  for (const path of sources.keys()) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function readSources(folder: string): Map<string, string> {
  const entries = readdirSync(new URL(folder, root), { withFileTypes: true });
  return new Map(entries.flatMap((entry) => {
    const path = folder + entry.name;
    if (entry.isDirectory()) return [...readSources(`${path}/`)];
    return path.endsWith(".ts") ? [[path, readFileSync(new URL(path, root), "utf8")] as const] : [];
  }));
}

const sources = readSources("src/");

test("forbiddenImports() finds none in src", () => {
  assert.deepEqual(forbiddenImports(sources), []);
});

const FORBIDDEN: readonly (readonly [string, string, string])[] = [
  ["upward", "src/lib/url.ts", 'import { a } from "../oauth/bearer.ts";'],
  ["upward, a type", "src/oauth/facts.ts", 'import type { A } from "../events/events.ts";'],
  ["upward, over lines", "src/oauth/facts.ts", 'import {\n  a,\n  b,\n} from "../http/gate.ts";'],
  ["upward, a re-export", "src/http/gate.ts", 'export { a } from "../options/urls.ts";'],
  ["upward, dynamic", "src/http/gate.ts", 'await import("../create_propel_auth.ts");'],
  ["upward, an entry", "src/http/gate.ts", 'import { a } from "../entries/otel/api.ts";'],
  ["to the neighbour", "src/operations/calls.ts", 'import { a } from "../shared_cache/seal.ts";'],
  ["to mod.ts", "src/http/gate.ts", 'import { a } from "../../mod.ts";'],
];

for (const [what, path, text] of FORBIDDEN) {
  test(`forbiddenImports() finds an import that points ${what}`, () => {
    assert.equal(forbiddenImports(new Map([[path, text]])).length, 1);
  });
}

test("findCircle() finds none in src", () => {
  assert.equal(findCircle(sources), undefined);
});

test("findCircle() finds a circle when two files of a folder import each other", () => {
  // `.ci/pack` rewrites the endings of specifiers that it finds whole in a test.
  const importing = (name: string) => `import { a } from ${JSON.stringify(`./${name}.ts`)};`;
  const circle = findCircle(
    new Map([["src/lib/a.ts", importing("b")], ["src/lib/b.ts", importing("a")]]),
  );
  assert.deepEqual(circle, ["src/lib/a.ts", "src/lib/b.ts", "src/lib/a.ts"]);
});

test(`no folder of the core has more than ${MAX_FILES_PER_FOLDER} files`, () => {
  const core = [...sources.keys()].filter((path) => folderOf(path) !== "entries");
  for (const folder of new Set(core.map(folderOf))) {
    const count = core.filter((path) => folderOf(path) === folder).length;
    assert(count <= MAX_FILES_PER_FOLDER, `src/${folder} has ${count} files`);
  }
});
