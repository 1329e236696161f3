import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, describeSecret, requireMembers } from "../../src/lib/check_option.ts";

// The other rules are tested through resolveOptions(), in resolve_options_test.ts.

const MEMBERS = ["requiredScopes", "scopesSupported", ..."abcdefghi"];
const ELSEWHERE = { name: "inner", members: ["cacheTtlSeconds", "fetch"] };

const UNKNOWN: [name: string, value: unknown, message: string][] = [
  ["options", 1, "options must be an object: received 1"],
  [
    "options",
    { requiredScope: [] },
    "requiredScope must be a known option: received an unknown one; did you mean requiredScopes?",
  ],
  ["options", { fetch: 1 }, "fetch must be a member of inner: received it as a member of options"],
  [
    "options",
    { cacheTTL: 1 },
    "cacheTTL must be a known option: received an unknown one; did you mean inner.cacheTtlSeconds?",
  ],
  ["options", { colour: 1 }, "colour must be a known option: received an unknown option"],
  [
    "inner",
    { requiredscopes: 1 },
    "inner.requiredscopes must be a known option: received an unknown one; " +
    "did you mean requiredScopes?",
  ],
];

for (const [name, value, message] of UNKNOWN) {
  test(`requireMembers() refuses ${JSON.stringify(value)} in ${name}`, () => {
    assert.throws(() => requireMembers(name, value, MEMBERS, ELSEWHERE), {
      name: "BrokenRule",
      message,
    });
  });
}

test("requireMembers() lists the names when they are few and none is near", () => {
  assert.throws(() => requireMembers("options", { colour: 1 }, ["format", "level"]), {
    message: "colour must be one of format, level: received an unknown option",
  });
});

const DESCRIBED: [value: unknown, description: string][] = [
  ["text", '"text"'],
  ['te"xt\n', '"te\\"xt\\n"'],
  ["a".repeat(300), `"${"a".repeat(200)}"`],
  // A password may hold what ends the host of a URL, so everything up to the last @ goes.
  ["https://user:pa/ss@h.example/a", '"https://***@h.example/a"'],
  ["https:/user:pass@h.example", '"https:/***@h.example"'],
  ["user:pass@h.example/a", '"user:***@h.example/a"'],
  ["pass@h.example", '"***@h.example"'],
  ["https://user:pa?ss@h.example#a", '"https://***@h.example#***"'],
  [" https://h.example/?key=secret", '" https://h.example/?***"'],
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
  [() => 1, "a function, not its result"],
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
