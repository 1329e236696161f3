import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildPreflight,
  buildPublicPreflight,
  isOriginAllowed,
  setCorsHeaders,
} from "../src/cors.ts";
import type { AllowedOrigins } from "../src/options.ts";

const LISTED = ["https://app.example.com", "chrome-extension://abcdef"];

const ORIGINS: [origin: string, allowed: AllowedOrigins, is: boolean][] = [
  ["https://app.example.com", LISTED, true],
  ["chrome-extension://abcdef", LISTED, true],
  ["https://app.example.com:8443", LISTED, false],
  ["http://app.example.com", LISTED, false],
  ["https://app.example.com.evil.example", LISTED, false],
  ["null", LISTED, false],
  ["", LISTED, false],
  ["http://localhost:5173", "loopback", true],
  ["https://127.0.0.1", "loopback", true],
  ["http://[::1]:8000", "loopback", true],
  ["http://localhost.evil.example", "loopback", false],
  ["ftp://localhost", "loopback", false],
  ["null", "loopback", false],
  ["localhost", "loopback", false],
  ["https://evil.example", "any", true],
  ["null", "any", true],
];

for (const [origin, allowed, is] of ORIGINS) {
  test(`isOriginAllowed() is ${is} for ${origin || "an empty origin"} among ${allowed}`, () => {
    assert.equal(isOriginAllowed(origin, allowed), is);
  });
}

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
      origin && "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version",
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
