/**
 * Decides which operations a caller may use, and which entries of a list it may see. Pure: no clock,
 * no network.
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";
import type { Call } from "./calls.ts";
import { type List, LISTS, nameOf } from "./lists.ts";
import {
  type Alternatives,
  type ResolvedOperations,
  resolveRequirement,
  type Rule,
} from "./rules.ts";
import { refuseAs } from "../lib/broken_rule.ts";
import { describe } from "../lib/check_option.ts";
import type { Operation } from "./operations.ts";
import { createRuleFinder, type FoundRule } from "./rule_finder.ts";
import { holdsAll, type HoldsScope } from "../oauth/scope_hierarchy.ts";

/** The rules, and how scopes are compared. */
interface OperationPolicyOptions {
  readonly operations: ResolvedOperations;
  readonly defaultOperation: "allow" | "deny";
  readonly requiredScopes: readonly string[];
  readonly holdsScope: HoldsScope;
}

/** The decision about all operations of one request. */
export type OperationVerdict =
  | {
    readonly kind: "allowed";
    /** Whether the token has to be introspected now. */
    readonly fresh: boolean;
    /** The lists in the answer that depend on the caller; `undefined`: nothing in it does. */
    readonly lists: readonly List[] | undefined;
  }
  /** No rule is for the operation, so no scope would help. */
  | { readonly kind: "unknown"; readonly name: string }
  | {
    readonly kind: "scope_missing";
    /** All that the request needs, `requiredScopes` included. */
    readonly scopes: readonly string[];
    /** The first operation that needs a scope that the caller lacks. */
    readonly lacking: Pick<Operation, "method" | "name">;
  };

/** The policy of one MCP server. */
export interface OperationPolicy {
  /** Judges all calls of one request together. */
  judge(calls: readonly Call[], caller: AccessToken): OperationVerdict;
  /** Whether an entry of a list is shown to a caller. */
  isListed(list: List, entry: unknown, caller: AccessToken): boolean;
  /** The lists that depend on the caller. */
  readonly lists: readonly List[];
}

const ALL_ALLOWED: OperationVerdict = { kind: "allowed", fresh: false, lists: undefined };

/** MCP 2026-07-28, Caching: the methods whose results say for how long, and for whom, they may be kept. */
const CACHEABLE = [...LISTS.map(({ method }) => method), "resources/read", "server/discover"];

/** The method by which an entry of a list is used. */
const USES = { tools: "tools/call", prompts: "prompts/get", resources: "resources/read" } as const;

/**
 * Creates a policy.
 *
 * @param options Checked options.
 * @returns The policy. `judge` throws the error that a function among the rules throws, and a
 * `TypeError` when such a function does not return scopes.
 */
export function createOperationPolicy(options: OperationPolicyOptions): OperationPolicy {
  const { operations, requiredScopes, holdsScope } = options;
  const deny = options.defaultOperation === "deny";
  const { findForCall, findForTarget } = createRuleFinder(operations, deny);

  /** The first of the alternatives that lack the fewest scopes; `undefined` without alternatives. */
  function choose(alternatives: Alternatives, { scopes: granted }: AccessToken) {
    let best: { scopes: readonly string[]; lacking: number } | undefined;
    for (const scopes of alternatives) {
      const lacking = scopes.filter((scope) => !holdsScope(granted, scope)).length;
      if (best === undefined || lacking < best.lacking) best = { scopes, lacking };
    }
    return best;
  }

  function isSatisfied({ rule, operation }: FoundRule, caller: AccessToken): boolean {
    // By a loop, since a list of a thousand entries asks this a thousand times.
    for (const scopes of scopesOf(rule, operation, caller)) {
      if (holdsAll(holdsScope, caller.scopes, scopes)) return true;
    }
    return false;
  }

  function isListedBy(found: FoundRule, caller: AccessToken): boolean {
    const { listed } = found.rule;
    if (listed !== "permitted") return listed === "always";
    try {
      return isSatisfied(found, caller);
    } catch {
      // A function that throws for an entry of a list hides the entry.
      return false;
    }
  }

  function isPersonal(list: List): boolean {
    return deny || [...operations[list.kind]].length > 0 || operations.methods.has(USES[list.kind]);
  }

  const lists = LISTS.filter(isPersonal);
  /** Without a rule, as for the option `audit` alone, all calls pass. */
  const hasRules = lists.length > 0 || operations.methods.size > 0;

  return {
    lists,
    judge(calls: readonly Call[], caller: AccessToken): OperationVerdict {
      if (!hasRules) return ALL_ALLOWED;
      const needed = new Set(requiredScopes);
      let lacking: Pick<Operation, "method" | "name"> | undefined;
      let fresh = false;
      let depends = false;
      const settled = new Set<Rule>();
      for (const call of calls) {
        const found = findForCall(call, settled);
        if (found === undefined) {
          return { kind: "unknown", name: call.targets[0]?.name ?? call.method };
        }
        for (const { rule, operation } of found) {
          const chosen = choose(scopesOf(rule, operation, caller), caller);
          for (const scope of chosen?.scopes ?? []) needed.add(scope);
          if (chosen?.lacking !== 0) {
            lacking ??= named(call, operation);
          }
          fresh ||= rule.fresh;
          depends ||= typeof rule.scopes === "function" || chosen?.scopes.length !== 0;
        }
      }
      if (lacking) return { kind: "scope_missing", scopes: [...needed], lacking };
      const asks = (method: string) => calls.some((call) => call.method === method);
      const asked = lists.filter(({ method }) => asks(method));
      const personal = depends && CACHEABLE.some(asks);
      return { kind: "allowed", fresh, lists: personal || asked.length > 0 ? asked : undefined };
    },
    isListed(list: List, entry: unknown, caller: AccessToken): boolean {
      const { method, kind } = list;
      const name = nameOf(list, entry);
      if (name === undefined) return !deny;
      const found = findForTarget(method, { kind, name, arguments: {} });
      if (found === undefined) return !deny;
      for (const one of found) if (!isListedBy(one, caller)) return false;
      const ofAll = operations.methods.get(USES[kind]);
      return ofAll === undefined ||
        isListedBy({ rule: ofAll, operation: { method, name, arguments: {} } }, caller);
    },
  };
}

/** The rule of a method is for all targets of the call. */
function named({ method, targets }: Call, { name }: Operation) {
  return { method, name: name === method ? targets[0]?.name ?? method : name };
}

function scopesOf({ scopes }: Rule, operation: Operation, caller: AccessToken): Alternatives {
  if (typeof scopes !== "function") return scopes;
  const given = scopes(operation, caller);
  const { method, name } = operation;
  const option = `the result of the function for ${method}${name ? ` ${describe(name)}` : ""}`;
  return refuseAs(
    "Cannot judge a call",
    () => resolveRequirement(option, given, "a list of scopes, or { anyOf }"),
  );
}
