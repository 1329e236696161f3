import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessTokenError, IntrospectionError } from "../../src/oauth/errors.ts";
import { buildBearerChallenge, buildRefusal } from "../../src/oauth/refusal_response.ts";
import { METADATA_URL } from "../support/harness.ts";

const OPTIONS = { resourceMetadataUrl: METADATA_URL, challengeScopes: ["read"] };
const START = `Bearer resource_metadata="${METADATA_URL}", scope="read"`;

const LOGIN_NEEDED = {
  code: -32000,
  message: "Log in first: this MCP server needs an access token",
};

const CHALLENGED: [error: AccessTokenError, status: number, challenge: RegExp, code?: string][] = [
  [new AccessTokenError("missing_credentials"), 401, /scope="read"$/],
  [
    new AccessTokenError("malformed_credentials"),
    400,
    /error="invalid_request", error_description="[^"]+"$/,
    "invalid_request",
  ],
  [
    new AccessTokenError("expired"),
    401,
    /error="invalid_token", error_description="[^"]+"$/,
    "invalid_token",
  ],
];

for (const [error, status, challenge, code] of CHALLENGED) {
  test(`buildRefusal() challenges ${error.reason} with ${status}`, async () => {
    const response = buildRefusal(error, OPTIONS);
    const value = response.headers.get("WWW-Authenticate") ?? "";
    assert.equal(response.status, status);
    assert(value.startsWith(START), value);
    assert.match(value, challenge);
    assert.equal(response.headers.get("Cache-Control"), "no-store");
    const text = await response.text();
    assert.deepEqual(JSON.parse(text).error, code ?? LOGIN_NEEDED);
  });
}

test("buildRefusal() names the scopes of the operation when one is missing", () => {
  const response = buildRefusal(new AccessTokenError("scope_missing", ["read", "write"]), OPTIONS);
  assert.equal(response.status, 403);
  assert.match(
    response.headers.get("WWW-Authenticate") ?? "",
    /, scope="read write", error="insufficient_scope", /,
  );
});

test("buildRefusal() sends no challenge where no other token would help", async () => {
  const response = buildRefusal(new AccessTokenError("org_mismatch"), OPTIONS);
  assert.deepEqual([response.status, response.headers.get("WWW-Authenticate")], [403, null]);
  assert.equal(response.headers.get("Cache-Control"), "no-store");
  const { error, error_description } = await response.json();
  assert.equal(error, "access_denied");
  assert.match(error_description, /another organization/);
});

test("buildRefusal() names no scope when none is required", () => {
  const response = buildRefusal(new AccessTokenError("missing_credentials"), {
    ...OPTIONS,
    challengeScopes: [],
  });
  assert.equal(
    response.headers.get("WWW-Authenticate"),
    `Bearer resource_metadata="${METADATA_URL}"`,
  );
});

const ACCEPTS: [accept: string, isPage: boolean][] = [
  ["text/html", true],
  ["TEXT/HTML;q=0.9", true],
  ["text/html; q=0.5, application/json", true],
  ["application/json, text/html;charset=utf-8", true],
  ["", false],
  ["*/*", false],
  ["text/*", false],
  ["text/html-sandboxed", false],
  ["application/x-text/html", false],
  ["text/html;q=0", false],
  ["text/html; q=0.000, application/json", false],
  ["application/json, text/event-stream", false],
];

for (const [accept, isPage] of ACCEPTS) {
  test(`buildRefusal() answers ${isPage ? "a page" : "no page"} to Accept: ${accept}`, async () => {
    const request = new Request("https://h.example/mcp", { headers: { "Accept": accept } });
    const response = buildRefusal(new AccessTokenError("missing_credentials"), OPTIONS, request);
    const type = isPage ? "text/html; charset=utf-8" : "application/json";
    assert.equal(response.headers.get("Content-Type"), type);
    assert.equal(response.headers.get("WWW-Authenticate"), START);
    assert.equal((await response.text()).startsWith("<!doctype html>"), isPage);
  });
}

test("buildRefusal() puts nothing of the request into the page", async () => {
  const page = async (url: string, fields: HeadersInit) => {
    const request = new Request(url, { headers: { "Accept": "text/html", ...fields } });
    const error = new AccessTokenError("missing_credentials");
    return await buildRefusal(error, OPTIONS, request).text();
  };
  const plain = await page("https://h.example/mcp", {});
  const hostile = await page("https://h.example/<script>?a=<b>#<i>", { "Referer": "<script>" });
  assert.equal(hostile, plain);
});

const UNCHALLENGED: [error: IntrospectionError, status: number, retryAfter: string | null][] = [
  [new IntrospectionError("timeout"), 503, "5"],
  [new IntrospectionError("unavailable", { retryAfterSeconds: 30 }), 503, "30"],
  [new IntrospectionError("breaker_open", { retryAfterSeconds: 3.2 }), 503, "4"],
  [new IntrospectionError("overloaded", { retryAfterSeconds: 0 }), 503, "1"],
  [new IntrospectionError("client_refused"), 500, null],
];

for (const [error, status, retryAfter] of UNCHALLENGED) {
  test(`buildRefusal() answers ${error.reason} with ${status}, Retry-After ${retryAfter} and no challenge`, async () => {
    const response = buildRefusal(error, OPTIONS);
    assert.deepEqual(
      ["WWW-Authenticate", "Retry-After", "Cache-Control"].map((name) =>
        response.headers.get(name)
      ),
      [null, retryAfter, "no-store"],
    );
    assert.equal(response.status, status);
    assert.deepEqual(Object.keys(await response.json()), ["error", "error_description"]);
  });
}

test("buildRefusal() throws an error that is neither the client's fault nor PropelAuth's", () => {
  for (const fault of [new TypeError("ours"), undefined, { reason: "expired" }]) {
    assert.throws(() => buildRefusal(fault, OPTIONS), (thrown) => thrown === fault);
  }
});

const URL_ = "https://h.example/.well-known/oauth-protected-resource/mcp";

test("buildBearerChallenge() names the metadata alone without scopes and error", () => {
  assert.equal(
    buildBearerChallenge({ resourceMetadataUrl: URL_, scopes: [] }),
    `Bearer resource_metadata="${URL_}"`,
  );
});

// Clients take the first match of a loose expression, so the order is part of the contract.
test("buildBearerChallenge() keeps the order metadata, scope, error, description", () => {
  assert.equal(
    buildBearerChallenge({
      description: "A sentence",
      error: "insufficient_scope",
      scopes: ["a:b", "c.d"],
      resourceMetadataUrl: URL_,
    }),
    `Bearer resource_metadata="${URL_}", scope="a:b c.d", error="insufficient_scope", ` +
      'error_description="A sentence"',
  );
});

const HOSTILE: [when: string, scope: string][] = [
  ["a quote", 'a", error="x'],
  ["a backslash", "a\\"],
  ["a line break", "a\r\nSet-Cookie: b"],
  ["a letter that is not ASCII", "\u00e9"],
  ["a NUL", "\0"],
];

for (const [when, scope] of HOSTILE) {
  test(`buildBearerChallenge() throws when a scope has ${when}`, () => {
    assert.throws(
      () => buildBearerChallenge({ resourceMetadataUrl: URL_, scopes: [scope] }),
      TypeError,
    );
  });
}
