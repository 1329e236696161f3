import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/lib/digest.ts";
import { createTtlCache } from "../../src/lib/ttl_cache.ts";
import { createDigestPlaces } from "../../src/verification/digest_places.ts";

const DIGEST = sha256("token");

/** Digests that differ from one in a single digit. */
const NEIGHBOURS = Array.from({ length: DIGEST.length }, (_, at) => {
  const digit = DIGEST[at] === "0" ? "1" : "0";
  return DIGEST.slice(0, at) + digit + DIGEST.slice(at + 1);
});

/** Each differs from `DIGEST`, and shares the 32 bits that the Map knows it by. */
const RIVALS = NEIGHBOURS.slice(8);

test("createDigestPlaces() finds a digest by all of its digits", () => {
  const places = createDigestPlaces();
  places.add(DIGEST, 3);
  assert.equal(places.find(DIGEST), 3);
  for (const other of NEIGHBOURS) assert.equal(places.find(other), undefined, other);
});

test("createDigestPlaces() keeps the places of many digests, of the highest and the lowest", () => {
  const digests = [
    "0".repeat(64),
    "f".repeat(64),
    "0123456789abcdef".repeat(4),
    `8${"0".repeat(63)}`,
  ];
  for (let i = 0; i < 1000; i++) digests.push(sha256(`token-${i}`));
  const places = createDigestPlaces();
  for (const [place, digest] of digests.entries()) places.add(digest, place);
  assert.equal(places.size, digests.length);
  assert.deepEqual(digests.map((digest) => places.find(digest)), [...digests.keys()]);
  for (const place of digests.keys()) places.free(place);
  assert.equal(places.size, 0);
  assert.equal(digests.find((digest) => places.find(digest) !== undefined), undefined);
});

for (const rival of [RIVALS[0] ?? "", RIVALS.at(-1) ?? ""]) {
  test(`createDigestPlaces() tells what has to give way to a digest with ${rival.slice(0, 10)}`, () => {
    const cache = createTtlCache<string>(10, createDigestPlaces());
    cache.set(DIGEST, "first", 100);
    cache.set(sha256("another"), "another", 100);
    cache.set(rival, "second", 100);
    assert.deepEqual([cache.get(DIGEST, 0), cache.get(rival, 0)], [undefined, "second"]);
    cache.delete(DIGEST);
    assert.deepEqual([cache.get(rival, 0), cache.size], ["second", 2]);
    assert.equal(cache.get(sha256("another"), 0), "another");
  });
}

for (
  const text of [
    "",
    "d",
    DIGEST.slice(1),
    `${DIGEST}0`,
    DIGEST.toUpperCase(),
    `${DIGEST}\n`,
    "\u0130".repeat(64),
  ]
) {
  test(`createDigestPlaces() has no place for ${JSON.stringify(text)}`, () => {
    const places = createDigestPlaces();
    places.add(DIGEST, 0);
    assert.equal(places.find(text), undefined);
    assert.equal(places.findTaken(text), undefined);
    assert.throws(() => places.add(text, 1), { name: "TypeError", message: /SHA-256/ });
  });
}
