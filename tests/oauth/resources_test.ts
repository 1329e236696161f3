import assert from "node:assert/strict";
import { test } from "node:test";
import { createProtectedResources } from "../../src/oauth/resources.ts";

const OPTIONS = {
  issuer: "https://a.example/oauth/2.1",
  scopesSupported: ["read"],
  resourceName: undefined,
  resourceDocumentation: undefined,
  requiredScopes: [],
  challengeScopes: [],
  holdsScope: () => false,
  dangerouslyAllowAnyAudience: false,
  dangerouslyAllowMissingOrgId: false,
};
const ONE = { ...OPTIONS, resource: "https://h/v1/mcp/", mcpPath: "/v1/mcp/" };
const MANY = { ...OPTIONS, resource: "https://h/o/{orgId}/mcp", mcpPath: "/o/{orgId}/mcp" };
const METADATA = "/.well-known/oauth-protected-resource";

test("createProtectedResources() keeps one resource at its path, with metadata beside it", () => {
  const { policyAt, policyOf, metadataAt } = createProtectedResources(ONE);
  assert.equal(policyAt("/v1/mcp"), policyOf());
  assert.equal(policyAt("/mcp"), undefined);
  assert.equal(policyOf().resource, "https://h/v1/mcp/");
  assert.equal(policyOf().audience, "https://h/v1/mcp");
  assert.equal("orgId" in policyOf(), false);
  assert.equal(JSON.parse(metadataAt(METADATA) ?? "").resource, "https://h/v1/mcp/");
  assert.equal(metadataAt(`${METADATA}/v1/mcp`), metadataAt(METADATA));
  assert.equal(metadataAt("/v1/mcp"), undefined);
});

test("createProtectedResources() gives each organization a resource of its own", () => {
  const { policyAt, policyOf, metadataAt } = createProtectedResources(MANY);
  for (const orgId of ["acme", "globex"]) {
    const resource = `https://h/o/${orgId}/mcp`;
    const policy = policyAt(`/o/${orgId}/mcp`);
    assert.deepEqual(policy, policyOf(orgId));
    assert.deepEqual(
      [policy?.resource, policy?.audience, policy?.orgId, policy?.resourceMetadataUrl],
      [resource, resource, orgId, `https://h${METADATA}/o/${orgId}/mcp`],
    );
    const metadata = JSON.parse(metadataAt(`${METADATA}/o/${orgId}/mcp`) ?? "");
    assert.deepEqual([metadata.resource, metadata.scopes_supported], [resource, ["read"]]);
  }
  for (const path of [METADATA, `${METADATA}/o/a.b/mcp`, `${METADATA}/mcp`, "/o/acme/mcp"]) {
    assert.equal(metadataAt(path), undefined);
  }
});

test("createProtectedResources() has no token pass without an organization, whatever is allowed", () => {
  const { policyOf } = createProtectedResources({
    ...MANY,
    dangerouslyAllowAnyAudience: true,
    dangerouslyAllowMissingOrgId: true,
  });
  for (const orgId of [undefined, "", "a.b"]) {
    const { audience, dangerouslyAllowAnyAudience } = policyOf(orgId);
    assert.deepEqual([audience, dangerouslyAllowAnyAudience], [undefined, false]);
  }
});
