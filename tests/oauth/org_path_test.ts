import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/fuzz_runs.ts";
import { test } from "node:test";
import { createOrgIdReader, fillOrgId, isOrgId } from "../../src/oauth/org_path.ts";

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

test("createOrgIdReader() reads the same id as a regular expression, from any path", () => {
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
