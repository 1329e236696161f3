import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "../../src/lib/nearest_name.ts";

const KNOWN = [
  "requiredScopes",
  "scopesSupported",
  "baseUrl",
  "mcpPath",
  "cacheTtlSeconds",
  "fetch",
];

const NEAR: [name: string, nearest: string | undefined][] = [
  ["requiredScope", "requiredScopes"],
  ["required_scopes", "requiredScopes"],
  ["reqiuredScopes", "requiredScopes"],
  ["BASEURL", "baseUrl"],
  ["baseUri", "baseUrl"],
  ["mcp-path", "mcpPath"],
  ["cacheTTL", "cacheTtlSeconds"],
  ["cacheTtlSecondsMax", "cacheTtlSeconds"],
  ["fecth", "fetch"],
  ["scopes", "requiredScopes"],
  ["path", "mcpPath"],
  ["url", undefined],
  ["colour", undefined],
  ["", undefined],
  ["f", undefined],
  ["x".repeat(1000), undefined],
];

for (const [name, nearest] of NEAR) {
  test(`nearestName() finds ${nearest ?? "none"} for ${JSON.stringify(name.slice(0, 30))}`, () => {
    assert.equal(nearestName(name, KNOWN), nearest);
  });
}

test("nearestName() takes the nearest of several, the first of them when they are alike", () => {
  assert.equal(nearestName("whoamii", ["whoareyou", "whoami", "whoamix"]), "whoami");
  assert.equal(nearestName("tool", ["tooa", "toob"]), "tooa");
});
