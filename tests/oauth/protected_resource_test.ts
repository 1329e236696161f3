import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildResourceMetadata,
  buildResourceMetadataUrl,
  canonicalResource,
  resourceMetadataPaths,
} from "../../src/oauth/protected_resource.ts";

const OPTIONS = {
  resource: "https://h.example",
  issuer: "https://a.example/oauth/2.1",
  scopesSupported: [],
  resourceName: undefined,
  resourceDocumentation: undefined,
};

test("buildResourceMetadata() leaves out members without a value, and adds no slash", () => {
  assert.deepEqual(buildResourceMetadata(OPTIONS), {
    resource: "https://h.example",
    authorization_servers: ["https://a.example/oauth/2.1"],
    bearer_methods_supported: ["header"],
  });
});

test("buildResourceMetadata() publishes everything that was configured", () => {
  const metadata = buildResourceMetadata({
    ...OPTIONS,
    scopesSupported: ["read", "write"],
    resourceName: "Notes",
    resourceDocumentation: "https://h.example/docs",
  });
  assert.deepEqual(metadata, {
    resource: "https://h.example",
    authorization_servers: ["https://a.example/oauth/2.1"],
    scopes_supported: ["read", "write"],
    bearer_methods_supported: ["header"],
    resource_name: "Notes",
    resource_documentation: "https://h.example/docs",
  });
  assert(Object.isFrozen(metadata));
});

// RFC 9728 §3.1; P19
const URLS: [resource: string, url: string][] = [
  ["https://h/mcp", "https://h/.well-known/oauth-protected-resource/mcp"],
  ["https://h/v1/mcp", "https://h/.well-known/oauth-protected-resource/v1/mcp"],
  ["https://h/api/v1/mcp", "https://h/.well-known/oauth-protected-resource/api/v1/mcp"],
  ["http://localhost:8001/mcp", "http://localhost:8001/.well-known/oauth-protected-resource/mcp"],
  ["https://h/", "https://h/.well-known/oauth-protected-resource"],
  ["https://h", "https://h/.well-known/oauth-protected-resource"],
];

for (const [resource, url] of URLS) {
  test(`buildResourceMetadataUrl() gives the inserted path for ${resource}`, () => {
    assert.equal(buildResourceMetadataUrl(resource), url);
    const paths = resourceMetadataPaths(resource, new URL(resource).pathname);
    assert(paths.has(new URL(url).pathname));
    assert(paths.has("/.well-known/oauth-protected-resource"));
  });
}

test("resourceMetadataPaths() has the path of the MCP endpoint beside that of the resource", () => {
  assert.deepEqual([...resourceMetadataPaths("https://h/v1", "/v1/mcp")], [
    "/.well-known/oauth-protected-resource/v1",
    "/.well-known/oauth-protected-resource/v1/mcp",
    "/.well-known/oauth-protected-resource",
  ]);
});

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
