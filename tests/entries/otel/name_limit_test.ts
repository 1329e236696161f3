import assert from "node:assert/strict";
import { test } from "node:test";
import { createNameLimit } from "../../../src/entries/otel/name_limit.ts";

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

test("limit() gives _OTHER after 100 names of which no call succeeded", () => {
  const { limit } = createNameLimit();
  const given = names("made-up", 5000).map(limit);
  assert.deepEqual(given.slice(0, 100), names("made-up", 100));
  assert.deepEqual(new Set(given.slice(100)), new Set(["_OTHER"]));
  assert.equal(limit("made-up-0"), "made-up-0");
});

test("limit() keeps the names of calls that succeeded, whatever names are made up", () => {
  const { limit, prove } = createNameLimit();
  for (const name of names("made-up", 5000)) limit(name);
  assert.equal(limit("search"), "_OTHER");
  prove("search");
  assert.equal(limit("search"), "search");
});

test("limit() has room for another name when one of the hundred is proven", () => {
  const { limit, prove } = createNameLimit();
  for (const name of names("tool", 100)) limit(name);
  assert.equal(limit("one more"), "_OTHER");
  prove("tool-0");
  assert.equal(limit("one more"), "one more");
});

test("prove() keeps 1,000 names, and none longer than MCP allows", () => {
  const { limit, prove } = createNameLimit();
  for (const name of names("tool", 3000)) prove(name);
  for (const name of names("made-up", 100)) limit(name);
  const kept = names("tool", 3000).filter((name) => limit(name) === name);
  assert.equal(kept.length, 1000);
  const long = "x".repeat(129);
  assert.equal(createNameLimit().limit(long), "_OTHER");
  assert.equal(createNameLimit().limit(long.slice(1)), long.slice(1));
});
