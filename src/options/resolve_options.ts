/**
 * Turns raw options into checked, read-only ones, with every default in place. Pure: no clock, no
 * network.
 *
 * @module
 */

import { type AllowedOrigins, resolveAllowedOrigins } from "../http/host_and_origin.ts";
import { type ResolvedOverrides, resolveOverrides } from "./introspection_overrides.ts";
import {
  OAUTH_PATH,
  resolveAuthUrl,
  resolveIssuer,
  resolveMcpUrl,
  resolveResource,
} from "./urls.ts";
import {
  badOption,
  describe,
  describeSecret,
  requireBoolean,
  requireFunction,
  requireIdentifierUrl,
  requireLink,
  requireMembers,
  requireScopes,
  requireText,
} from "../lib/check_option.ts";
import type { EventListener } from "../events/events.ts";
import { type ResolvedOperations, resolveOperations } from "../operations/rules.ts";
import type { SharedCache } from "../shared_cache/shared_cache.ts";
import type { PropelAuthOptions } from "./propel_auth_options.ts";
import { isLoopback } from "../lib/url.ts";
import { resolveScopeHierarchy, type ScopeHierarchy } from "../oauth/scopes.ts";

const OPTION_NAMES: readonly (keyof PropelAuthOptions)[] = [
  "authUrl",
  "introspectionClientId",
  "introspectionClientSecret",
  "baseUrl",
  "mcpPath",
  "resource",
  "requiredScopes",
  "scopesSupported",
  "challengeScopes",
  "scopeHierarchy",
  "operations",
  "defaultOperation",
  "resourceName",
  "resourceDocumentation",
  "issuer",
  "tokenIntrospectionOverrides",
  "sharedCache",
  "allowedOrigins",
  "forwardAuthorizationServerMetadata",
  "dangerouslyAllowAnyAudience",
  "dangerouslyAllowMissingOrgId",
  "onEvent",
];

/** Options after every check, with every default in place. */
export interface ResolvedOptions extends ResolvedOverrides {
  readonly issuer: string;
  readonly introspectionEndpoint: string;
  readonly authorizationServerMetadataUrl: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  /** Absent: each instance has its own cache alone. */
  readonly sharedCache: SharedCache | undefined;
  /** Path of the MCP endpoint on its origin; with `{orgId}` one for each organization. */
  readonly mcpPath: string;
  /** Published and required, as it was given; with `{orgId}` where `mcpPath` has it. */
  readonly resource: string;
  readonly requiredScopes: readonly string[];
  readonly scopesSupported: readonly string[];
  readonly challengeScopes: readonly string[];
  readonly scopeHierarchy: ScopeHierarchy;
  /** Absent: no operation is judged, and no body read. */
  readonly operations: ResolvedOperations | undefined;
  readonly defaultOperation: "allow" | "deny";
  readonly resourceName: string | undefined;
  readonly resourceDocumentation: string | undefined;
  readonly allowedOrigins: AllowedOrigins;
  /** Whether `baseUrl` is on loopback: then only loopback hosts are served. */
  readonly onLoopback: boolean;
  readonly forwardAuthorizationServerMetadata: boolean;
  readonly dangerouslyAllowAnyAudience: boolean;
  readonly dangerouslyAllowMissingOrgId: boolean;
  /** Absent: nobody listens. */
  readonly onEvent: EventListener | undefined;
}

/**
 * Checks options and fills in the defaults. Never changes its argument.
 *
 * @param options What the caller gave.
 * @returns The same, checked and complete.
 * @throws {TypeError} An option is unknown, missing, of a wrong type or breaks its rule.
 * @throws {RangeError} A number is not finite or out of its bounds.
 */
export function resolveOptions(options: PropelAuthOptions): ResolvedOptions {
  requireMembers("options", options, OPTION_NAMES);
  const {
    mcpPath = "/mcp",
    tokenIntrospectionOverrides = {},
    forwardAuthorizationServerMetadata = false,
    dangerouslyAllowAnyAudience = false,
    dangerouslyAllowMissingOrgId = false,
  } = options;
  const authUrl = resolveAuthUrl(options.authUrl);
  const baseUrl = requireIdentifierUrl("baseUrl", options.baseUrl);
  const mcpUrl = resolveMcpUrl(baseUrl, mcpPath);
  const overrides = resolveOverrides(tokenIntrospectionOverrides);
  return Object.freeze({
    ...resolveCredentials(options),
    ...resolveScopes(options),
    ...overrides,
    sharedCache: resolveSharedCache(options.sharedCache, overrides.cacheTtlSeconds),
    issuer: resolveIssuer(authUrl, options.issuer),
    introspectionEndpoint: `${authUrl}${OAUTH_PATH}/introspect`,
    authorizationServerMetadataUrl:
      `${authUrl}/.well-known/oauth-authorization-server${OAUTH_PATH}`,
    // Not the URL's pathname, which would spell {orgId} otherwise.
    mcpPath: mcpUrl.slice(baseUrl.origin.length),
    resource: resolveResource(mcpUrl, options.resource),
    resourceName: optional(requireText, "resourceName", options.resourceName),
    resourceDocumentation: optional(
      requireLink,
      "resourceDocumentation",
      options.resourceDocumentation,
    ),
    allowedOrigins: resolveAllowedOrigins(options.allowedOrigins, baseUrl),
    onLoopback: isLoopback(baseUrl.hostname),
    forwardAuthorizationServerMetadata: requireBoolean(
      "forwardAuthorizationServerMetadata",
      forwardAuthorizationServerMetadata,
    ),
    dangerouslyAllowAnyAudience: requireBoolean(
      "dangerouslyAllowAnyAudience",
      dangerouslyAllowAnyAudience,
    ),
    dangerouslyAllowMissingOrgId: requireBoolean(
      "dangerouslyAllowMissingOrgId",
      dangerouslyAllowMissingOrgId,
    ),
    onEvent: requireFunction("onEvent", options.onEvent),
  });
}

function resolveCredentials(options: PropelAuthOptions) {
  const { introspectionClientId: id, introspectionClientSecret: secret } = options;
  requireText("introspectionClientId", id, describeSecret);
  // RFC 7617 §2: the first colon ends the id, so an id that has one would be read as another id.
  if (id.includes(":")) {
    throw badOption("introspectionClientId", "a string without a colon", describeSecret(id));
  }
  requireText("introspectionClientSecret", secret, describeSecret);
  return { introspectionClientId: id, introspectionClientSecret: secret };
}

function resolveScopes(options: PropelAuthOptions) {
  const {
    requiredScopes: required = [],
    scopesSupported: supported,
    challengeScopes,
    scopeHierarchy = {},
    defaultOperation = "allow",
  } = options;
  const requiredScopes = requireScopes("requiredScopes", required);
  // MCP 2026-07-28, Refresh Tokens: a resource server neither demands nor names offline_access.
  if (requiredScopes.includes("offline_access")) {
    throw badOption("requiredScopes", "free of offline_access", '"offline_access" in it');
  }
  if (defaultOperation !== "allow" && defaultOperation !== "deny") {
    throw badOption("defaultOperation", '"allow" or "deny"', describe(defaultOperation));
  }
  const operations = options.operations === undefined && defaultOperation === "allow"
    ? undefined
    : resolveOperations(options.operations === undefined ? {} : options.operations);
  const named = new Set([...requiredScopes, ...operations?.scopes ?? []]);
  const scopesSupported = publishable("scopesSupported", supported) ?? [...named];
  const known = new Set([...named, ...scopesSupported]);
  return {
    requiredScopes: Object.freeze(requiredScopes),
    scopesSupported: Object.freeze(scopesSupported),
    challengeScopes: Object.freeze(
      publishable("challengeScopes", challengeScopes) ?? requiredScopes,
    ),
    scopeHierarchy: resolveScopeHierarchy(scopeHierarchy, known),
    operations,
    defaultOperation,
  };
}

function publishable(name: string, value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  return requireScopes(name, value).filter((scope) => scope !== "offline_access");
}

function resolveSharedCache(cache: SharedCache | undefined, cacheTtlSeconds: number) {
  if (cache === undefined) return undefined;
  for (const method of ["get", "set", "delete"] as const) {
    if (typeof cache?.[method] !== "function") {
      throw badOption("sharedCache", `a cache with a method ${method}`, describe(cache));
    }
  }
  // It would share nothing, and nobody would notice.
  if (cacheTtlSeconds === 0) throw badOption("cacheTtlSeconds", "above 0 with a sharedCache", "0");
  return cache;
}

function optional<T>(
  rule: (name: string, value: unknown) => T,
  name: string,
  value: unknown,
): T | undefined {
  return value === undefined ? undefined : rule(name, value);
}
