import assert from "node:assert/strict";
import { test } from "node:test";
import { badOption, describe, describeSecret } from "../../src/lib/check_option.ts";

// The rules themselves are tested through resolveOptions(), in options_test.ts.

test("badOption() says which option, what rule and what was received", () => {
  const error = badOption("mcpPath", "a path", "42");
  assert(error instanceof TypeError);
  assert.equal(error.message, "Cannot create PropelAuth: mcpPath must be a path: received 42");
});

const DESCRIBED: [value: unknown, description: string][] = [
  ["text", '"text"'],
  ['te"xt\n', '"te\\"xt\\n"'],
  ["a".repeat(300), `"${"a".repeat(200)}"`],
  ["https://user:pass@h.example/a@b", '"https://***@h.example/a@b"'],
  [new URL("https://user:pass@h.example"), '"https://***@h.example/"'],
  ["https://h.example/mcp?token=s&x#y", '"https://h.example/mcp?***"'],
  ["HTTPS://u@h.example/#to\nken", '"HTTPS://***@h.example/#***"'],
  ["https://h.example/?", '"https://h.example/?"'],
  ["notes://{?id}", '"notes://{?id}"'],
  [NaN, "NaN"],
  [true, "true"],
  [null, "null"],
  [undefined, "undefined"],
  [[1, 2], "an array of 2"],
  [{ secret: 1 }, "a value of type object"],
  [() => 1, "a value of type function"],
];

for (const [value, description] of DESCRIBED) {
  test(`describe() says ${description.slice(0, 40)}`, () => {
    assert.equal(describe(value), description);
  });
}

const SECRETS: [value: unknown, description: string][] = [
  ["", "a string of 0 characters"],
  ["secret", "a string of 6 characters"],
  [null, "null"],
  [["secret"], "a value of type object"],
  [undefined, "a value of type undefined"],
];

for (const [value, description] of SECRETS) {
  test(`describeSecret() says ${description}`, () => {
    assert.equal(describeSecret(value), description);
  });
}
