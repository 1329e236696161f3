import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalResource,
  isLoopback,
  withoutTrailingSlash,
} from "../../src/oauth/resource_identifier.ts";

const MCP = "https://h.example/mcp";
// RFC 3986 §6.2.2 and §6.2.3; G3 to G6
const SAME: [a: string, b: string][] = [
  ["https://h.example/mcp/", MCP],
  ["HTTPS://H.EXAMPLE/mcp", MCP],
  ["https://h.example:443/mcp", MCP],
  ["https://h.example", "https://h.example/"],
  ["http://127.0.0.1:80/mcp", "http://127.0.0.1/mcp"],
  ["http://[::1]:8000/mcp", "http://[0:0:0:0:0:0:0:1]:8000/mcp"],
];

for (const [a, b] of SAME) {
  test(`canonicalResource() is the same for ${a} and ${b}`, () => {
    assert.notEqual(canonicalResource(a), undefined);
    assert.equal(canonicalResource(a), canonicalResource(b));
  });
}

const OTHER = [
  "http://h.example/mcp",
  "https://h.example:8443/mcp",
  "https://h.example",
  "https://h.example/mcp/a",
  "https://h.example/mcpx",
  "https://h.example/MCP",
  "https://h.example/mcp//",
  "https://h.example/%6dcp",
  "https://h.example.evil.example/mcp",
  "https://evil.example/h.example/mcp",
];

for (const other of OTHER) {
  test(`canonicalResource() tells ${other} from ${MCP}`, () => {
    assert.notEqual(canonicalResource(other), canonicalResource(MCP));
  });
}

const NONE = [
  "",
  "mcp",
  "/mcp",
  "//h.example/mcp",
  "https:/h.example/mcp",
  "https:h.example/mcp",
  "https://h.example/mcp?a=b",
  "https://h.example/mcp?",
  "https://h.example/mcp#a",
  "https://h.example/mcp#",
  "https://user@h.example/mcp",
  "https://user:pass@h.example/mcp",
  " https://h.example/mcp",
  "https://h.example/mcp\n",
  "https://h.exa\tmple/mcp",
  "https:\\\\h.example\\mcp",
  "https://",
  "https://h.example:99999/mcp",
  "urn:example:mcp",
  "file:///mcp",
  "javascript://h.example/mcp",
];

for (const text of NONE) {
  test(`canonicalResource() is undefined for ${JSON.stringify(text)}`, () => {
    assert.equal(canonicalResource(text), undefined);
  });
}

test("withoutTrailingSlash() drops one slash at the end, and no other", () => {
  assert.deepEqual(["/a/", "/a", "/", "", "/a//"].map(withoutTrailingSlash), [
    "/a",
    "/a",
    "",
    "",
    "/a/",
  ]);
});

const HOSTS: [hostname: string, loopback: boolean][] = [
  ["localhost", true],
  ["app.localhost", true],
  ["127.0.0.1", true],
  ["127.255.0.3", true],
  ["[::1]", true],
  ["0.0.0.0", false],
  ["128.0.0.1", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example", false],
  ["evillocalhost", false],
  ["[::2]", false],
  ["", false],
];

for (const [hostname, loopback] of HOSTS) {
  test(`isLoopback() is ${loopback} for ${JSON.stringify(hostname)}`, () => {
    assert.equal(isLoopback(hostname), loopback);
  });
}
