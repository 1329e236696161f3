import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../support/root.ts";

// Every promise of SECURITY.md names tests that hold it; these have to exist under that name.

const read = (path: string) => readFileSync(new URL(path, root), "utf8");

const promised = /## What is promised\n([\s\S]*?)\n## /.exec(read(".github/SECURITY.md"))?.[1] ??
  "";
const promises = promised.replace(/\s+/g, " ").split(/ - | ###? [^-]+(?= - )/)
  .filter((text) => /[`.]/.test(text)).slice(1);

/** The lines of a test file that contain titles, or parts that are inserted into titles. */
function named(path: string): string {
  const lines = read(path).split("\n");
  return lines.filter((line) => /\btest\(|\b(rule|fault): |^ *\["/.test(line)).join("\n");
}

test("SECURITY.md makes promises", () => {
  assert(promises.length > 20);
  assert.equal(promises.length, promised.match(/^- /gm)?.length);
});

for (const promise of promises) {
  const [what = ""] = promise.split(/\. `tests\//);
  const tests = [...promise.matchAll(/`(tests\/[\w/]+\.ts)`: (.+?)(?=; `tests\/|$)/g)];
  test(`a test holds the promise: ${what}`, () => {
    assert(tests.length > 0, "no test is named");
    for (const [, path = "", title = ""] of tests) {
      assert(named(path).includes(title.trim()), `${path} has no test ${title}`);
    }
  });
}
