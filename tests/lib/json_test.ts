import assert from "node:assert/strict";
import { test } from "node:test";
import { isObject } from "../../src/lib/json.ts";

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
