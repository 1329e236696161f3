/**
 * Turns raw options into checked, read-only ones; reads the environment for `fromEnv`. The only
 * file that knows defaults. Pure: no clock, no network.
 *
 * @module
 */

import {
  OAUTH_PATH,
  resolveAuthUrl,
  resolveIssuer,
  resolveMcpUrl,
  resolveResource,
} from "./option_urls.ts";
import {
  badOption,
  describe,
  describeSecret,
  requireBoolean,
  requireIdentifierUrl,
  requireLink,
  requireMembers,
  requireNumber,
  requireScopes,
  requireText,
} from "./option_rules.ts";
import type { EventListener } from "./events.ts";
import { type ResolvedOperations, resolveOperations } from "./operation_rules.ts";
import type { SharedCache } from "./shared_cache.ts";
import type { PropelAuthOptions, TokenIntrospectionOverrides } from "./propel_auth_options.ts";
import { isLoopback } from "./resource_identifier.ts";
import { resolveScopeHierarchy, type ScopeHierarchy } from "./scope_hierarchy.ts";
import type { Fetch } from "./world.ts";

const MAX_TIMEOUT_SECONDS = 300;

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

const OVERRIDE_NAMES: readonly (keyof TokenIntrospectionOverrides)[] = [
  "cacheTtlSeconds",
  "maxCacheSize",
  "timeoutSeconds",
  "staleIfErrorSeconds",
  "maxConcurrentIntrospections",
  "fetch",
];

/** Which browser origins may call: all, those on loopback, or a list. */
export type AllowedOrigins = "any" | "loopback" | readonly string[];

/** Options after every check, with every default in place. */
export interface ResolvedOptions {
  readonly issuer: string;
  readonly introspectionEndpoint: string;
  readonly authorizationServerMetadataUrl: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly timeoutSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly maxConcurrentIntrospections: number;
  /** Absent: the global one. */
  readonly fetch: Fetch | undefined;
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

function resolveAllowedOrigins(value: unknown, baseUrl: URL): AllowedOrigins {
  const rule = 'an array of origins such as https://app.example.com, or of "*"';
  if (value === undefined) return isLoopback(baseUrl.hostname) ? "loopback" : [baseUrl.origin];
  if (!Array.isArray(value)) throw badOption("allowedOrigins", rule, describe(value));
  if (value.includes("*")) return "any";
  return Object.freeze(value.map((origin: unknown) => {
    // Extensions have origins too (chrome-extension://…), which URL.origin calls "null".
    if (typeof origin !== "string" || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i.test(origin)) {
      throw badOption("allowedOrigins", rule, `${describe(origin)} in it`);
    }
    return /^https?:/i.test(origin) && URL.canParse(origin) ? new URL(origin).origin : origin;
  }));
}

function resolveOverrides(overrides: TokenIntrospectionOverrides) {
  requireMembers("tokenIntrospectionOverrides", overrides, OVERRIDE_NAMES);
  const {
    cacheTtlSeconds = 0,
    maxCacheSize = 10_000,
    timeoutSeconds = 10,
    staleIfErrorSeconds = 0,
    maxConcurrentIntrospections = 100,
    fetch,
  } = overrides;
  return {
    cacheTtlSeconds: requireNumber(
      "cacheTtlSeconds",
      cacheTtlSeconds,
      "a finite number >= 0",
      (value) => value >= 0,
    ),
    maxCacheSize: requireNumber(
      "maxCacheSize",
      maxCacheSize,
      "a whole number >= 0",
      (value) => Number.isSafeInteger(value) && value >= 0,
    ),
    timeoutSeconds: requireNumber(
      "timeoutSeconds",
      timeoutSeconds,
      `a number > 0 and <= ${MAX_TIMEOUT_SECONDS}`,
      (value) => value > 0 && value <= MAX_TIMEOUT_SECONDS,
    ),
    staleIfErrorSeconds: requireNumber(
      "staleIfErrorSeconds",
      staleIfErrorSeconds,
      "a finite number >= 0",
      (value) => value >= 0,
    ),
    maxConcurrentIntrospections: requireNumber(
      "maxConcurrentIntrospections",
      maxConcurrentIntrospections,
      "a whole number >= 1",
      (value) => Number.isSafeInteger(value) && value >= 1,
    ),
    fetch: requireFunction("fetch", fetch),
  };
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

/** Types cannot tell what is called, so a function is taken at its word. */
function requireFunction<F>(name: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw badOption(name, "a function", describe(value));
}

function optional<T>(
  rule: (name: string, value: unknown) => T,
  name: string,
  value: unknown,
): T | undefined {
  return value === undefined ? undefined : rule(name, value);
}
