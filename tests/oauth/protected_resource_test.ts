import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildResourceMetadata,
  buildResourceMetadataUrl,
  resourceMetadataPaths,
} from "../../src/oauth/protected_resource.ts";

const OPTIONS = {
  resource: "https://h.example",
  issuer: "https://a.example/oauth/2.1",
  scopesSupported: [],
  resourceName: undefined,
  resourceDocumentation: undefined,
};

test("buildResourceMetadata() leaves out what has no value, and adds no slash", () => {
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
