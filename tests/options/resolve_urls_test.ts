import assert from "node:assert/strict";
import { test } from "node:test";
import {
  resolveAuthUrl,
  resolveIssuer,
  resolveMcpUrl,
  resolveResource,
} from "../../src/options/resolve_urls.ts";

// The values that are refused: resolve_options_test.ts, over resolveOptions().

test("resolveAuthUrl() gives origin and path without slashes at the end", () => {
  assert.equal(resolveAuthUrl("HTTPS://Auth.example.com:443/a//"), "https://auth.example.com/a");
});

test("resolveIssuer() keeps the spelling of an issuer, since clients compare it exactly", () => {
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

// SERVER_URL=https://h/mcp would become /mcp/mcp.
const ENDS_IN_PATH: [baseUrl: string, mcpPath: string, instead: string | undefined][] = [
  ["https://h/mcp", "/mcp", "https://h"],
  ["https://h/mcp/", "mcp", "https://h"],
  ["https://h/v1/mcp", "/mcp/", "https://h/v1"],
  ["https://h/a/b/mcp", "/b/mcp", "https://h/a"],
  ["https://h/o/{orgId}/mcp", "/o/{orgId}/mcp", "https://h"],
  ["https://h/mcp", "/mcp/mcp", undefined],
  ["https://h/mcp", "/tools", undefined],
  ["https://h/mymcp", "/mcp", undefined],
  ["https://h/mcp", "/", undefined],
  ["https://mcp", "/mcp", undefined],
];

for (const [baseUrl, mcpPath, instead] of ENDS_IN_PATH) {
  test(`resolveMcpUrl() ${instead ? "refuses" : "takes"} ${baseUrl} with mcpPath ${mcpPath}`, () => {
    const resolve = () => resolveMcpUrl(new URL(baseUrl), mcpPath);
    if (instead === undefined) return assert.equal(typeof resolve(), "string");
    const path = mcpPath.startsWith("/") ? mcpPath : `/${mcpPath}`;
    const rule = `${instead}, without the ${path} that mcpPath adds to it`;
    assert.throws(resolve, { option: "baseUrl", rule });
  });
}

const BROKEN_PATHS: [mcpPath: unknown, rule: RegExp][] = [
  [42, /^a path such as \/mcp or \/o\/\{orgId\}\/mcp$/],
  ["/mcp?a#b", /^a path without a query \(\?\)$/],
  ["/mcp#a", /^a path without a fragment \(#\)$/],
  ["/m cp", /^a path without white space$/],
  ["/m\\cp", /^a path without backslashes$/],
  ["//evil.example", /^a path without empty segments \(\/\/\)$/],
  ["/a/../mcp", /^a path without dot segments/],
  ["/a/%2E%2e/mcp", /^a path without dot segments/],
  ["/.", /^a path without dot segments/],
  ["/o/{orgId}x", /, with \{orgId\} at most once, as a whole segment$/],
  ["/o/{orgId}/{orgId}", /, with \{orgId\} at most once, as a whole segment$/],
  ["/o/:orgId/mcp", /, with \{orgId\} at most once, as a whole segment$/],
  ["/o/[orgId]/mcp", /, with \{orgId\} at most once, as a whole segment$/],
  ["/m\u00e9", /^a path with .+ all but ASCII percent-encoded$/],
  ['/m"cp', /^a path with quotes, .+ percent-encoded$/],
  ["/.well-known/oauth-protected-resource", /^another path than those of OAuth's metadata$/],
];

for (const [mcpPath, rule] of BROKEN_PATHS) {
  test(`resolveMcpUrl() names the one rule that ${JSON.stringify(mcpPath)} breaks`, () => {
    const resolve = () => resolveMcpUrl(new URL("https://h"), mcpPath);
    assert.throws(resolve, { option: "mcpPath", rule });
  });
}

test("resolveResource() compares with the endpoint as URLs, on whole segments", () => {
  const mcpUrl = "https://h/v1/mcp";
  for (const resource of ["https://h", "https://h/", "HTTPS://H/v1", "https://h/v1/mcp/"]) {
    assert.equal(resolveResource(mcpUrl, resource), resource);
  }
  for (const resource of ["https://h/v", "https://h/v1/mcp/a", "https://h/V1"]) {
    assert.throws(() => resolveResource(mcpUrl, resource), /must be https:\/\/h\/v1\/mcp or/);
  }
});
