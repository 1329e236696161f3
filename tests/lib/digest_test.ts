import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/lib/digest.ts";

// FIPS 180-4, the example "abc" of NIST.
test("sha256() is in hex, in lower case", () => {
  assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
