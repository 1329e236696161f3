import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/lib/digest.ts";
import { createTtlCache, type Places } from "../../src/lib/ttl_cache.ts";
import { createDigestPlaces } from "../../src/verification/digest_places.ts";

const KINDS_OF_KEYS: [kind: string, createPlaces: () => Places | undefined][] = [
  ["any text", () => undefined],
  ["digests", createDigestPlaces],
];

test("get() gives nothing for a key that was never set", () => {
  assert.equal(createTtlCache(10).get("a", 0), undefined);
});

test("get() gives the value until the time it was given, exclusively", () => {
  const cache = createTtlCache<number>(10);
  cache.set("a", 1, 100);
  assert.equal(cache.get("a", 99.999), 1);
  assert.equal(cache.get("a", 100), undefined);
});

test("get() never lengthens a life", () => {
  const cache = createTtlCache<number>(10);
  cache.set("a", 1, 100);
  for (let now = 0; now < 100; now += 10) assert.equal(cache.get("a", now), 1);
  assert.equal(cache.get("a", 100), undefined);
});

test("get() drops a stale entry", () => {
  const cache = createTtlCache<number>(10);
  cache.set("a", 1, 100);
  cache.get("a", 100);
  assert.equal(cache.size, 0);
});

test("set() replaces a value and its life without evicting another", () => {
  const cache = createTtlCache<number>(2);
  cache.set("a", 1, 100);
  cache.set("b", 2, 100);
  cache.set("a", 3, 200);
  assert.deepEqual([cache.get("a", 150), cache.get("b", 50), cache.size], [3, 2, 2]);
});

// G24: tokens a a b a c in a cache of two
test("set() evicts the least recently used entry, not the oldest", () => {
  const cache = createTtlCache<number>(2);
  cache.set("a", 1, 100);
  cache.get("a", 0);
  cache.set("b", 2, 100);
  cache.get("a", 0);
  cache.set("c", 3, 100);
  assert.deepEqual([cache.get("a", 0), cache.get("b", 0), cache.get("c", 0)], [1, undefined, 3]);
});

test("set() keeps nothing when the size is 0", () => {
  const cache = createTtlCache<number>(0);
  cache.set("a", 1, 100);
  assert.deepEqual([cache.get("a", 0), cache.size], [undefined, 0]);
});

test("delete() drops an entry, and is silent about an unknown one", () => {
  const cache = createTtlCache<number>(10);
  cache.set("a", 1, 100);
  cache.delete("a");
  cache.delete("b");
  assert.deepEqual([cache.get("a", 0), cache.size], [undefined, 0]);
});

// The list beside the Map has four ends to get wrong; a plain model has none.
for (const [kind, createPlaces] of KINDS_OF_KEYS) {
  test(`a cache with keys of ${kind} behaves as a plain list does, over ten thousand random steps`, () => {
    const cache = createTtlCache<number>(5, createPlaces());
    let model: { key: string; value: number; freshUntil: number }[] = [];
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let now = 0; now < 10_000; now++) {
      const key = sha256(`${random(8)}`);
      const known = model.find((entry) => entry.key === key);
      const others = model.filter((entry) => entry !== known);
      switch (random(4)) {
        case 0:
          cache.delete(key);
          model = others;
          break;
        case 1: {
          const entry = { key, value: now, freshUntil: now + random(40) };
          cache.set(key, entry.value, entry.freshUntil);
          model = [entry, ...others].slice(0, 5);
          break;
        }
        default: {
          const fresh = known !== undefined && known.freshUntil > now ? known : undefined;
          assert.equal(cache.get(key, now), fresh?.value);
          if (known !== undefined) model = fresh ? [fresh, ...others] : others;
        }
      }
      assert.equal(cache.size, model.length);
    }
  });
}

test("createTtlCache() gives nothing before its time, as a clock that jumped back would want", () => {
  const cache = createTtlCache<number>(10);
  cache.set("a", 1, 1060, 1000);
  assert.equal(cache.get("a", 1000), 1);
  assert.equal(cache.get("a", 999), undefined);
  assert.equal(cache.size, 0);
});
