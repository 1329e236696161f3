/** Black box: one handler, an endpoint for each organization. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import "../support/fuzz_runs.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { ACTIVE, createHarness, type Harness, json, passGate } from "../support/harness.ts";

const BASE = "https://mcp.example.com";
const ACME = `${BASE}/o/acme/mcp`;
const GLOBEX = `${BASE}/o/globex/mcp`;
const OF_ACME = { aud: ACME, org_id: "acme" };

function createOrgs(claims: Record<string, unknown>, options: Partial<PropelAuthOptions> = {}) {
  return createHarness(
    { mcpPath: "/o/{orgId}/mcp", ...options },
    () => json({ ...ACTIVE, ...claims }),
  );
}

async function call({ auth }: Harness, url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers({ "Authorization": "Bearer token-1", ...init.headers });
  const handler = auth.handler((_request, { authInfo }) => new Response(authInfo.resource.href));
  return await handler(new Request(url, { method: "POST", ...init, headers }));
}

const ROWS: [
  when: string,
  claims: Record<string, unknown>,
  url: string,
  status: number,
  body: RegExp,
  options?: Partial<PropelAuthOptions>,
][] = [
  [
    "it is for this organization",
    OF_ACME,
    ACME,
    200,
    /^https:\/\/mcp\.example\.com\/o\/acme\/mcp$/,
  ],
  ["a slash is added", OF_ACME, `${ACME}/`, 200, /acme/],
  ["there is a query", OF_ACME, `${ACME}?org=globex`, 200, /acme/],
  ["it is for another organization", OF_ACME, GLOBEX, 401, /invalid_token/],
  ["it is for all", { ...OF_ACME, aud: BASE }, ACME, 401, /invalid_token/],
  [
    "it is for the template",
    { ...OF_ACME, aud: `${BASE}/o/{orgId}/mcp` },
    ACME,
    401,
    /invalid_token/,
  ],
  ["the case differs", OF_ACME, `${BASE}/o/ACME/mcp`, 401, /invalid_token/],
  // A client may ask for a token for any audience: the claim says in whose name the user logged in.
  [
    "the audience was asked for by a user of another",
    { aud: GLOBEX, org_id: "acme" },
    GLOBEX,
    403,
    /"access_denied".+another organization/,
  ],
  [
    "both audiences are in it",
    { aud: [ACME, GLOBEX], org_id: "acme" },
    GLOBEX,
    403,
    /access_denied/,
  ],
  [
    "it names no organization",
    { aud: ACME },
    ACME,
    403,
    /"access_denied".+issued for an organization/,
  ],
  ["it names none, and that is allowed", { aud: ACME }, ACME, 200, /acme/, {
    dangerouslyAllowMissingOrgId: true,
  }],
  [
    "it names another, though none is allowed",
    { aud: ACME, org_id: "globex" },
    ACME,
    403,
    /another/,
    { dangerouslyAllowMissingOrgId: true },
  ],
  ["any audience is allowed, but not any organization", OF_ACME, GLOBEX, 403, /another/, {
    dangerouslyAllowAnyAudience: true,
  }],
  ["it lacks a scope too", { ...OF_ACME, org_id: "globex" }, ACME, 403, /access_denied/, {
    requiredScopes: ["admin"],
  }],
  ["it lacks a scope", OF_ACME, ACME, 403, /insufficient_scope/, { requiredScopes: ["admin"] }],
];

for (const [when, claims, url, status, body, options] of ROWS) {
  test(`handler() answers ${status} at an organization's endpoint when ${when}`, async () => {
    const response = await call(createOrgs(claims, options), url);
    assert.equal(response.status, status);
    assert.match(await response.text(), body);
    const challenge = response.headers.get("WWW-Authenticate");
    const org = new URL(url).pathname.split("/")[2];
    if (status === 200 || body.source.includes("another") || /access_denied/.test(body.source)) {
      assert.equal(challenge, null);
    } else {
      // Each refusal sends the client to the metadata of the endpoint that it called.
      assert.match(challenge ?? "", new RegExp(`oauth-protected-resource/o/${org}/mcp"`));
    }
  });
}

for (
  const path of [
    "/mcp",
    "/o/mcp",
    "/o//mcp",
    "/o/a.b/mcp",
    "/o/%61cme/mcp",
    "/o/acme",
    "/o/a/b/mcp",
  ]
) {
  test(`handler() leaves ${path} to the fallback, unasked`, async () => {
    const harness = createOrgs(OF_ACME);
    assert.equal((await call(harness, BASE + path)).status, 404);
    assert.deepEqual(harness.asked, []);
  });
}

test("handler() publishes each organization's metadata, and none at the root", async () => {
  const harness = createOrgs(OF_ACME, { scopesSupported: ["read"] });
  const metadata = `${BASE}/.well-known/oauth-protected-resource`;
  for (const resource of [ACME, GLOBEX]) {
    const response = await call(harness, metadata + new URL(resource).pathname, { method: "GET" });
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), "*");
    assert.deepEqual(await response.json(), {
      resource,
      authorization_servers: ["https://auth.example.com/oauth/2.1"],
      scopes_supported: ["read"],
      bearer_methods_supported: ["header"],
    });
  }
  assert.equal((await call(harness, metadata, { method: "GET" })).status, 404);
  assert.deepEqual(harness.asked, []);
});

test("handler() asks once about a token, however many endpoints it is tried at", async () => {
  const harness = createOrgs(OF_ACME, { tokenIntrospectionOverrides: { cacheTtlSeconds: 60 } });
  for (let i = 0; i < 100; i++) {
    assert.equal((await call(harness, `${BASE}/o/org-${i}/mcp`)).status, 401);
  }
  assert.equal((await call(harness, ACME)).status, 200);
  assert.equal(harness.asked.length, 1);
});

// A person may belong to two organizations; what one session holds is not the other's.
test("handler() keeps a session to the organization at which it was handed out", async () => {
  const harness = createOrgs({});
  harness.answer = (token) => json({ ...ACTIVE, aud: `${BASE}/o/${token}/mcp`, org_id: token });
  const handler = harness.auth.handler(() =>
    new Response("ok", { headers: { "Mcp-Session-Id": "session-1" } })
  );
  const present = async (org: string, sessionId?: string) => {
    const headers = { "Authorization": `Bearer ${org}`, "Mcp-Session-Id": sessionId ?? "" };
    if (sessionId === undefined) Reflect.deleteProperty(headers, "Mcp-Session-Id");
    const response = await handler(
      new Request(`${BASE}/o/${org}/mcp`, { method: "POST", headers }),
    );
    return response.status;
  };
  assert.equal(await present("acme"), 200);
  assert.equal(await present("acme", "session-1"), 200);
  assert.equal(await present("globex", "session-1"), 404);
});

test("authenticate() reads the organization out of the path, and refuses where there is none", async () => {
  const { auth } = createOrgs(OF_ACME);
  const headers = { "Authorization": "Bearer token-1" };
  const at = async (url: string) => {
    const result = await passGate(auth, new Request(url, { headers }));
    return result instanceof Response ? result.status : result.resource.href;
  };
  assert.deepEqual([await at(ACME), await at(GLOBEX), await at(`${BASE}/mcp`)], [ACME, 401, 404]);
});

test("verifyAccessToken() wants to know for which organization", async () => {
  const { auth } = createOrgs(OF_ACME);
  assert.equal((await auth.verifier.verifyAccessToken("token-1", "acme")).resource.href, ACME);
  for (const orgId of [undefined, "globex", "", "a.b"]) {
    await assert.rejects(auth.verifier.verifyAccessToken("token-1", orgId), {
      reason: "audience_mismatch",
    });
  }
});

test("verifyAccessToken() takes no notice of a second argument where there is one resource", async () => {
  const { auth } = createHarness();
  assert.equal((await auth.verifier.verifyAccessToken("token-1", "acme")).subject, "user-1");
});

test("handler() sends a client that lacks an operation's scope to the metadata of its endpoint", async () => {
  const options = { operations: { tools: { add: ["admin"], list: ["read"] } } };
  const harness = createOrgs(OF_ACME, options);
  const callTool = (name: string) =>
    call(harness, ACME, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } }),
    });
  assert.equal((await callTool("list")).status, 200);
  const refused = await callTool("add");
  assert.equal(refused.status, 403);
  assert.match(
    refused.headers.get("WWW-Authenticate") ?? "",
    /oauth-protected-resource\/o\/acme\/mcp", scope="admin", error="insufficient_scope"/,
  );
});

test("handler() asks anew for an operation that wants it, and judges by the same organization", async () => {
  const harness = createOrgs(OF_ACME, {
    operations: { tools: { purge: { fresh: true } } },
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  });
  const init = {
    headers: { "Content-Type": "application/json" },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"purge"}}',
  };
  assert.equal((await call(harness, ACME, init)).status, 200);
  harness.answer = () => json({ ...ACTIVE, ...OF_ACME, org_id: "globex" });
  assert.equal((await call(harness, ACME, init)).status, 403);
});

test("requireOrg() in a tool knows the organization of the endpoint", async () => {
  const { auth } = createOrgs(OF_ACME);
  const handler = auth.handler(() => new Response(auth.requireOrg("acme").subject));
  const headers = { "Authorization": "Bearer token-1" };
  const response = await handler(new Request(ACME, { method: "POST", headers }));
  assert.equal(await response.text(), "user-1");
});

// The same as the rows above, for any mixture: a token passes where its audience and its
// organization both are the endpoint's.
test("handler() admits the same requests as a reference", async () => {
  const org = fc.constantFrom("acme", "globex", "initech");
  const token = fc.record({
    aud: fc.array(org),
    org_id: fc.option(fc.oneof(org, fc.constantFrom("", "ACME")), { nil: undefined }),
    at: org,
    dangerouslyAllowMissingOrgId: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(token, async (given) => {
    const { at, org_id, dangerouslyAllowMissingOrgId } = given;
    const aud = given.aud.map((one) => `${BASE}/o/${one}/mcp`);
    const harness = createOrgs({ aud, org_id }, { dangerouslyAllowMissingOrgId });
    const { status } = await call(harness, `${BASE}/o/${at}/mcp`);
    const ours = org_id === undefined ? dangerouslyAllowMissingOrgId : org_id === at;
    assert.equal(status, !given.aud.includes(at) ? 401 : ours ? 200 : 403);
  }));
});
