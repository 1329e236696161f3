import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/fuzz_runs.ts";
import { test } from "node:test";
import {
  createOrgIdReader,
  createProtectedResources,
  fillOrgId,
  isOrgId,
} from "../../src/http/resources.ts";

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

const UUID = "1189c444-8a2d-4c41-8b4b-ae43ce79a492";

for (const orgId of [UUID, "acme", "A", "0", "a_b-c", "a".repeat(64)]) {
  test(`isOrgId() takes ${orgId}`, () => assert(isOrgId(orgId)));
}

for (
  const text of [
    "",
    "-a",
    "_a",
    ".",
    "..",
    "a.b",
    "a b",
    "a/b",
    "a%2fb",
    "\u0430cme",
    "acme\n",
    "{orgId}",
    "__proto__",
    "a".repeat(65),
    undefined,
    null,
    7,
    ["acme"],
  ]
) {
  test(`isOrgId() refuses ${JSON.stringify(text)}`, () => assert(!isOrgId(text)));
}

test("fillOrgId() fills a segment, and nothing else", () => {
  assert.equal(fillOrgId("https://h/o/{orgId}/mcp", "acme"), "https://h/o/acme/mcp");
  assert.equal(fillOrgId("/{orgId}", "acme"), "/acme");
  for (const path of ["/mcp", "/o/x{orgId}/mcp", "/o/{orgId}x/mcp", "{orgId}"]) {
    assert.equal(fillOrgId(path, "acme"), path);
  }
});

const PATHS: [template: string, path: string, orgId: string | undefined][] = [
  ["/o/{orgId}/mcp", "/o/acme/mcp", "acme"],
  ["/o/{orgId}/mcp", `/o/${UUID}/mcp`, UUID],
  ["/o/{orgId}/mcp", "/o//mcp", undefined],
  // Where start and end of the template meet in the path.
  ["/o/{orgId}/mcp", "/o/mcp", undefined],
  ["/o/{orgId}/o/", "/o/", undefined],
  ["/o/{orgId}/mcp", "/o/acme/mcp/mcp", undefined],
  ["/o/{orgId}/mcp", "/o/acme/x/mcp", undefined],
  ["/o/{orgId}/mcp", "/O/acme/mcp", undefined],
  ["/o/{orgId}/mcp", "/x/o/acme/mcp", undefined],
  ["/o/{orgId}/mcp", "/o/%61cme/mcp", undefined],
  ["/o/{orgId}/mcp", "/o/{orgId}/mcp", undefined],
  ["/{orgId}", "/acme", "acme"],
  ["/{orgId}", "/", undefined],
  ["/{orgId}", "/.well-known", undefined],
];

for (const [template, path, orgId] of PATHS) {
  test(`createOrgIdReader() reads ${orgId ?? "nothing"} out of ${path} by ${template}`, () => {
    assert.equal(createOrgIdReader(template)(path), orgId);
  });
}

test("createOrgIdReader() reads what a pattern would, out of any path", () => {
  const read = createOrgIdReader("/o/{orgId}/mcp");
  const piece = fc.constantFrom(
    "/",
    "o",
    "mcp",
    "{orgId}",
    "acme",
    "-",
    "_",
    ".",
    "%2f",
    "A9",
    "é",
  );
  const path = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(fc.property(fc.oneof(path, path.map((inner) => `/o/${inner}/mcp`)), (path) => {
    assert.equal(read(path), /^\/o\/([A-Za-z0-9][A-Za-z0-9_-]{0,63})\/mcp$/.exec(path)?.[1]);
  }));
});
