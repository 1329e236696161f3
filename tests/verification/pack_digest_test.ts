import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { packDigest } from "../../src/verification/pack_digest.ts";

/** The digest that a key was packed from. */
function unpack(key: string): string {
  return Array.from(
    { length: key.length },
    (_, at) => key.charCodeAt(at).toString(16).padStart(4, "0"),
  ).join("");
}

test("packDigest() keeps every bit of a digest", () => {
  const digests = Array.from({ length: 100 }, (_, i) => hash("sha256", `token-${i}`, "hex"));
  for (const digest of [...digests, "0".repeat(64), "f".repeat(64), "0123456789abcdef".repeat(4)]) {
    const key = packDigest(digest);
    assert.equal(key.length, 16);
    assert.equal(unpack(key), digest);
  }
});

test("packDigest() returns any other text as it is", () => {
  for (const text of ["", "d", "a".repeat(63), "a".repeat(65)]) {
    assert.equal(packDigest(text), text);
  }
});
