/**
 * Checks the option `operations`, and puts its rules into one form. Pure: no clock, no network.
 *
 * @module
 */

import { isObject } from "../lib/json.ts";
import { BrokenRule } from "../lib/broken_rule.ts";
import { describe, requireBoolean, requireMembers, requireScopes } from "../lib/check_option.ts";
import type { OperationRule, OperationRules, ScopesOf } from "./operations.ts";
import { compileUriTemplate, type UriTemplate } from "./uri_template.ts";

/** Lists of scopes: a caller needs all scopes of one list. */
export type Alternatives = readonly (readonly string[])[];

/** In whose lists an operation is. */
type Listing = NonNullable<OperationRules["listed"]>;

/** A checked rule. */
export interface Rule {
  readonly scopes: Alternatives | ScopesOf;
  readonly fresh: boolean;
  readonly listed: Listing;
}

/** Checked rules. */
export interface ResolvedOperations {
  readonly tools: ReadonlyMap<string, Rule>;
  readonly prompts: ReadonlyMap<string, Rule>;
  readonly methods: ReadonlyMap<string, Rule>;
  /** `name`: the URI or the template, as it was given. */
  readonly resources: readonly {
    readonly name: string;
    readonly template: UriTemplate;
    readonly rule: Rule;
  }[];
  /** Every scope that a rule names, functions excepted. */
  readonly scopes: ReadonlySet<string>;
  /** The scopes among them of methods, and of the operations that a list may show. */
  readonly visibleScopes: ReadonlySet<string>;
}

const GROUPS = ["tools", "resources", "prompts", "methods"] as const;
const RULE = "a list of scopes, { anyOf }, a function, or an object with at least one of scopes, " +
  "fresh, listed";
const LISTINGS: readonly unknown[] = ["always", "permitted", "never"] satisfies Listing[];

/**
 * Checks the option `operations`.
 *
 * @param value The option.
 * @returns The rules, keeping nothing of what was given but functions.
 * @throws {BrokenRule} A member is unknown, an entry is not a rule, or a key of `resources` is not a
 * URI template.
 */
export function resolveOperations(value: OperationRules): ResolvedOperations {
  requireMembers("operations", value, [...GROUPS, "listed"]);
  const scopes = new Set<string>();
  const visibleScopes = new Set<string>();
  const listed = resolveListing("operations.listed", value.listed, "permitted");
  const group = (name: typeof GROUPS[number]): Map<string, Rule> => {
    const { [name]: rules = {} } = value;
    // The entries of a Map are not its members: it would pass for no rules at all.
    if (!isObject(rules) || Symbol.iterator in rules) {
      throw new BrokenRule(`operations.${name}`, "an object of rules", describe(rules));
    }
    return new Map(
      Object.entries(rules).map(([key, rule]) => {
        const resolved = resolveRule(`operations.${name}[${describe(key)}]`, rule, listed);
        if (typeof resolved.scopes !== "function") {
          const isVisible = name === "methods" || resolved.listed !== "never";
          for (const scope of resolved.scopes.flat()) {
            scopes.add(scope);
            if (isVisible) visibleScopes.add(scope);
          }
        }
        return [key, resolved];
      }),
    );
  };
  const resources = [...group("resources")].map(([name, rule]) => {
    const template = compileUriTemplate(name);
    if (template !== undefined) return { name, template, rule };
    throw new BrokenRule("operations.resources", "by URI or URI template", describe(name));
  });
  return {
    tools: group("tools"),
    prompts: group("prompts"),
    methods: group("methods"),
    resources,
    scopes,
    visibleScopes,
  };
}

/**
 * Puts a requirement into one form.
 *
 * @param name The name for an error.
 * @param value The requirement of a rule, or the result of its function.
 * @param rule The forms that are taken here, for an error.
 * @returns The alternatives; a list is the only one.
 * @throws {BrokenRule} It is not a requirement, or names `offline_access`.
 */
export function resolveRequirement(
  name: string,
  value: unknown,
  rule: string = RULE,
): Alternatives {
  if (Array.isArray(value)) return [requireScopes(name, value)];
  if (!isObject(value) || !("anyOf" in value)) {
    throw new BrokenRule(name, rule, describe(value));
  }
  requireMembers(name, value, ["anyOf"]);
  const { anyOf } = value;
  if (!Array.isArray(anyOf)) throw new BrokenRule(`${name}.anyOf`, "a list", describe(anyOf));
  return anyOf.map((one) => requireScopes(`${name}.anyOf`, typeof one === "string" ? [one] : one));
}

function resolveRule(name: string, value: OperationRule, listed: Listing): Rule {
  if (typeof value !== "object" || value === null || Array.isArray(value) || "anyOf" in value) {
    return { scopes: resolveScopes(name, value), fresh: false, listed };
  }
  // The type of a read-only array survives Array.isArray().
  requireMembers(name, value, ["scopes", "fresh", "listed"]);
  if (!("scopes" in value || "fresh" in value || "listed" in value)) {
    throw new BrokenRule(name, RULE, describe(value));
  }
  const { fresh = false } = value;
  return {
    // Scopes that are given as `undefined` are a mistake: without scopes, everybody may call.
    scopes: "scopes" in value ? resolveScopes(`${name}.scopes`, value.scopes) : [[]],
    fresh: requireBoolean(`${name}.fresh`, fresh),
    listed: resolveListing(`${name}.listed`, value.listed, listed),
  };
}

function resolveScopes(name: string, value: unknown): Alternatives | ScopesOf {
  // Its result is checked when it is called.
  if (typeof value === "function") return value as ScopesOf;
  const alternatives = resolveRequirement(name, value);
  if (alternatives.length > 0) return alternatives;
  throw new BrokenRule(`${name}.anyOf`, "a list that is not empty", "an array of 0");
}

function resolveListing(name: string, value: Listing | undefined, byDefault: Listing): Listing {
  if (value === undefined) return byDefault;
  if (LISTINGS.includes(value)) return value;
  throw new BrokenRule(name, '"always", "permitted" or "never"', describe(value));
}
