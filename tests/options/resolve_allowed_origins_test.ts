import assert from "node:assert/strict";
import { test } from "node:test";
import type { AllowedOrigins } from "../../src/http/host_and_origin.ts";
import { resolveAllowedOrigins } from "../../src/options/resolve_allowed_origins.ts";

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
    ["https://*.example.com", "http://*.example.com:8080"],
  ],
];

for (const [baseUrl, value, allowed] of RESOLVED) {
  test(`resolveAllowedOrigins() makes ${JSON.stringify(value)} at ${baseUrl} ${allowed}`, () => {
    assert.deepEqual(resolveAllowedOrigins(value, new URL(baseUrl)), allowed);
  });
}
