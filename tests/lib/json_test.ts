import assert from "node:assert/strict";
import { test } from "node:test";
import { definedOnly, freezeDeeply, isObject, parseJson } from "../../src/lib/json.ts";

const VALUES: [what: string, value: unknown, is: boolean][] = [
  ["an object", {}, true],
  ["an object without a prototype", Object.create(null), true],
  ["null", null, false],
  ["a list", [], false],
  ["a text", "{}", false],
  ["a function", () => {}, false],
  ["nothing", undefined, false],
];

for (const [what, value, is] of VALUES) {
  test(`isObject() is ${is} for ${what}`, () => assert.equal(isObject(value), is));
}

test("parseJson() is undefined for text that is not JSON", () => {
  assert.deepEqual(parseJson('{"a":[1]}'), { a: [1] });
  for (const text of ["", "{", "NaN", "undefined"]) assert.equal(parseJson(text), undefined);
});

test("freezeDeeply() freezes all that a value holds, however deep", () => {
  const value = freezeDeeply({ list: [{ a: 1 }], text: "t", absent: null });
  assert(Object.isFrozen(value) && Object.isFrozen(value.list) && Object.isFrozen(value.list[0]));
  freezeDeeply(JSON.parse("[".repeat(30_000) + "]".repeat(30_000)));
});

test("definedOnly() copies the own members that are not undefined", () => {
  const values = Object.assign(Object.create({ inherited: 1 }), { a: undefined, b: null, c: 0 });
  assert.deepEqual(definedOnly(values), { b: null, c: 0 });
  assert.deepEqual(Object.keys(values), ["a", "b", "c"]);
});
