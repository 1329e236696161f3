/**
 * Scopes that include others. Pure: no clock, no network.
 *
 * @module
 */

import { BrokenRule } from "../lib/broken_rule.ts";
import { describe, requireScopes } from "../lib/check_option.ts";
import { isObject } from "../lib/json.ts";

/** Whether granted scopes are enough for one that is needed. */
export type HoldsScope = (granted: readonly string[], needed: string) => boolean;

/**
 * Checks the option `scopeHierarchy`, and creates the check whether granted scopes are enough for a
 * needed one.
 *
 * @param hierarchy The option: for each broader scope those that it includes, directly.
 * @param known The scopes that the other options name; any other name is a mistake.
 * @returns The check. Names match exactly, as PropelAuth's do.
 * @throws {BrokenRule} It is not an object of lists of scopes, has a cycle, or names an unknown scope.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization | MCP Authorization, Step-Up}
 */
export function createHoldsScope(hierarchy: unknown, known: ReadonlySet<string>): HoldsScope {
  const broader = findBroader(hierarchy, known);
  return (granted, needed) =>
    granted.includes(needed) ||
    (broader.get(needed)?.some((scope) => granted.includes(scope)) ?? false);
}

/**
 * Tells whether granted scopes are enough for all that are needed.
 *
 * @param holdsScope The check of one scope.
 * @param granted The scopes that a caller has.
 * @param needed The scopes that it needs.
 * @returns Whether it lacks none of them.
 */
export function holdsAll(
  holdsScope: HoldsScope,
  granted: readonly string[],
  needed: readonly string[],
): boolean {
  // A loop, since a frozen list has no fast `every`.
  for (const scope of needed) if (!holdsScope(granted, scope)) return false;
  return true;
}

/** For each narrower scope all those that are broader, directly or by way of others. */
function findBroader(
  hierarchy: unknown,
  known: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  if (!isObject(hierarchy)) {
    throw new BrokenRule("scopeHierarchy", "an object of lists of scopes", describe(hierarchy));
  }
  const narrower = new Map(
    Object.entries(hierarchy).map((
      [scope, list],
    ) => [scope, requireScopes("scopeHierarchy", list)]),
  );
  const broader = new Map<string, string[]>();
  for (const [scope, list] of narrower) {
    const unknown = [scope, ...list].find((name) => !known.has(name));
    if (unknown !== undefined) {
      const rule = "an object of scopes that scopesSupported, requiredScopes or operations name";
      throw new BrokenRule("scopeHierarchy", rule, `${describe(unknown)} in it`);
    }
    for (const below of descend(scope, narrower)) {
      broader.set(below, [...broader.get(below) ?? [], scope]);
    }
  }
  return broader;
}

/** All that a scope includes, the scope itself excepted. */
function descend(top: string, narrower: ReadonlyMap<string, readonly string[]>): Set<string> {
  const below = new Set<string>();
  const open = [...narrower.get(top) ?? []];
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (scope === top) {
      throw new BrokenRule("scopeHierarchy", "free of cycles", `${describe(top)} within itself`);
    }
    if (below.has(scope)) continue;
    below.add(scope);
    open.push(...narrower.get(scope) ?? []);
  }
  return below;
}
