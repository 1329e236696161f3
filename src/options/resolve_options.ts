/**
 * Turns raw options into checked, read-only ones, with every default in place. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { AllowedOrigins } from "../http/host_and_origin.ts";
import { REQUIRED_VARIABLES, requireGiven } from "./environment.ts";
import { checkOptionNames, OPTION_NAMES } from "./option_names.ts";
import { resolveAllowedOrigins } from "./resolve_allowed_origins.ts";
import {
  OVERRIDE_NAMES,
  type ResolvedOverrides,
  resolveOverrides,
} from "./resolve_introspection_overrides.ts";
import {
  OAUTH_PATH,
  resolveAuthUrl,
  resolveIssuer,
  resolveMcpUrl,
  resolveResource,
} from "./resolve_urls.ts";
import { BrokenRule } from "../lib/broken_rule.ts";
import {
  describe,
  describeSecret,
  requireBoolean,
  requireFunction,
  requireMembers,
  requireText,
} from "../lib/check_option.ts";
import { requireIdentifierUrl, requireLink } from "../lib/check_url.ts";
import type { EventListener } from "../events/events.ts";
import { type CallAudit, findAudit } from "../operations/call_audit.ts";
import type { SharedCache } from "../shared_cache/shared_cache.ts";
import type { PropelAuthOptions } from "./propel_auth_options.ts";
import { isLoopback } from "../lib/url.ts";
import type { World } from "../lib/world.ts";
import { type ResolvedScopes, resolveScopes } from "./resolve_scopes.ts";
import { type ApiKeys, findSource, type FurtherSource } from "../verification/credential_source.ts";

/** Options after every check, with every default in place. */
export interface ResolvedOptions extends ResolvedOverrides, ResolvedScopes {
  /** Without slashes at its end. */
  readonly authUrl: string;
  readonly issuer: string;
  readonly introspectionEndpoint: string;
  readonly authorizationServerMetadataUrl: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  /** `undefined`: access tokens alone are let in. */
  readonly furtherSource: FurtherSource | undefined;
  /** `undefined`: each instance has a cache of its own alone. */
  readonly sharedCache: SharedCache | undefined;
  /** Path of the MCP endpoint on its origin; with `{orgId}` one for each organization. */
  readonly mcpPath: string;
  /** Published and required, as it was given; with `{orgId}` where `mcpPath` has it. */
  readonly resource: string;
  readonly resourceName: string | undefined;
  readonly resourceDocumentation: string | undefined;
  readonly allowedOrigins: AllowedOrigins;
  /** Whether `baseUrl` is on loopback: then only loopback hosts are served. */
  readonly onLoopback: boolean;
  readonly forwardAuthorizationServerMetadata: boolean;
  readonly dangerouslyAllowAnyAudience: boolean;
  readonly dangerouslyAllowMissingOrgId: boolean;
  /** `undefined`: no event is built. */
  readonly onEvent: EventListener | undefined;
  /** `undefined`: no call is followed. */
  readonly connectAudits: ((world: World) => CallAudit) | undefined;
}

/**
 * Checks options and fills in the defaults. Never changes its argument.
 *
 * @param options The options as the caller gave them.
 * @returns The same, checked and complete.
 * @throws {BrokenRule} An option is unknown, missing, of a wrong type or breaks its rule, or a number
 * is not finite or out of its bounds.
 */
export function resolveOptions(options: PropelAuthOptions): ResolvedOptions {
  checkOptionNames(options);
  for (const setting of REQUIRED_VARIABLES) requireGiven(setting, options[setting.option]);
  const {
    mcpPath = "/mcp",
    tokenIntrospectionOverrides = {},
    forwardAuthorizationServerMetadata = false,
    dangerouslyAllowAnyAudience = false,
    dangerouslyAllowMissingOrgId = false,
    dangerouslyAllowHttp = false,
  } = options;
  const allowHttp = requireBoolean("dangerouslyAllowHttp", dangerouslyAllowHttp);
  const authUrl = resolveAuthUrl(options.authUrl, { allowHttp });
  const baseUrl = requireIdentifierUrl("baseUrl", options.baseUrl, { allowHttp });
  const mcpUrl = resolveMcpUrl(baseUrl, mcpPath);
  requireMembers("tokenIntrospectionOverrides", tokenIntrospectionOverrides, OVERRIDE_NAMES, {
    name: "options",
    members: OPTION_NAMES,
  });
  const overrides = resolveOverrides(tokenIntrospectionOverrides);
  return Object.freeze({
    ...resolveCredentials(options),
    ...resolveScopes(options),
    ...overrides,
    furtherSource: resolveApiKeys(options.apiKeys),
    sharedCache: resolveSharedCache(options.sharedCache, overrides.cacheTtlSeconds),
    authUrl,
    issuer: resolveIssuer(authUrl, options.issuer, { allowHttp }),
    introspectionEndpoint: `${authUrl}${OAUTH_PATH}/introspect`,
    authorizationServerMetadataUrl:
      `${authUrl}/.well-known/oauth-authorization-server${OAUTH_PATH}`,
    // Not the URL's pathname, which would spell {orgId} otherwise.
    mcpPath: mcpUrl.slice(baseUrl.origin.length),
    resource: resolveResource(mcpUrl, options.resource, { allowHttp }),
    ...resolveNames(options),
    allowedOrigins: resolveAllowedOrigins(options.allowedOrigins, baseUrl),
    onLoopback: isLoopback(baseUrl.hostname),
    ...requireBooleans({
      forwardAuthorizationServerMetadata,
      dangerouslyAllowAnyAudience,
      dangerouslyAllowMissingOrgId,
    }),
    onEvent: requireFunction("onEvent", options.onEvent),
    connectAudits: resolveAudits(options.audit),
  });
}

function requireBooleans<T extends Record<string, boolean>>(values: T): T {
  for (const [name, value] of Object.entries(values)) requireBoolean(name, value);
  return values;
}

/** The members of the metadata that people read. */
function resolveNames({ resourceName, resourceDocumentation }: PropelAuthOptions) {
  return {
    resourceName: resourceName === undefined
      ? undefined
      : requireText("resourceName", resourceName),
    resourceDocumentation: resourceDocumentation === undefined
      ? undefined
      : requireLink("resourceDocumentation", resourceDocumentation),
  };
}

function resolveCredentials(options: PropelAuthOptions) {
  const { introspectionClientId: id, introspectionClientSecret: secret } = options;
  requireText("introspectionClientId", id, describeSecret);
  // RFC 7617 §2: the first colon ends the id, so an id that has one would be read as another id.
  if (id.includes(":")) {
    throw new BrokenRule("introspectionClientId", "a string without a colon", describeSecret(id));
  }
  requireText("introspectionClientSecret", secret, describeSecret);
  return { introspectionClientId: id, introspectionClientSecret: secret };
}

function resolveApiKeys(apiKeys: ApiKeys | undefined): FurtherSource | undefined {
  const maker = "apiKeys() of @x/propelauth-mcp/api-keys";
  return apiKeys === undefined ? undefined : findCode("apiKeys", apiKeys, findSource, maker);
}

function resolveAudits(audit: PropelAuthOptions["audit"]): ResolvedOptions["connectAudits"] {
  const audits = audit === undefined ? [] : [audit].flat();
  const makers = "auditLog() or auditCalls() of @x/propelauth-mcp/audit, " +
    "of otelCalls() of @x/propelauth-mcp/otel, or an array of such results";
  const [connect] = audits.map((one) => findCode("audit", one, findAudit, makers));
  return connect && ((world) => connect(audits, world));
}

/** Finds the code of an entry behind a value that functions of that entry make. */
function findCode<Value, Code>(
  name: string,
  value: Value,
  find: (value: Value) => Code | undefined,
  makers: string,
): Code {
  const code = find(value);
  if (code !== undefined) return code;
  throw new BrokenRule(name, `a result of ${makers}`, describe(value));
}

function resolveSharedCache(cache: SharedCache | undefined, cacheTtlSeconds: number) {
  if (cache === undefined) return undefined;
  for (const method of ["get", "set", "delete"] as const) {
    if (typeof cache?.[method] !== "function") {
      throw new BrokenRule("sharedCache", `a cache with a method ${method}`, describe(cache));
    }
  }
  // With cacheTtlSeconds 0 no answer is kept, so the shared cache would do nothing, unnoticed.
  if (cacheTtlSeconds === 0) {
    throw new BrokenRule("cacheTtlSeconds", "above 0 with a sharedCache", "0");
  }
  return cache;
}
