import assert from "node:assert/strict";
import { test } from "node:test";
import {
  resolveAuthUrl,
  resolveIssuer,
  resolveMcpUrl,
  resolveResource,
} from "../../src/options/urls.ts";

// What is refused, value by value: options_test.ts, over resolveOptions().

test("resolveAuthUrl() gives origin and path without slashes at the end", () => {
  assert.equal(resolveAuthUrl("HTTPS://Auth.example.com:443/a//"), "https://auth.example.com/a");
});

test("resolveIssuer() keeps an issuer to the letter, since clients compare it so", () => {
  const authUrl = "https://auth.example.com";
  assert.equal(resolveIssuer(authUrl, undefined), "https://auth.example.com/oauth/2.1");
  assert.equal(resolveIssuer(authUrl, "https://auth.example.com"), "https://auth.example.com");
  assert.equal(resolveIssuer(authUrl, "https://auth.example.com/"), "https://auth.example.com/");
});

test("resolveMcpUrl() joins base and path with one slash", () => {
  for (const base of ["https://h/v1", "https://h/v1/", "https://h/v1//"]) {
    for (const path of ["mcp", "/mcp"]) {
      assert.equal(resolveMcpUrl(new URL(base), path), "https://h/v1/mcp");
    }
  }
});

test("resolveResource() compares with the endpoint as URLs, on whole segments", () => {
  const mcpUrl = "https://h/v1/mcp";
  for (const resource of ["https://h", "https://h/", "HTTPS://H/v1", "https://h/v1/mcp/"]) {
    assert.equal(resolveResource(mcpUrl, resource), resource);
  }
  for (const resource of ["https://h/v", "https://h/v1/mcp/a", "https://h/V1"]) {
    assert.throws(() => resolveResource(mcpUrl, resource), /must be https:\/\/h\/v1\/mcp or/);
  }
});
