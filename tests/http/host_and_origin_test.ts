import assert from "node:assert/strict";
import { test } from "node:test";
import { type AllowedOrigins, isOriginAllowed } from "../../src/http/host_and_origin.ts";

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
