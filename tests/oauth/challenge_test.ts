import assert from "node:assert/strict";
import { test } from "node:test";
import { buildBearerChallenge } from "../../src/oauth/challenge.ts";

const URL_ = "https://h.example/.well-known/oauth-protected-resource/mcp";

test("buildBearerChallenge() names the metadata alone when nothing else is known", () => {
  assert.equal(
    buildBearerChallenge({ resourceMetadataUrl: URL_, scopes: [] }),
    `Bearer resource_metadata="${URL_}"`,
  );
});

// Clients take the first match of a loose expression, so the order is part of the contract.
test("buildBearerChallenge() keeps the order metadata, scope, error, description", () => {
  assert.equal(
    buildBearerChallenge({
      description: "A sentence",
      error: "insufficient_scope",
      scopes: ["a:b", "c.d"],
      resourceMetadataUrl: URL_,
    }),
    `Bearer resource_metadata="${URL_}", scope="a:b c.d", error="insufficient_scope", ` +
      'error_description="A sentence"',
  );
});

const HOSTILE: [when: string, scope: string][] = [
  ["a quote", 'a", error="x'],
  ["a backslash", "a\\"],
  ["a line break", "a\r\nSet-Cookie: b"],
  ["a letter that is not ASCII", "\u00e9"],
  ["a NUL", "\0"],
];

for (const [when, scope] of HOSTILE) {
  test(`buildBearerChallenge() throws when a scope has ${when}`, () => {
    assert.throws(
      () => buildBearerChallenge({ resourceMetadataUrl: URL_, scopes: [scope] }),
      TypeError,
    );
  });
}
