import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ANY_CHARACTER } from "../support/any_character.ts";
import { runs } from "../support/fuzz_runs.ts";
import { createSealer } from "../../src/shared_cache/seal.ts";

const MAX_SEALED_LENGTH = 256 * 1024;

const SECRET = "introspection-secret";
const TEXT = '1000 {"active":true,"sub":"user-1","email":"someone@example.com"}';
const sealOf = createSealer(SECRET, "context");

function sealed(subject = "token a", text = TEXT): string {
  return sealOf(subject).seal(text) ?? assert.fail("it was not sealed");
}

test("open() gives what seal() was given, whoever made the sealer with the same secret", () => {
  assert.equal(createSealer(SECRET, "context")("token a").open(sealed()), TEXT);
});

test("open() gives back any text that seal() takes", () => {
  fc.assert(fc.property(fc.string({ unit: ANY_CHARACTER, maxLength: 400 }), (text) => {
    assert.equal(sealOf("token a").open(sealed("token a", text)), text);
  }));
});

test("seal() gives another value each time, and shows nothing of the text", () => {
  const [one, other] = [sealed(), sealed()];
  assert.notEqual(one, other);
  for (const value of [one, other]) {
    const bytes = atob(value.replaceAll("-", "+").replaceAll("_", "/"));
    for (const part of ["user-1", "someone", "active"]) assert(!bytes.includes(part));
  }
});

const FOREIGN: [what: string, open: (value: string) => string | undefined][] = [
  ["for another token", (value) => sealOf("token b").open(value)],
  ["with another secret", (value) => createSealer("other", "context")("token a").open(value)],
  ["in another context", (value) => createSealer(SECRET, "other")("token a").open(value)],
];

for (const [what, open] of FOREIGN) {
  test(`open() gives nothing for a value that was sealed ${what}`, () => {
    assert.equal(open(sealed()), undefined);
  });
}

test("open() gives nothing when any one bit was changed", () => {
  const bytes = Array.from(
    atob(sealed().replaceAll("-", "+").replaceAll("_", "/")),
    (character) => character.charCodeAt(0),
  );
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.map((byte, at) => at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte);
    const value = btoa(String.fromCharCode(...changed)).replaceAll("+", "-").replaceAll("/", "_")
      .replaceAll("=", "");
    assert.equal(sealOf("token a").open(value), undefined, `bit ${bit}`);
  }
});

test("open() gives nothing for any part of a value", () => {
  const value = sealed();
  for (let length = 0; length < value.length; length++) {
    assert.equal(sealOf("token a").open(value.slice(0, length)), undefined);
    assert.equal(sealOf("token a").open(value.slice(value.length - length)), undefined);
  }
});

for (
  const value of [
    undefined,
    null,
    1,
    {},
    [],
    "",
    "a",
    TEXT,
    "A".repeat(37),
    "A".repeat(38),
    "A".repeat(1000),
    "A".repeat(MAX_SEALED_LENGTH + 1),
    "é".repeat(100),
  ]
) {
  test(`open() gives nothing for ${JSON.stringify(value)?.slice(0, 20)}`, () => {
    assert.equal(sealOf("token a").open(value), undefined);
  });
}

test("open() gives nothing for any other text and does not throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: ANY_CHARACTER, maxLength: 200 }),
        fc.base64String({ maxLength: 400 }),
      ),
      (value) => assert.equal(sealOf("token a").open(value), undefined),
    ),
    { numRuns: runs(10_000) },
  );
});

test("seal() takes the longest text that open() takes, and none that is longer", () => {
  // Three bytes of UTF-8 each: the worst that can be.
  const longest = "€".repeat(MAX_SEALED_LENGTH / 4 - 28);
  assert.equal(sealOf("token a").open(sealed("token a", longest)), longest);
  assert.equal(sealOf("token a").seal("a".repeat(MAX_SEALED_LENGTH)), undefined);
});

test("name differs by secret, context and subject, and is no digest that a thief can compute", () => {
  const names = [
    sealOf("token a"),
    sealOf("token b"),
    createSealer("other", "context")("token a"),
    createSealer(SECRET, "other")("token a"),
  ].map(({ name }) => name);
  assert.equal(new Set(names).size, 4);
  assert(names.every((name) => /^[A-Za-z0-9_-]{43}$/.test(name)));
  for (const text of ["token a", "a"]) {
    assert(!names.includes(createHash("sha256").update(text).digest("base64url")));
  }
  assert.equal(createSealer(SECRET, "context")("token a").name, names[0]);
});
