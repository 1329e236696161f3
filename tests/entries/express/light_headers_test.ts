import assert from "node:assert/strict";
import { test } from "node:test";
import { LightHeaders } from "../../../src/entries/express/light_headers.ts";

const PAIRS: [string, string][] = [["x-b", "2"], ["x-a", "1"], ["x-b", "3"]];
const create = () => {
  const found = new Map([["x-a", "1"], ["x-b", "2, 3"]]);
  return new LightHeaders({ find: (name) => found.get(name), list: () => PAIRS });
};

for (const name of ["x-a", "X-A", "X-B", "x-c", "constructor"]) {
  test(`LightHeaders finds ${name} where Headers does`, () => {
    const [light, real] = [create(), new Headers(PAIRS)];
    assert.deepEqual([light.get(name), light.has(name)], [real.get(name), real.has(name)]);
  });
}

test("LightHeaders copies its fields without one, and keeps them itself", () => {
  const light = create();
  const copy = light.copyWithout("X-A");
  assert.deepEqual([[...copy], copy.get("x-a"), copy.has("x-b")], [[["x-b", "2, 3"]], null, true]);
  light.delete("X-B");
  assert.deepEqual([[...light], light.has("x-b"), copy.has("x-b")], [[["x-a", "1"]], false, true]);
});

test("LightHeaders becomes Headers when a response is made with them", () => {
  const { headers } = new Response(null, { headers: create() });
  assert.deepEqual([...headers], [["x-a", "1"], ["x-b", "2, 3"]]);
});
