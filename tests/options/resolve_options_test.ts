import assert from "node:assert/strict";
import { test } from "node:test";
import { type ResolvedOptions, resolveOptions } from "../../src/options/resolve_options.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { refuseAs } from "../../src/lib/broken_rule.ts";
import { OPTIONS, SECRET } from "../support/harness.ts";

/** Resolves valid options with a change that types may forbid. */
function resolve(change: Record<string, unknown> = {}): ResolvedOptions {
  const options = { ...OPTIONS, ...change } as unknown as PropelAuthOptions;
  return refuseAs("Cannot create PropelAuth", () => resolveOptions(options));
}

test("resolveOptions() fills in every default", () => {
  const { holdsScope, ...others } = resolve();
  assert.deepEqual([holdsScope(["a"], "a"), holdsScope(["a"], "b")], [true, false]);
  assert.deepEqual(others, {
    authUrl: "https://auth.example.com",
    issuer: "https://auth.example.com/oauth/2.1",
    introspectionEndpoint: "https://auth.example.com/oauth/2.1/introspect",
    authorizationServerMetadataUrl:
      "https://auth.example.com/.well-known/oauth-authorization-server/oauth/2.1",
    introspectionClientId: "introspection-id",
    introspectionClientSecret: SECRET,
    cacheTtlSeconds: 0,
    maxCacheSize: 10_000,
    timeoutSeconds: 10,
    staleIfErrorSeconds: 0,
    maxConcurrentIntrospections: 100,
    fetch: undefined,
    mcpPath: "/mcp",
    resource: "https://mcp.example.com/mcp",
    requiredScopes: [],
    scopesSupported: [],
    challengeScopes: [],
    operations: undefined,
    defaultOperation: "allow",
    furtherSource: undefined,
    sharedCache: undefined,
    resourceName: undefined,
    resourceDocumentation: undefined,
    allowedOrigins: ["https://mcp.example.com"],
    onEvent: undefined,
    connectAudits: undefined,
    onLoopback: false,
    forwardAuthorizationServerMetadata: false,
    dangerouslyAllowAnyAudience: false,
    dangerouslyAllowMissingOrgId: false,
  });
});

test("resolveOptions() neither changes its argument nor keeps a reference into it", () => {
  const requiredScopes = ["read"];
  const given = Object.freeze({ ...OPTIONS, requiredScopes });
  const resolved = resolveOptions(given);
  requiredScopes.push("admin");
  assert.deepEqual([resolved.requiredScopes, Object.isFrozen(resolved)], [["read"], true]);
});

const FETCH = () => Promise.reject(new Error("unused"));
const RESOLVED: [
  when: string,
  change: Record<string, unknown>,
  expected: Partial<ResolvedOptions>,
][] = [
  // P2, P17
  ["the Auth URL has slashes at the end", { authUrl: "https://auth.example.com//" }, {
    issuer: "https://auth.example.com/oauth/2.1",
  }],
  ["the Auth URL is a URL on loopback", { authUrl: new URL("http://127.0.0.1:8001") }, {
    introspectionEndpoint: "http://127.0.0.1:8001/oauth/2.1/introspect",
  }],
  ["issuer is given", { issuer: "https://auth.example.com" }, {
    issuer: "https://auth.example.com",
  }],
  // P18, P19
  ["baseUrl has a slash at the end", { baseUrl: "https://h/" }, { resource: "https://h/mcp" }],
  ["baseUrl has a path", { baseUrl: "https://h/v1/" }, {
    resource: "https://h/v1/mcp",
    mcpPath: "/v1/mcp",
  }],
  ["mcpPath is long", { baseUrl: "https://h", mcpPath: "/api/v1/mcp" }, {
    resource: "https://h/api/v1/mcp",
  }],
  ["mcpPath is the root", { baseUrl: "https://h", mcpPath: "/" }, {
    resource: "https://h/",
    mcpPath: "/",
  }],
  ["mcpPath lacks its slash", { baseUrl: "https://h", mcpPath: "mcp" }, {
    resource: "https://h/mcp",
  }],
  ["each organization has an endpoint", { baseUrl: "https://h/v1", mcpPath: "o/{orgId}/mcp" }, {
    mcpPath: "/v1/o/{orgId}/mcp",
    resource: "https://h/v1/o/{orgId}/mcp",
  }],
  ["mcpPath has a slash at the end", { baseUrl: "https://h", mcpPath: "/mcp/" }, {
    resource: "https://h/mcp/",
  }],
  ["baseUrl has a port", { baseUrl: "http://localhost:8001" }, {
    resource: "http://localhost:8001/mcp",
    onLoopback: true,
    allowedOrigins: "loopback",
  }],
  ["resource is the origin", { resource: "https://mcp.example.com" }, {
    resource: "https://mcp.example.com",
  }],
  ["resource is a path prefix", { mcpPath: "/a/mcp", resource: "https://mcp.example.com/a/" }, {
    resource: "https://mcp.example.com/a/",
  }],
  ["scopes repeat", { requiredScopes: ["a", "b", "a"] }, {
    requiredScopes: ["a", "b"],
    scopesSupported: ["a", "b"],
  }],
  ["operations name scopes", {
    requiredScopes: ["mcp"],
    operations: { tools: { t: ["a"] }, prompts: { p: { anyOf: ["b"] } } },
    scopeHierarchy: { b: ["a"] },
  }, {
    scopesSupported: ["mcp", "a", "b"],
    challengeScopes: ["mcp", "a", "b"],
  }],
  ["operations that no list shows name scopes", {
    requiredScopes: ["mcp"],
    operations: {
      listed: "never",
      tools: { hidden: ["a"], seen: { scopes: ["b", "mcp"], listed: "always" } },
      methods: { "tools/call": ["c"] },
    },
  }, {
    scopesSupported: ["mcp", "a", "b", "c"],
    challengeScopes: ["mcp", "b", "c"],
  }],
  ["a 401 is to name other scopes", {
    requiredScopes: ["mcp"],
    challengeScopes: ["a"],
  }, { challengeScopes: ["a"], scopesSupported: ["mcp"] }],
  ["a 401 is to name no scopes", { requiredScopes: ["mcp"], challengeScopes: [] }, {
    challengeScopes: [],
  }],
  ["the documentation is a URL", { resourceDocumentation: new URL("https://h/docs") }, {
    resourceDocumentation: "https://h/docs",
  }],
  ["the origins have capitals", {
    allowedOrigins: ["HTTPS://App.example.com:443", "chrome-extension://abc"],
  }, { allowedOrigins: ["https://app.example.com", "chrome-extension://abc"] }],
  ["all origins are allowed", { allowedOrigins: ["https://a.example", "*"] }, {
    allowedOrigins: "any",
  }],
  ["no origin is allowed", { allowedOrigins: [] }, { allowedOrigins: [] }],
  ["overrides are given", {
    tokenIntrospectionOverrides: {
      cacheTtlSeconds: 0.5,
      maxCacheSize: 0,
      timeoutSeconds: 300,
      staleIfErrorSeconds: 3600,
      maxConcurrentIntrospections: 1,
      fetch: FETCH,
    },
  }, {
    cacheTtlSeconds: 0.5,
    maxCacheSize: 0,
    timeoutSeconds: 300,
    staleIfErrorSeconds: 3600,
    maxConcurrentIntrospections: 1,
    fetch: FETCH,
  }],
  ["options are given as undefined", {
    mcpPath: undefined,
    tokenIntrospectionOverrides: { cacheTtlSeconds: undefined },
  }, { mcpPath: "/mcp", cacheTtlSeconds: 0 }],
];

for (const [when, change, expected] of RESOLVED) {
  test(`resolveOptions() resolves when ${when}`, () => {
    const resolved: Record<string, unknown> = { ...resolve(change) };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(resolved[name], value);
  });
}

// P3, P4, P9, P11 to P13
const REFUSED: [name: string, values: unknown[]][] = [
  ["authUrl", [
    undefined,
    null,
    42,
    "",
    "auth.example.com",
    "http://auth.example.com",
    "ftp://auth.example.com",
    "https://auth.example.com/oauth/2.1",
    "https://auth.example.com/oauth/2.1/",
    "https://user@auth.example.com",
    "https://auth.example.com?a=b",
    "https://auth.example.com?",
    "https://auth.example.com#a",
    " https://auth.example.com",
    "https:\\\\auth.example.com",
    "https:/auth.example.com",
  ]],
  ["introspectionClientId", [undefined, null, "", "  ", 42, {}, "a:b"]],
  ["introspectionClientSecret", [undefined, null, "", "\t", 42, []]],
  ["baseUrl", [
    undefined,
    null,
    "",
    "/",
    "http://mcp.example.com",
    "https://h/?a",
    "https://h//a",
    "https://mcp.example.com/mcp",
    new URL("http://h"),
  ]],
  ["mcpPath", [
    null,
    42,
    "/mcp?a",
    "/mcp#a",
    "//evil.example",
    "/a//b",
    "/a/../mcp",
    "/./mcp",
    "/m cp",
    "/m\\cp",
    "/m\u00e9",
    "/o/{orgId}x/mcp",
    "/o/x{orgId}/mcp",
    "/o/{orgid}/mcp",
    "/o/{orgId}/{orgId}",
    "/o/{orgId}/{id}",
    "/.well-known/oauth-protected-resource",
  ]],
  ["resource", [
    null,
    "",
    "urn:mcp",
    "https://other.example/mcp",
    "http://mcp.example.com/mcp",
    "https://mcp.example.com/mc",
    "https://mcp.example.com/mcp/a",
    "https://mcp.example.com/mcp?a",
    "https://mcp.example.com/mcp#a",
  ]],
  ["requiredScopes", [null, "read", ["a b"], [""], ['a"'], ["a\\"], ["\u00e9"], [1], [
    "offline_access",
  ]]],
  // P63
  ["scopesSupported", [null, "read", [null], ["a\r\nb"], ["a", "offline_access"]]],
  ["challengeScopes", [null, "read", [null], ["a b"], ["offline_access"]]],
  ["scopeHierarchy", [null, [], { a: ["b"] }]],
  ["defaultOperation", [null, "refuse", true]],
  ["operations", [null, []]],
  ["resourceName", [null, "", " ", 42]],
  ["resourceDocumentation", [null, "", "docs", "javascript:alert(1)", "https://u:p@h/"]],
  ["issuer", [null, "", "auth", "http://auth.example.com", "https://a.example?b"]],
  ["tokenIntrospectionOverrides", [null, 42, "", []]],
  ["allowedOrigins", [
    null,
    "*",
    [""],
    [1],
    ["null"],
    ["app.example.com"],
    ["https://app.example.com/"],
    ["https://app.example.com/path"],
    ["https://user@app.example.com"],
    ["https://*"],
    ["https://*.com"],
    ["https://a*.example.com"],
    ["https://app.*.example.com"],
    ["https://*.*.example.com"],
    ["*://app.example.com"],
    ["https://app.example.com:*"],
    ["https://app.example.com:99999"],
    ["https://[::1"],
    ["https://*.example.com:99999"],
    ["chrome-extension://*.example.com"],
  ]],
  ["forwardAuthorizationServerMetadata", [null, "true", 1]],
  ["dangerouslyAllowAnyAudience", [null, "false", 0]],
  ["dangerouslyAllowMissingOrgId", [null, "false", 0]],
  ["dangerouslyAllowHttp", [null, "true", 1]],
];

for (const [name, values] of REFUSED) {
  for (const value of values) {
    test(`resolveOptions() refuses ${name} ${JSON.stringify(value)}`, () => {
      assert.throws(() => resolve({ [name]: value }), {
        name: "TypeError",
        message: new RegExp(`^Cannot create PropelAuth: ${name} must be .+: received .+$`),
      });
    });
  }
}

const UNREAD: [option: string, variable: string][] = [
  ["authUrl", "PROPELAUTH_AUTH_URL"],
  ["introspectionClientId", "PROPELAUTH_INTROSPECTION_CLIENT_ID"],
  ["introspectionClientSecret", "PROPELAUTH_INTROSPECTION_CLIENT_SECRET"],
  ["baseUrl", "SERVER_URL"],
];

for (const [option, variable] of UNREAD) {
  test(`resolveOptions() says what reads ${variable} when ${option} is undefined`, () => {
    assert.throws(() => resolve({ [option]: undefined }), {
      name: "TypeError",
      message: `Cannot create PropelAuth: ${option} must be given: received undefined; ` +
        `only createPropelAuth.fromEnv reads ${variable}`,
    });
  });
}

const NUMBERS: [name: string, values: unknown[]][] = [
  ["cacheTtlSeconds", [NaN, Infinity, -1, "60", null, true]],
  ["maxCacheSize", [NaN, Infinity, -1, 1.5, "1"]],
  ["timeoutSeconds", [NaN, Infinity, 0, -1, 301, "10"]],
  ["staleIfErrorSeconds", [NaN, Infinity, -1, "60", null]],
  ["maxConcurrentIntrospections", [NaN, Infinity, 0, -1, 1.5, "10"]],
];

for (const [name, values] of NUMBERS) {
  for (const value of values) {
    test(`resolveOptions() refuses ${name} ${String(value)} (${typeof value})`, () => {
      assert.throws(() => resolve({ tokenIntrospectionOverrides: { [name]: value } }), {
        name: "RangeError",
        message: new RegExp(`^Cannot create PropelAuth: ${name} must be .+: received .+$`),
      });
    });
  }
}

const UNKNOWN: [change: Record<string, unknown>, says: string][] = [
  [
    { requiredScope: ["admin"] },
    "requiredScope must be a known option: received an unknown one; did you mean requiredScopes?",
  ],
  [{ colour: "red" }, "colour must be a known option: received an unknown option"],
  [
    { cacheTtlSeconds: 60 },
    "cacheTtlSeconds must be a member of tokenIntrospectionOverrides: " +
    "received it as a member of options",
  ],
  [
    { tokenIntrospectionOverrides: { cacheTTL: 60 } },
    "tokenIntrospectionOverrides.cacheTTL must be a known option: received an unknown one; " +
    "did you mean cacheTtlSeconds?",
  ],
  [
    { tokenIntrospectionOverrides: { mcpPath: "/mcp" } },
    "tokenIntrospectionOverrides.mcpPath must be a member of options: " +
    "received it as a member of tokenIntrospectionOverrides",
  ],
];

for (const [change, says] of UNKNOWN) {
  test(`resolveOptions() refuses the unknown member of ${JSON.stringify(change)}`, () => {
    const message = `Cannot create PropelAuth: ${says}`;
    assert.throws(() => resolve(change), { name: "TypeError", message });
  });
}

test("resolveOptions() takes http beyond loopback where dangerouslyAllowHttp is set, alone", () => {
  const inDocker = {
    authUrl: "http://propelauth:8001",
    baseUrl: "http://0.0.0.0:9100",
    issuer: "http://propelauth:8001/oauth/2.1",
    resource: "http://0.0.0.0:9100/mcp",
  };
  const { introspectionEndpoint, issuer, resource, onLoopback } = resolve({
    ...inDocker,
    dangerouslyAllowHttp: true,
  });
  assert.deepEqual([introspectionEndpoint, issuer, resource, onLoopback], [
    "http://propelauth:8001/oauth/2.1/introspect",
    "http://propelauth:8001/oauth/2.1",
    "http://0.0.0.0:9100/mcp",
    false,
  ]);
  for (const [name, value] of Object.entries(inDocker)) {
    assert.throws(() => resolve({ [name]: value, dangerouslyAllowHttp: false }), {
      message: new RegExp(`${name} must be an https URL, since .+dangerouslyAllowHttp`),
    });
  }
});

test("resolveOptions() refuses a fetch that is not a function", () => {
  assert.throws(() => resolve({ tokenIntrospectionOverrides: { fetch: "fetch" } }), {
    message: 'Cannot create PropelAuth: fetch must be a function: received "fetch"',
  });
});

for (const options of [undefined, null, "https://auth.example.com", []]) {
  test(`resolveOptions() refuses ${JSON.stringify(options)} for options`, () => {
    assert.throws(() => resolveOptions(options as unknown as PropelAuthOptions), {
      message: /^options must be an object: received/,
    });
  });
}

// P5
test("resolveOptions() describes secrets, and never shows them", () => {
  const shown = [
    { introspectionClientId: `${SECRET}:a` },
    { introspectionClientSecret: [SECRET] },
    { authUrl: `https://user:${SECRET}@auth.example.com` },
    { baseUrl: new URL(`https://${SECRET}:x@h.example`) },
  ];
  for (const change of shown) {
    assert.throws(() => resolve(change), (error: Error) => !error.message.includes(SECRET));
  }
});
