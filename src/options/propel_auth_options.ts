/**
 * What a caller may set, as types. What it means and is checked for stands in `options.ts`.
 *
 * @module
 */

import type { EventListener } from "../events/events.ts";
import type { OperationRules } from "../operations/operations.ts";
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
   * How many answers are kept at most; past it the least recently used one goes. 0 keeps none.
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
   * cannot be asked (down, slow, rate limit), counted from its question; never past the token's
   * `exp`, and not once PropelAuth has said that it is inactive. With 0 such requests get 503.
   *
   * @default {0}
   */
  staleIfErrorSeconds?: number;
  /**
   * How many questions PropelAuth is asked at once. Past it they wait in a queue of 1,000, each for
   * half of `timeoutSeconds` at most; past that they get 503.
   *
   * @default {100}
   */
  maxConcurrentIntrospections?: number;
  /**
   * Sends the requests to PropelAuth, called as `fetch(url, init)`: for a proxy or for tests.
   * It has to keep to `init.redirect` and should keep to `init.signal`.
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
  /** Client secret for introspection: MCP > Request Validation. Never shown by anything. */
  introspectionClientSecret: string;
  /** Where clients reach this server: https, or http on loopback; a path prefix belongs to it. */
  baseUrl: string | URL;
  /**
   * Path of the MCP endpoint under `baseUrl`.
   *
   * With `{orgId}` as one of its segments (`/o/{orgId}/mcp`) each organization has an endpoint of
   * its own: a resource with its own metadata and audience. A token for one is refused at the others,
   * and so is one whose claim `org_id` is not the organization's. An id has 1 to 64 letters, digits,
   * `-` and `_`; any other path is not the endpoint's.
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
   * Scopes that are published; a client without a hint asks for all of them. Published only.
   *
   * @default {requiredScopes and those that operations names}
   */
  scopesSupported?: string[];
  /**
   * Scopes that a 401 tells the client to ask for. With none a client asks for all of
   * `scopesSupported`.
   *
   * @default {requiredScopes}
   */
  challengeScopes?: string[];
  /**
   * For each broader scope those that it includes: `{ "notes:write": ["notes:read"] }`. Whoever holds
   * the broader one holds them too, those that they include as well. Challenges name what is needed,
   * never what is broader.
   *
   * @default {{}}
   */
  scopeHierarchy?: Record<string, string[]>;
  /**
   * What single tools, resources, prompts and methods need beside `requiredScopes`. A call without it
   * is answered 403 with all that it needs, and lists show what the caller may use.
   *
   * With it the body of each request is read (at most 4 MiB) and judged by
   * {@linkcode PropelAuth.handler}; {@linkcode PropelAuth.authenticate} does not look at it.
   */
  operations?: OperationRules;
  /**
   * What becomes of operations that no rule of `operations` is for: `"allow"` lets them pass with
   * `requiredScopes` alone, `"deny"` refuses them, all but what a client needs to find its way.
   *
   * @default {"allow"}
   */
  defaultOperation?: "allow" | "deny";
  /** Name of this server for people, published. */
  resourceName?: string;
  /** Page with documentation for developers, published. */
  resourceDocumentation?: string | URL;
  /**
   * What is published in `authorization_servers`. Clients compare it with the `issuer` in
   * PropelAuth's metadata. Leave the default unless your PropelAuth serves its metadata for
   * another value too.
   *
   * @default {authUrl + "/oauth/2.1"}
   */
  issuer?: string | URL;
  /** How tokens are introspected, and how long an answer is kept. */
  tokenIntrospectionOverrides?: TokenIntrospectionOverrides;
  /**
   * A cache that all instances of this server share: what PropelAuth told one, the others need not
   * ask. `@x/propelauth-mcp/redis` makes one. Needs a `cacheTtlSeconds` above 0. Give all instances
   * the same `cacheTtlSeconds` and `staleIfErrorSeconds`.
   *
   * What is kept in it is sealed under a key from `introspectionClientSecret`. Losing it slows
   * requests and fails none.
   */
  sharedCache?: SharedCache;
  /**
   * Browser origins that may call the MCP endpoint, such as `https://app.example.com`; `"*"`
   * allows all. Requests without an `Origin` header are not concerned.
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
   * With `{orgId}` in `mcpPath`: accept tokens that name no organization. The audience is then all
   * that says whose they are, and a client chooses the audience: the tools have to see for
   * themselves that the user belongs there.
   *
   * @default {false}
   */
  dangerouslyAllowMissingOrgId?: boolean;
  /**
   * Is told what happens: each token accepted or refused and why, each answer and each failure of
   * PropelAuth. Called at once, in the middle of the request; what it throws is ignored. Without it
   * nothing is told: the library never logs.
   */
  onEvent?: EventListener;
}
