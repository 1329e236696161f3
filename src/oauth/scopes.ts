/**
 * Which scopes stand for which. Pure: no clock, no network.
 *
 * @module
 */

import { isObject } from "../lib/json.ts";
import { badOption, describe, requireScopes } from "../lib/check_option.ts";

/** For each narrower scope all those that are broader, directly or by way of others. */
export type ScopeHierarchy = ReadonlyMap<string, readonly string[]>;

/** Whether granted scopes are enough for one that is needed. */
export type HoldsScope = (granted: readonly string[], needed: string) => boolean;

/**
 * Checks the option `scopeHierarchy`, and turns it around.
 *
 * @param value The option: for each broader scope those that it includes.
 * @param known The scopes that the other options name; a name that is not among them is a slip.
 * @returns For each narrower scope the broader ones.
 * @throws {TypeError} It is no such object, has a cycle, or names an unknown scope.
 */
export function resolveScopeHierarchy(value: unknown, known: ReadonlySet<string>): ScopeHierarchy {
  if (!isObject(value)) {
    throw badOption("scopeHierarchy", "an object of lists of scopes", describe(value));
  }
  const narrower = new Map(
    Object.entries(value).map(([scope, list]) => [scope, requireScopes("scopeHierarchy", list)]),
  );
  const broader = new Map<string, string[]>();
  for (const [scope, list] of narrower) {
    const unknown = [scope, ...list].find((name) => !known.has(name));
    if (unknown !== undefined) {
      const rule = "made of scopes that scopesSupported, requiredScopes or operations name";
      throw badOption("scopeHierarchy", rule, `${describe(unknown)} in it`);
    }
    for (const below of descend(scope, narrower)) {
      broader.set(below, [...broader.get(below) ?? [], scope]);
    }
  }
  return broader;
}

/**
 * Creates the check whether granted scopes are enough for a needed one.
 *
 * @param hierarchy Which scopes stand for which.
 * @returns The check. Names match exactly, as PropelAuth's do.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization | MCP Authorization, Step-Up}
 */
export function createHoldsScope(hierarchy: ScopeHierarchy): HoldsScope {
  return (granted, needed) =>
    granted.includes(needed) ||
    (hierarchy.get(needed)?.some((scope) => granted.includes(scope)) ?? false);
}

/** All that a scope includes, itself not among it. */
function descend(top: string, narrower: ReadonlyMap<string, readonly string[]>): Set<string> {
  const below = new Set<string>();
  const open = [...narrower.get(top) ?? []];
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (scope === top) {
      throw badOption("scopeHierarchy", "free of cycles", `${describe(top)} within itself`);
    }
    if (below.has(scope)) continue;
    below.add(scope);
    open.push(...narrower.get(scope) ?? []);
  }
  return below;
}
