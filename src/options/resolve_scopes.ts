/**
 * The options that name scopes: each checked, and compared with the others. Pure: no clock, no
 * network.
 *
 * @module
 */

import { BrokenRule } from "../lib/broken_rule.ts";
import { describe, requireScopes } from "../lib/check_option.ts";
import { createHoldsScope, type HoldsScope } from "../oauth/scope_hierarchy.ts";
import { type ResolvedOperations, resolveOperations } from "../operations/rules.ts";
import type { PropelAuthOptions } from "./propel_auth_options.ts";

/** The scopes that requests and single operations need, after every check. */
export interface ResolvedScopes {
  readonly requiredScopes: readonly string[];
  readonly scopesSupported: readonly string[];
  readonly challengeScopes: readonly string[];
  /** Whether granted scopes are enough for a needed one, by the option `scopeHierarchy`. */
  readonly holdsScope: HoldsScope;
  /** `undefined`: no operation is judged, and no body read. */
  readonly operations: ResolvedOperations | undefined;
  readonly defaultOperation: "allow" | "deny";
}

/**
 * Checks the options that name scopes, and fills in their defaults.
 *
 * @param options The options as the caller gave them.
 * @returns The same, checked and complete.
 * @throws {BrokenRule} An option breaks its rule.
 */
export function resolveScopes(options: PropelAuthOptions): ResolvedScopes {
  const {
    requiredScopes: required = [],
    scopesSupported,
    challengeScopes,
    scopeHierarchy = {},
    operations: rules = {},
    defaultOperation = "allow",
  } = options;
  const requiredScopes = requireScopes("requiredScopes", required);
  if (defaultOperation !== "allow" && defaultOperation !== "deny") {
    throw new BrokenRule("defaultOperation", '"allow" or "deny"', describe(defaultOperation));
  }
  const operations = options.operations === undefined && defaultOperation === "allow"
    ? undefined
    : resolveOperations(rules);
  const named = new Set([...requiredScopes, ...operations?.scopes ?? []]);
  const supported = scopesSupported === undefined
    ? [...named]
    : requireScopes("scopesSupported", scopesSupported);
  const challenged = challengeScopes === undefined
    ? [...new Set([...requiredScopes, ...operations?.visibleScopes ?? []])]
    : requireScopes("challengeScopes", challengeScopes);
  return {
    requiredScopes: Object.freeze(requiredScopes),
    scopesSupported: Object.freeze(supported),
    challengeScopes: Object.freeze(challenged),
    holdsScope: createHoldsScope(scopeHierarchy, new Set([...named, ...supported])),
    operations,
    defaultOperation,
  };
}
