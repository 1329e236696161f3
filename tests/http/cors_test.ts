import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPreflight, buildPublicPreflight, setCorsHeaders } from "../../src/http/cors.ts";
import type { AllowedOrigins } from "../../src/http/host_and_origin.ts";

const LISTED = ["https://app.example.com", "chrome-extension://abcdef"];

const HEADERS: [origin: string | null, allowed: AllowedOrigins, expected: (string | null)[]][] = [
  ["https://app.example.com", LISTED, ["https://app.example.com", "Origin"]],
  ["https://evil.example", "any", ["*", null]],
  [null, LISTED, [null, "Origin"]],
  [null, "any", [null, null]],
];

for (const [origin, allowed, expected] of HEADERS) {
  test(`setCorsHeaders() answers ${origin} among ${allowed}`, () => {
    const headers = new Headers();
    setCorsHeaders(headers, origin, allowed);
    assert.deepEqual(
      [headers.get("Access-Control-Allow-Origin"), headers.get("Vary")],
      expected,
    );
    assert.equal(headers.get("Access-Control-Allow-Credentials"), null);
    assert.equal(
      headers.get("Access-Control-Expose-Headers"),
      origin && "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version",
    );
  });
}

function preflight(requested?: string): Request {
  const headers = new Headers();
  if (requested !== undefined) headers.set("Access-Control-Request-Headers", requested);
  return new Request("https://h.example/mcp", { method: "OPTIONS", headers });
}

const REQUESTED: [when: string, requested: string | undefined, allowed: RegExp][] = [
  ["headers are requested", "authorization,mcp-param-x", /^authorization,mcp-param-x$/],
  ["none is requested", undefined, /^Authorization, Content-Type/],
  ["the list is no list", "a;b=(c)", /^Authorization, Content-Type/],
  ["the list is too long", "a".repeat(1025), /^Authorization, Content-Type/],
];

for (const [when, requested, allowed] of REQUESTED) {
  test(`buildPreflight() says which headers may come when ${when}`, () => {
    const { status, headers } = buildPreflight(preflight(requested));
    assert.equal(status, 204);
    assert.match(headers.get("Access-Control-Allow-Headers") ?? "", allowed);
    assert.equal(headers.get("Access-Control-Allow-Methods"), "GET, POST, DELETE, OPTIONS");
    assert.equal(headers.get("Vary"), "Access-Control-Request-Headers");
    assert.match(headers.get("Access-Control-Max-Age") ?? "", /^\d+$/);
  });
}

test("buildPublicPreflight() is for every origin, and for reading alone", () => {
  const { headers } = buildPublicPreflight(preflight("mcp-protocol-version"));
  assert.equal(headers.get("Access-Control-Allow-Origin"), "*");
  assert.equal(headers.get("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
  assert.equal(headers.get("Access-Control-Allow-Headers"), "mcp-protocol-version");
});
