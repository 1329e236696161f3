/**
 * The names of all options. Pure: no clock, no network.
 *
 * @module
 */

import { requireMembers } from "../lib/check_option.ts";
import type { PropelAuthOptions } from "./propel_auth_options.ts";
import { OVERRIDE_NAMES } from "./resolve_introspection_overrides.ts";

// A record, so that a name that is forgotten here does not compile.
const NAMES: Record<keyof PropelAuthOptions, true> = {
  authUrl: true,
  introspectionClientId: true,
  introspectionClientSecret: true,
  baseUrl: true,
  mcpPath: true,
  resource: true,
  requiredScopes: true,
  scopesSupported: true,
  challengeScopes: true,
  scopeHierarchy: true,
  operations: true,
  defaultOperation: true,
  resourceName: true,
  resourceDocumentation: true,
  issuer: true,
  tokenIntrospectionOverrides: true,
  apiKeys: true,
  sharedCache: true,
  allowedOrigins: true,
  forwardAuthorizationServerMetadata: true,
  dangerouslyAllowAnyAudience: true,
  dangerouslyAllowMissingOrgId: true,
  dangerouslyAllowHttp: true,
  onEvent: true,
  audit: true,
};

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(NAMES);

/**
 * Refuses options that have an unknown member.
 *
 * @param options Options, all of them or a part.
 * @throws {BrokenRule} They are not an object, or a member is unknown or belongs into
 * `tokenIntrospectionOverrides`.
 */
export function checkOptionNames(options: unknown): void {
  requireMembers("options", options, OPTION_NAMES, {
    name: "tokenIntrospectionOverrides",
    members: OVERRIDE_NAMES,
  });
}
