import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AllowedOrigins,
  isOriginAllowed,
  resolveAllowedOrigins,
} from "../../src/http/host_and_origin.ts";

const LISTED = ["https://app.example.com", "chrome-extension://abcdef"];
/** As `resolveAllowedOrigins()` spells `https://*.Example.com:443` and one with a port. */
const SUBDOMAINS = ["https://*.example.com", "http://*.example.com:8080"];

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
  ["https://a.example.com", SUBDOMAINS, true],
  ["https://a.b.example.com", SUBDOMAINS, true],
  ["https://example.com", SUBDOMAINS, false],
  ["https://.example.com", SUBDOMAINS, false],
  ["https://aexample.com", SUBDOMAINS, false],
  ["http://a.example.com", SUBDOMAINS, false],
  ["https://a.example.com:8443", SUBDOMAINS, false],
  ["https://a.example.com.evil.example", SUBDOMAINS, false],
  ["https://evil.example/.example.com", SUBDOMAINS, false],
  ["https://evil.example@a.example.com", SUBDOMAINS, false],
  ["https://*.a.example.com", SUBDOMAINS, false],
  ["http://a.example.com:8080", SUBDOMAINS, true],
  ["https://evil.example", "any", true],
  ["null", "any", true],
];

for (const [origin, allowed, is] of ORIGINS) {
  test(`isOriginAllowed() is ${is} for ${origin || "an empty origin"} among ${allowed}`, () => {
    assert.equal(isOriginAllowed(origin, allowed), is);
  });
}

const RESOLVED: [baseUrl: string, value: unknown, allowed: AllowedOrigins][] = [
  ["https://mcp.example.com/base", undefined, ["https://mcp.example.com"]],
  ["http://localhost:8000", undefined, "loopback"],
  ["http://localhost:8000", [], []],
  ["https://mcp.example.com", ["https://a.example", "*"], "any"],
  ["https://mcp.example.com", ["HTTPS://App.example.com:443"], ["https://app.example.com"]],
  ["https://mcp.example.com", ["moz-extension://A-B"], ["moz-extension://a-b"]],
  [
    "https://mcp.example.com",
    ["HTTPS://*.Example.com:443", "http://*.example.com:8080"],
    SUBDOMAINS,
  ],
];

for (const [baseUrl, value, allowed] of RESOLVED) {
  test(`resolveAllowedOrigins() makes ${JSON.stringify(value)} at ${baseUrl} ${allowed}`, () => {
    assert.deepEqual(resolveAllowedOrigins(value, new URL(baseUrl)), allowed);
  });
}
