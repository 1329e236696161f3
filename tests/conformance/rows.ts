/**
 * Black box: requests and responses alone. A row for each requirement that binds a resource server
 * and for each case of the Python original that can be carried over.
 *
 * Sources: `R…` is a clause of the MCP authorization and transport specifications as of 2026-07-28
 * and of the RFCs that they name; `P…` and `G…` are cases of the Python original and beyond it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuth } from "../../src/propel_auth.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import {
  ACTIVE,
  type Answer,
  createHarness,
  json,
  mcpRequest,
  METADATA_URL,
  NOW,
  RESOURCE,
} from "../support/harness.ts";

interface Expected {
  readonly status: number;
  /** Each has to match the header's value; `null`: the header has to be absent. */
  readonly headers?: Readonly<Record<string, RegExp | null>>;
  /** Has to match the body's text. */
  readonly body?: RegExp;
  /** How often PropelAuth is asked. */
  readonly asked?: number;
}

interface Row {
  readonly source: string;
  readonly level: "MUST" | "SHOULD" | "ours";
  readonly rule: string;
  readonly options?: Partial<PropelAuthOptions>;
  /** PropelAuth's answer; by default that the token is active. */
  readonly answer?: Answer;
  readonly request: () => Request;
  readonly expected: Expected;
}

const ORIGIN = "https://mcp.example.com";
const ROOT_METADATA = `${ORIGIN}/.well-known/oauth-protected-resource`;
const AS_METADATA = `${ORIGIN}/.well-known/oauth-authorization-server`;
const SCOPED = { requiredScopes: ["read", "write"] };

const get = (url: string, headers: HeadersInit = {}, method = "GET") => () =>
  new Request(url, { method, headers });
const withToken = (init: RequestInit = {}) => () => mcpRequest("token-1", init);
const withoutToken = (init: RequestInit = {}) => () => mcpRequest(null, init);
const withField = (value: string, url = RESOURCE) => get(url, { "Authorization": value }, "POST");
const says = (change: Record<string, unknown>): Answer => () => json({ ...ACTIVE, ...change });
const fails = (status: number): Answer => () => json({ secret: "of PropelAuth" }, { status });

/** The header that Chromium sends when a user opens an address. */
const BROWSER_ACCEPT =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

const CHALLENGE = /^Bearer resource_metadata="https:\/\/[^"]+"/;
const NO_ERROR: Expected = {
  status: 401,
  headers: { "WWW-Authenticate": /^Bearer (?!.*error)/, "Content-Type": /^application\/json$/ },
  body: /^{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Log in first: [^"]+"}}$/,
  asked: 0,
};
const INVALID_TOKEN: Expected = {
  status: 401,
  headers: { "WWW-Authenticate": /, error="invalid_token", error_description="[^"=]+"$/ },
  body: /"error":"invalid_token"/,
  asked: 1,
};
const INVALID_REQUEST: Expected = {
  status: 400,
  headers: { "WWW-Authenticate": /error="invalid_request"/ },
  body: /"error":"invalid_request"/,
  asked: 0,
};
const PASSES: Expected = { status: 200, body: /^mcp of user-1$/, asked: 1 };
const UNAVAILABLE: Expected = {
  status: 503,
  headers: { "WWW-Authenticate": null, "Retry-After": /^\d+$/, "Cache-Control": /^no-store$/ },
  body: /^{"error":"temporarily_unavailable","error_description":"[^"]+"}$/,
  asked: 1,
};
const MISCONFIGURED: Expected = {
  status: 500,
  headers: { "WWW-Authenticate": null, "Retry-After": null, "Cache-Control": /^no-store$/ },
  body: /^{"error":"server_error","error_description":"[^"]+"}$/,
  asked: 1,
};
const PUBLIC: Record<string, RegExp> = {
  "Access-Control-Allow-Origin": /^\*$/,
  "Cache-Control": /^public, max-age=3600$/,
  "Content-Type": /^application\/json$/,
};

const METADATA_ROWS: Row[] = [
  {
    source: "R1, R3; RFC 9728 §3.1; P19",
    level: "MUST",
    rule: "metadata at the path-inserted URL",
    request: get(METADATA_URL),
    expected: {
      status: 200,
      headers: PUBLIC,
      body: /"resource":"https:\/\/mcp\.example\.com\/mcp"/,
    },
  },
  {
    source: "R3; P20",
    level: "SHOULD",
    rule: "the same metadata at the root",
    request: get(ROOT_METADATA),
    expected: {
      status: 200,
      headers: PUBLIC,
      body: /"resource":"https:\/\/mcp\.example\.com\/mcp"/,
    },
  },
  {
    source: "R4; RFC 9728 §3.3",
    level: "MUST",
    rule: "resource is the identifier as configured, without a slash added",
    options: { resource: ORIGIN },
    request: get(ROOT_METADATA),
    expected: { status: 200, body: /"resource":"https:\/\/mcp\.example\.com"/ },
  },
  {
    source: "R2; P17",
    level: "MUST",
    rule: "one authorization server, PropelAuth's issuer",
    request: get(METADATA_URL),
    expected: {
      status: 200,
      body: /"authorization_servers":\["https:\/\/auth\.example\.com\/oauth\/2\.1"\]/,
    },
  },
  {
    source: "R11; P59",
    level: "MUST",
    rule: "tokens are taken from the header, and the metadata says so",
    request: get(METADATA_URL),
    expected: { status: 200, body: /"bearer_methods_supported":\["header"\]/ },
  },
  {
    source: "P60",
    level: "ours",
    rule: "no scopes_supported when there are none",
    request: get(METADATA_URL),
    expected: { status: 200, body: /^(?!.*scopes_supported)/ },
  },
  {
    source: "P7",
    level: "SHOULD",
    rule: "scopes_supported as configured; resolve_options_test.ts refuses offline_access (R6, R7)",
    options: { scopesSupported: ["read"] },
    request: get(METADATA_URL),
    expected: { status: 200, body: /"scopes_supported":\["read"\]/ },
  },
  {
    source: "P61",
    level: "ours",
    rule: "HEAD of the metadata has no body",
    request: get(METADATA_URL, {}, "HEAD"),
    expected: { status: 200, headers: PUBLIC, body: /^$/ },
  },
  {
    source: "P62",
    level: "ours",
    rule: "the metadata is preflighted, for every origin",
    request: get(METADATA_URL, {
      "Origin": "https://any.example",
      "Access-Control-Request-Headers": "mcp-protocol-version",
    }, "OPTIONS"),
    expected: {
      status: 204,
      headers: {
        "Access-Control-Allow-Origin": /^\*$/,
        "Access-Control-Allow-Headers": /^mcp-protocol-version$/,
      },
    },
  },
  {
    source: "G31",
    level: "ours",
    rule: "the metadata is public for every origin",
    request: get(METADATA_URL, { "Origin": "https://any.example" }),
    expected: { status: 200, headers: PUBLIC },
  },
  {
    source: "P61; RFC 9110 §15.5.6",
    level: "MUST",
    rule: "the metadata is for reading",
    request: get(METADATA_URL, {}, "POST"),
    expected: { status: 405, headers: { "Allow": /^GET, HEAD, OPTIONS$/ } },
  },
  {
    source: "P22",
    level: "ours",
    rule: "authorization server metadata is not forwarded unless asked for",
    request: get(AS_METADATA),
    expected: { status: 404, asked: 0 },
  },
  {
    source: "P22, G26",
    level: "ours",
    rule: "authorization server metadata is forwarded unchanged",
    options: { forwardAuthorizationServerMetadata: true },
    answer: () => new Response('{ "issuer" : "x" }'),
    request: get(AS_METADATA),
    expected: { status: 200, headers: PUBLIC, body: /^{ "issuer" : "x" }$/ },
  },
  {
    source: "P23, G26",
    level: "ours",
    rule: "authorization server metadata that cannot be had is 502, without detail",
    options: { forwardAuthorizationServerMetadata: true },
    answer: fails(404),
    request: get(AS_METADATA),
    expected: {
      status: 502,
      headers: { "Access-Control-Allow-Origin": /^\*$/, "Cache-Control": /^no-store$/ },
      body: /^(?!.*(PropelAuth|auth\.example))/,
    },
  },
  {
    source: "P23",
    level: "ours",
    rule: "the preflight of forwarded metadata asks nobody",
    options: { forwardAuthorizationServerMetadata: true },
    request: get(AS_METADATA, {}, "OPTIONS"),
    expected: { status: 204, headers: { "Access-Control-Allow-Origin": /^\*$/ }, asked: 0 },
  },
  {
    source: "P24",
    level: "ours",
    rule: "other well-known URLs are not ours",
    request: get(`${ORIGIN}/.well-known/openid-configuration`),
    expected: { status: 404 },
  },
];

const CREDENTIAL_ROWS: Row[] = [
  {
    source: "R12, R13; RFC 6750 §3.1; P67",
    level: "SHOULD",
    rule: "no credentials: 401 without an error code",
    request: withoutToken(),
    expected: NO_ERROR,
  },
  {
    source: "R3; RFC 9728 §5.1; P67",
    level: "MUST",
    rule: "the challenge names the metadata by its absolute URL",
    request: withoutToken(),
    expected: {
      status: 401,
      headers: { "WWW-Authenticate": new RegExp(`^Bearer resource_metadata="${METADATA_URL}"$`) },
    },
  },
  {
    source: "R17; P67, P70",
    level: "SHOULD",
    rule: "the challenge names the required scopes, not all that are supported",
    options: { ...SCOPED, scopesSupported: ["read", "write", "admin"] },
    request: withoutToken(),
    expected: { status: 401, headers: { "WWW-Authenticate": /", scope="read write"$/ } },
  },
  ...["GET", "DELETE", "PUT", "PATCH", "HEAD"].map((method): Row => ({
    source: "R11, R24; P64, G32",
    level: "MUST",
    rule: `${method} of the MCP path is guarded too`,
    request: withoutToken({ method }),
    expected: method === "HEAD" ? { ...NO_ERROR, body: /^$/ } : NO_ERROR,
  })),
  {
    source: "R12, R13",
    level: "ours",
    rule: "a browser without credentials gets a page of one sentence, and the same challenge",
    options: SCOPED,
    request: get(`${RESOURCE}?<script>`, { "Accept": BROWSER_ACCEPT }),
    expected: {
      status: 401,
      headers: {
        "WWW-Authenticate": /^Bearer resource_metadata="https:\/\/[^"]+", scope="read write"$/,
        "Content-Type": /^text\/html; charset=utf-8$/,
        "Content-Security-Policy": /^default-src 'none'; frame-ancestors 'none'$/,
        "X-Content-Type-Options": /^nosniff$/,
      },
      body: /^<!doctype html>(?![^]*<script)[^]*<p>This is an MCP server: [^<.]+\.<\/p>/,
      asked: 0,
    },
  },
  ...[
    ["HEAD", BROWSER_ACCEPT],
    ["POST", BROWSER_ACCEPT],
    ["GET", "application/json, text/event-stream"],
    ["GET", "*/*"],
  ].map(([method = "", accept = ""]): Row => ({
    source: "R12, R13",
    level: "ours",
    rule: `${method} with Accept: ${accept.slice(0, 36)} gets no page`,
    request: get(RESOURCE, { "Accept": accept }, method),
    expected: method === "HEAD" ? { ...NO_ERROR, body: /^$/ } : NO_ERROR,
  })),
  {
    source: "R12",
    level: "ours",
    rule: "a browser with a refused token gets the JSON error",
    answer: says({ active: false }),
    request: get(RESOURCE, { "Accept": BROWSER_ACCEPT, "Authorization": "Bearer token-1" }),
    expected: {
      ...INVALID_TOKEN,
      headers: { ...INVALID_TOKEN.headers, "Content-Type": /^application\/json$/ },
    },
  },
  ...[
    ["P68, G15", "another scheme counts as none", "Basic dXNlcjpwYXNz"],
    ["G14", "Bearer with nothing after it counts as none", "Bearer"],
    ["G14", "Bearer with only spaces after it counts as none", "Bearer   "],
  ].map(([source = "", rule = "", value = ""]): Row => ({
    source,
    level: "ours",
    rule,
    request: withField(value),
    expected: NO_ERROR,
  })),
  ...[
    ["two tokens", "Bearer a b"],
    ["a comma list, as a doubled header gives", "Bearer a, Bearer b"],
    ["illegal characters", "Bearer a*b"],
    ["a quoted token", 'Bearer "a"'],
    ["over 16 KiB", `Bearer ${"a".repeat(16 * 1024)}`],
  ].map(([rule = "", value = ""]): Row => ({
    source: "R13; RFC 6750 §3.1; P66, G14",
    level: "MUST",
    rule: `malformed credentials are 400: ${rule}`,
    request: withField(value),
    expected: INVALID_REQUEST,
  })),
  ...["bearer token-1", "BEARER token-1", "Bearer   token-1"].map((value): Row => ({
    source: "RFC 9110 §11.1; P65, P66",
    level: "MUST",
    rule: `the scheme has no case, and spaces may follow: ${value}`,
    request: withField(value),
    expected: PASSES,
  })),
  {
    source: "R11; P65",
    level: "MUST",
    rule: "a token in the query is not read",
    request: get(`${RESOURCE}?access_token=token-1`, {}, "POST"),
    expected: NO_ERROR,
  },
  {
    source: "R11; RFC 6750 §2.2; P65",
    level: "MUST",
    rule: "a token in a form body is not read",
    request: () =>
      new Request(RESOURCE, { method: "POST", body: new URLSearchParams({ access_token: "t" }) }),
    expected: NO_ERROR,
  },
  ...[METADATA_URL, `${ORIGIN}/`, `${ORIGIN}/mcp/other`].map((url): Row => ({
    source: "P76, G16",
    level: "ours",
    rule: `a token costs nothing on ${new URL(url).pathname}`,
    request: get(url, { "Authorization": "Bearer token-1" }),
    expected: { status: url === METADATA_URL ? 200 : 404, asked: 0 },
  })),
];

const TOKEN_ROWS: Row[] = [
  {
    source: "R8, R23; P30",
    level: "MUST",
    rule: "an active token for us passes",
    request: withToken(),
    expected: PASSES,
  },
  ...([
    ["R12; P31", "it is inactive", { active: false }],
    ["R12; RFC 7662 §4; P37, G9", "it expires this very second", { exp: NOW }],
    ["R12; P36, G9", "its exp is 0", { exp: 0 }],
    ["RFC 7662 §2.2; P39, G12", "it is not yet valid", { nbf: NOW + 1 }],
    ["R10; P39, G13", "it is a refresh token", { token_type: "refresh_token" }],
    ["R10; G13", "it is bound to a proof", { token_type: "DPoP" }],
    ["R9; RFC 8707 §2; P54", "its audience is another server", { aud: "https://a.example/mcp" }],
    ["R9; P53, G6", "it has no audience", { aud: null }],
    ["R9; G6", "its audience is empty", { aud: "" }],
    ["R9; G2", "its audience is an array without us", { aud: ["https://a.example"] }],
    ["R9; G2", "its audience is an empty array", { aud: [] }],
    ["R9; G5", "its audience is our origin alone", { aud: ORIGIN }],
    ["R9; G5", "its audience is a longer path", { aud: `${RESOURCE}/admin` }],
    ["R9; G5", "its audience has a query", { aud: `${RESOURCE}?a` }],
    ["R9; G5", "its audience has another case of path", { aud: `${ORIGIN}/MCP` }],
    ["R9; G7", "its resource is ours but its audience is not", {
      aud: "https://a.example",
      resource: RESOURCE,
    }],
    ["G30", "its audience would break out of a header", { aud: 'x"\r\nSet-Cookie: a=b' }],
    ["G11", "it is expired and lacks a scope", { exp: NOW - 1, scope: "" }],
  ] as [string, string, Record<string, unknown>][]).map(([source, when, change]): Row => ({
    source,
    level: "MUST",
    rule: `a token is refused when ${when}`,
    options: SCOPED,
    answer: says(change),
    request: withToken(),
    expected: INVALID_TOKEN,
  })),
  ...([
    ["R5; P55, G1", "the audience is an array with us in it", {
      aud: ["https://a.example", RESOURCE],
    }],
    ["R5; P56, G3", "the audience has another case of host", {
      aud: "HTTPS://MCP.EXAMPLE.COM/mcp",
    }],
    ["R5; P56, G3", "the audience names the default port", {
      aud: "https://mcp.example.com:443/mcp",
    }],
    ["R5; P56, G5", "the audience has a slash at its end", { aud: `${RESOURCE}/` }],
    ["G7", "there is a resource in place of an audience", { aud: null, resource: [RESOURCE] }],
    ["P33", "scopes come as an array", { scope: ["write", "read"] }],
    ["P35", "there is no exp", { exp: null }],
    ["G13", "the token type is access_token", { token_type: "access_token" }],
    ["G13", "there is no token type", { token_type: null }],
  ] as [string, string, Record<string, unknown>][]).map(([source, when, change]): Row => ({
    source,
    level: "ours",
    rule: `a token passes when ${when}`,
    options: SCOPED,
    answer: says(change),
    request: withToken(),
    expected: PASSES,
  })),
  ...["https://mcp.example.com", "https://mcp.example.com/"].map((aud): Row => ({
    source: "G4",
    level: "ours",
    rule: `a bare origin is met by the audience ${aud}`,
    options: { resource: ORIGIN },
    answer: says({ aud }),
    request: withToken(),
    expected: PASSES,
  })),
  {
    source: "R9; G35",
    level: "ours",
    rule: "a foreign audience passes when that was asked for",
    options: { dangerouslyAllowAnyAudience: true },
    answer: says({ aud: "https://a.example" }),
    request: withToken(),
    expected: PASSES,
  },
  {
    source: "R13, R18, R19; RFC 6750 §3.1; P71, G21",
    level: "SHOULD",
    rule: "a missing scope is 403 with every scope in one challenge",
    options: SCOPED,
    answer: says({ scope: "read" }),
    request: withToken(),
    expected: {
      status: 403,
      headers: {
        "WWW-Authenticate":
          /^Bearer resource_metadata="[^"]+", scope="read write", error="insufficient_scope", error_description="[^"=]+"$/,
      },
      body: /"error":"insufficient_scope"/,
      asked: 1,
    },
  },
];

const OUTAGE_ROWS: Row[] = [
  ...[429, 500, 502, 503].map((status): Row => ({
    source: "P72, G18",
    level: "ours",
    rule: `PropelAuth answers ${status}: the client keeps its token`,
    answer: fails(status),
    request: withToken(),
    // One more try where a proxy may have had a bad moment.
    expected: { ...UNAVAILABLE, asked: status === 502 || status === 503 ? 2 : 1 },
  })),
  {
    source: "P72, G18",
    level: "ours",
    rule: "PropelAuth is out of reach: the client keeps its token",
    answer: () => Promise.reject(new TypeError("connect ECONNREFUSED 10.0.0.1")),
    request: withToken(),
    expected: UNAVAILABLE,
  },
  ...[400, 401, 403, 404].map((status): Row => ({
    source: "P72, G19",
    level: "ours",
    rule: `our own set-up is wrong (${status}): not the client's fault`,
    answer: fails(status),
    request: withToken(),
    expected: MISCONFIGURED,
  })),
  ...([
    ["G17", "a redirect", () => new Response(null, { status: 302, headers: { "Location": "/" } })],
    ["G17", "no content", () => new Response(null, { status: 204 })],
    ["G20", "HTML", () => new Response("<html></html>")],
    ["G20", "an array", () => json([{ active: true }])],
    ["G20", "null", () => json(null)],
    ["G20", "more than 64 KiB", () => json({ active: true, a: "x".repeat(64 * 1024) })],
    ["P32, G8", "active as text", says({ active: "true" })],
    ["P32, G8", "active as 1", says({ active: 1 })],
    ["P38, G10", "exp as text", says({ exp: `${NOW + 600}` })],
    ["G10", "exp as a boolean", says({ exp: true })],
    ["G10", "an infinite exp", () => new Response('{"active":true,"exp":1e999}')],
    ["G6", "aud as a number", says({ aud: 42 })],
    ["P33", "scope as an object", says({ scope: {} })],
  ] as [string, string, Answer][]).map(([source, what, answer]): Row => ({
    source: `RFC 7662 §2.2; ${source}`,
    level: "ours",
    rule: `PropelAuth answers ${what}: nobody is let in, nobody is sent to log in`,
    answer,
    request: withToken(),
    expected: MISCONFIGURED,
  })),
];

const BROWSER_ROWS: Row[] = [
  {
    source: "R21; P75, G31",
    level: "MUST",
    rule: "a foreign Origin is 403, and PropelAuth is not asked",
    request: withToken({ headers: { "Origin": "https://evil.example" } }),
    expected: {
      status: 403,
      headers: { "Access-Control-Allow-Origin": null, "WWW-Authenticate": null },
      asked: 0,
    },
  },
  {
    source: "R21; G31",
    level: "MUST",
    rule: "the Origin null is 403",
    request: withToken({ headers: { "Origin": "null" } }),
    expected: { status: 403, asked: 0 },
  },
  {
    source: "R21; G31",
    level: "MUST",
    rule: "a foreign Origin gets no preflight either",
    request: withoutToken({ method: "OPTIONS", headers: { "Origin": "https://evil.example" } }),
    expected: { status: 403, headers: { "Access-Control-Allow-Headers": null }, asked: 0 },
  },
  {
    source: "G31",
    level: "ours",
    rule: "our own Origin passes, and may read what a client needs",
    request: withToken({ headers: { "Origin": ORIGIN } }),
    expected: {
      status: 200,
      headers: {
        "Access-Control-Allow-Origin": /^https:\/\/mcp\.example\.com$/,
        "Access-Control-Expose-Headers":
          /^WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version$/,
        "Access-Control-Allow-Credentials": null,
        "Vary": /Origin/,
      },
      asked: 1,
    },
  },
  {
    source: "G31",
    level: "ours",
    rule: "a listed Origin passes, and ours does not when it is not listed",
    options: { allowedOrigins: ["https://app.example.com"] },
    request: withToken({ headers: { "Origin": ORIGIN } }),
    expected: { status: 403, asked: 0 },
  },
  {
    source: "G31",
    level: "ours",
    rule: "every Origin passes when all are allowed",
    options: { allowedOrigins: ["*"] },
    request: withToken({ headers: { "Origin": "https://any.example" } }),
    expected: { status: 200, headers: { "Access-Control-Allow-Origin": /^\*$/ }, asked: 1 },
  },
  ...([
    ["401", withoutToken({ headers: { "Origin": ORIGIN } }), 401],
    ["400", get(RESOURCE, { "Origin": ORIGIN, "Authorization": "Bearer a b" }), 400],
  ] as [string, () => Request, number][]).map(([what, request, status]): Row => ({
    source: "P74",
    level: "ours",
    rule: `a browser can read a ${what} and its challenge`,
    request,
    expected: {
      status,
      headers: {
        "Access-Control-Allow-Origin": /^https:\/\/mcp\.example\.com$/,
        "Access-Control-Expose-Headers": /WWW-Authenticate/,
        "WWW-Authenticate": CHALLENGE,
      },
    },
  })),
  {
    source: "P74, G32",
    level: "ours",
    rule: "a preflight is answered before authentication",
    request: withoutToken({
      method: "OPTIONS",
      headers: {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,mcp-param-x",
      },
    }),
    expected: {
      status: 204,
      headers: {
        "Access-Control-Allow-Origin": /^https:\/\/mcp\.example\.com$/,
        "Access-Control-Allow-Headers": /^authorization,mcp-param-x$/,
        "Access-Control-Allow-Methods": /^GET, POST, DELETE, OPTIONS$/,
        "Vary": /Access-Control-Request-Headers.*Origin/,
      },
      asked: 0,
    },
  },
  {
    source: "P75; R21",
    level: "ours",
    rule: "a server on loopback refuses another Host, for its metadata too",
    options: { baseUrl: "http://127.0.0.1:8000" },
    request: get("http://evil.example:8000/.well-known/oauth-protected-resource/mcp"),
    expected: { status: 403, body: /baseUrl/, asked: 0 },
  },
  {
    source: "P75; R21",
    level: "ours",
    rule: "a server on loopback admits browser pages of loopback, whatever the port",
    options: { baseUrl: "http://127.0.0.1:8000" },
    request: () =>
      new Request("http://127.0.0.1:8000/mcp", { headers: { "Origin": "http://localhost:6274" } }),
    expected: {
      status: 401,
      headers: { "Access-Control-Allow-Origin": /^http:\/\/localhost:6274$/ },
    },
  },
];

const SECRETS = /token-1|introspection-secret|introspection-id|of PropelAuth|ECONNREFUSED/;

const ROWS = [
  ...METADATA_ROWS,
  ...CREDENTIAL_ROWS,
  ...TOKEN_ROWS,
  ...OUTAGE_ROWS,
  ...BROWSER_ROWS,
];

/** Protects an MCP server that answers with a text. */
export type Protect = (auth: PropelAuth, mcp: (subject: string | undefined) => string) => Send;
/** Sends a request to it. */
export type Send = (request: Request) => Promise<Response>;

/** Has every row of the table tested, in one of the ways to protect an MCP server. */
export function testConformance(way: string, protect: Protect): void {
  for (const row of ROWS) {
    test(`${row.level}, ${row.rule} [${row.source}]${way}`, async () => {
      const { auth, asked } = createHarness(row.options, row.answer);
      let reached = 0;
      const send = protect(auth, (subject) => {
        reached++;
        return `mcp of ${subject}`;
      });
      const response = await send(row.request());
      const { status, headers = {}, body, asked: times } = row.expected;
      assert.equal(response.status, status);
      for (const [name, expected] of Object.entries(headers)) {
        const value = response.headers.get(name);
        if (expected === null) assert.equal(value, null, name);
        else assert.match(value ?? "", expected);
      }
      const text = await response.text();
      if (body !== undefined) assert.match(text, body);
      if (times !== undefined) assert.equal(asked.length, times);
      // R14, G29: nothing that was sent in confidence comes back out.
      assert.doesNotMatch(text + JSON.stringify([...response.headers]), SECRETS);
      // R8: nobody but a judged caller gets through, and a refusal is never stored.
      const isMcp = new URL(row.request().url).pathname === "/mcp";
      assert.equal(reached, isMcp && status === 200 ? 1 : 0);
      if (isMcp && status >= 400) assert.equal(response.headers.get("Cache-Control"), "no-store");
    });
  }
}
