/**
 * The options as types. Their checks and defaults are those of `resolve_options.ts`.
 *
 * @module
 */

import type { EventListener } from "../events/events.ts";
import type { Audit } from "../operations/call_audit.ts";
import type { OperationRules } from "../operations/operations.ts";
import type { ApiKeys } from "../verification/credential_source.ts";
import type { SharedCache } from "../shared_cache/shared_cache.ts";
import type { Fetch } from "../lib/world.ts";

/** How PropelAuth is asked about a token, and how long its answer may be used. */
export interface TokenIntrospectionOverrides {
  /**
   * Seconds for which an answer about an active token is used again, at most until the token's
   * `exp`. With 0 every request asks, so that a revocation is seen by the next call.
   *
   * @default {0}
   */
  cacheTtlSeconds?: number;
  /**
   * How many answers are kept at most; past it the least recently used one is dropped. 0 keeps none.
   *
   * @default {10000}
   */
  maxCacheSize?: number;
  /**
   * Seconds that one whole exchange with PropelAuth may take, the body included; at most 300.
   *
   * @default {10}
   */
  timeoutSeconds?: number;
  /**
   * Seconds for which the last answer about an active token may be used again while PropelAuth
   * cannot be asked (down, slow, rate limit), counted from the introspection that it answered; never
   * past the token's `exp`, and not once PropelAuth has called the token inactive. With 0 such
   * requests get 503.
   *
   * @default {0}
   */
  staleIfErrorSeconds?: number;
  /**
   * How many introspections run at once. Further ones wait in a queue of 1,000, each for half of
   * `timeoutSeconds` at most; past that their requests get 503.
   *
   * @default {100}
   */
  maxConcurrentIntrospections?: number;
  /**
   * Sends the requests to PropelAuth, called as `fetch(url, init)`: for a proxy or for tests.
   * It has to obey `init.redirect` and should obey `init.signal`.
   *
   * @default {globalThis.fetch}
   */
  fetch?: Fetch;
}

/** Everything that {@linkcode createPropelAuth} takes. An unknown option is refused. */
export interface PropelAuthOptions {
  /**
   * PropelAuth's Auth URL, from its dashboard: https, or http on loopback, without `/oauth/2.1`.
   * Trailing slashes are dropped.
   */
  authUrl: string | URL;
  /** Client id for introspection: MCP > Request Validation in PropelAuth's dashboard. */
  introspectionClientId: string;
  /** Client secret for introspection: MCP > Request Validation. No error, event or log shows it. */
  introspectionClientSecret: string;
  /**
   * Where clients reach this server: https, or http on loopback. A path prefix belongs to it, the
   * path of the MCP endpoint does not: `mcpPath` is added.
   */
  baseUrl: string | URL;
  /**
   * Path of the MCP endpoint under `baseUrl`.
   *
   * With `{orgId}` as one of its segments (`/o/{orgId}/mcp`) each organization has an endpoint of
   * its own: a resource with its own metadata and audience. An endpoint refuses a token for another
   * one, and a token whose claim `org_id` is another organization's. An id has 1 to 64 letters,
   * digits, `-` and `_`; any other path is not the endpoint's.
   *
   * @default {"/mcp"}
   */
  mcpPath?: string;
  /**
   * The resource identifier (RFC 8707): published in the metadata and required in every token's
   * audience. On the same origin as the MCP endpoint, and its path or a prefix of it.
   *
   * @default {baseUrl + mcpPath}
   */
  resource?: string | URL;
  /**
   * Scopes that every request needs, all of them.
   *
   * @default {[]}
   */
  requiredScopes?: string[];
  /**
   * Scopes that the metadata publishes: a client that no challenge names scopes to asks for all of
   * them. No request needs them for that. `offline_access` is refused here, in `requiredScopes` and
   * in `challengeScopes`.
   *
   * @default {requiredScopes and those that operations names}
   */
  scopesSupported?: string[];
  /**
   * Scopes that a 401 tells the client to ask for, since few clients ask for more after the login.
   * With an empty list a client asks for all of `scopesSupported`.
   *
   * @default {requiredScopes and those that operations names, but for operations that no list shows}
   */
  challengeScopes?: string[];
  /**
   * For each broader scope those that it includes: `{ "notes:write": ["notes:read"] }`. A token with
   * the broader scope passes where an included one is needed, directly or by way of others.
   * Challenges name the scope that is needed, never a broader one.
   *
   * @default {none}
   */
  scopeHierarchy?: Record<string, string[]>;
  /**
   * Scopes that single tools, resources, prompts and methods need beside `requiredScopes`. A call
   * whose token lacks one is answered 403 with all scopes that it needs, and lists show only what the
   * caller may use.
   *
   * {@linkcode PropelAuth.handler} then reads the body of each request (at most 4 MiB) and judges the
   * calls in it; {@linkcode PropelAuth.authenticate} judges those of the `parsedBody` that it is given.
   */
  operations?: OperationRules;
  /**
   * How operations are judged that `operations` does not list: `"allow"` lets them pass with
   * `requiredScopes` alone, `"deny"` refuses them, except for those that a client needs to connect
   * and to list.
   *
   * @default {"allow"}
   */
  defaultOperation?: "allow" | "deny";
  /** Name of this server for people, published. */
  resourceName?: string;
  /** Page with documentation for developers, published. */
  resourceDocumentation?: string | URL;
  /**
   * The entry of `authorization_servers` in the metadata. Clients compare it with the `issuer` in
   * PropelAuth's metadata. Leave the default unless your PropelAuth serves its metadata for
   * another value too.
   *
   * @default {authUrl + "/oauth/2.1"}
   */
  issuer?: string | URL;
  /** How tokens are introspected, and how long an answer is kept. */
  tokenIntrospectionOverrides?: TokenIntrospectionOverrides;
  /**
   * Lets callers in with an API key of PropelAuth's end users too: `apiKeys()` of
   * `@x/propelauth-mcp/api-keys`. A key has no audience, so it is good at every server of the
   * environment.
   *
   * @default {access tokens alone}
   */
  apiKeys?: ApiKeys;
  /**
   * A cache that all instances of this server share, so that one introspection serves them all.
   * `@x/propelauth-mcp/redis` makes one. Needs a `cacheTtlSeconds` above 0. Give all instances the
   * same `cacheTtlSeconds` and `staleIfErrorSeconds`.
   *
   * Its entries are sealed under a key from `introspectionClientSecret`. While it cannot be reached,
   * requests take longer and none fails.
   */
  sharedCache?: SharedCache;
  /**
   * Browser origins that may call the MCP endpoint, such as `https://app.example.com`; `"*"`
   * allows all. A request without an `Origin` header is not refused for it.
   *
   * @default {loopback origins when baseUrl is on loopback, else the origin of baseUrl}
   */
  allowedOrigins?: string[];
  /**
   * Serve PropelAuth's authorization server metadata on this origin too, for clients of the
   * 2025-03-26 protocol.
   *
   * @default {false}
   */
  forwardAuthorizationServerMetadata?: boolean;
  /**
   * Accept tokens that were issued for any other server of the same PropelAuth environment.
   *
   * @default {false}
   */
  dangerouslyAllowAnyAudience?: boolean;
  /**
   * With `{orgId}` in `mcpPath`: accept tokens that name no organization. Only the audience then says
   * for which organization a token is, and a client chooses the audience: your tools have to check
   * that the user is a member.
   *
   * @default {false}
   */
  dangerouslyAllowMissingOrgId?: boolean;
  /**
   * Accept http beyond loopback in `authUrl`, `baseUrl`, `issuer` and `resource`, for development in
   * containers (`http://propelauth:8001`, `http://0.0.0.0:9100`). Access tokens and the client secret
   * then cross that network unencrypted.
   *
   * @default {false}
   */
  dangerouslyAllowHttp?: boolean;
  /**
   * Receives each event: a token accepted or refused and why, an answer or a failure of PropelAuth,
   * and so on. Called at once, in the middle of the request; an error that it throws is ignored.
   * Without it the library is silent: it never logs.
   */
  onEvent?: EventListener;
  /**
   * Receives each JSON-RPC call with its caller and its outcome, when it has ended: the result of
   * `auditLog()` or `auditCalls()` of `@x/propelauth-mcp/audit`, of `otelCalls()` of
   * `@x/propelauth-mcp/otel`, or an array of such results.
   *
   * As with `operations`, the body of each request is then read, at most 4 MiB, and refused when it is
   * not JSON.
   *
   * @default {no call is followed}
   */
  audit?: Audit | readonly Audit[];
}
