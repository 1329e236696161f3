import assert from "node:assert/strict";
import { test } from "node:test";
import { createHoldsScope } from "../../src/oauth/scope_hierarchy.ts";

// R20: a broader scope implies its narrower ones (MCP 2026-07-28, MUST).

const KNOWN = new Set(["a", "b", "c", "d", "x", "__proto__"]);
const create = (hierarchy: unknown) => createHoldsScope(hierarchy, KNOWN);

const HELD: [granted: string[], needed: string, held: boolean][] = [
  [["c"], "c", true],
  [["b"], "c", true],
  [["a"], "c", true],
  [["a"], "d", true],
  [["x", "a"], "b", true],
  [["c"], "b", false],
  [["b"], "a", false],
  [["x"], "c", false],
  [[], "c", false],
  [["A"], "c", false],
  [["a"], "toString", false],
  [["a"], "__proto__", false],
];

for (const [granted, needed, held] of HELD) {
  test(`createHoldsScope() says that ${granted.join(" ") || "no scope"} ${held ? "is" : "is not"} enough for ${needed}`, () => {
    const holdsScope = create({ a: ["b", "d"], b: ["c"] });
    assert.equal(holdsScope(granted, needed), held);
  });
}

test("createHoldsScope() compares names exactly without a hierarchy", () => {
  const holdsScope = create({});
  assert.deepEqual([holdsScope(["a"], "a"), holdsScope(["a"], "b")], [true, false]);
});

test("createHoldsScope() takes a scope that two others include", () => {
  const holdsScope = create({ a: ["c", "b"], b: ["c"], x: ["c"] });
  assert.deepEqual(["a", "b", "x"].map((scope) => holdsScope([scope], "c")), [true, true, true]);
});

const REFUSED: [value: unknown, rule: RegExp][] = [
  [{ a: ["b"], b: ["a"] }, /free of cycles: received "a" within itself$/],
  [{ a: ["a"] }, /free of cycles/],
  [{ x: ["a"], a: ["b"], b: ["c"], c: ["a"] }, /free of cycles/],
  [{ a: ["unknown"] }, /an object of scopes that .+ name: received "unknown" in it$/],
  [{ unknown: ["a"] }, /an object of scopes that .+ name: received "unknown" in it$/],
  [{ a: "b" }, /an array of scopes/],
  [{ a: ["b c"] }, /an array of scopes/],
  [{ a: ["offline_access"] }, /free of offline_access/],
  [["a"], /an object of lists of scopes/],
  [null, /an object of lists of scopes/],
  ["a", /an object of lists of scopes/],
];

for (const [value, rule] of REFUSED) {
  test(`createHoldsScope() refuses ${JSON.stringify(value)}`, () => {
    assert.throws(() => create(value), { name: "BrokenRule", message: rule });
  });
}
