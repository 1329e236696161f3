/**
 * Which rules an operation meets, under whatever name a server would find it. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { Call, Target } from "./calls.ts";
import type { ResolvedOperations, Rule } from "./rules.ts";
import type { Operation } from "./operations.ts";
import { readingsOf } from "./uri_template.ts";

/** A rule, and the operation as that rule knows it. */
export interface FoundRule {
  readonly rule: Rule;
  readonly operation: Operation;
}

/** Finds rules; `undefined` when what is asked for is unknown, and the unknown is refused. */
export interface RuleFinder {
  /** The rules for all that a call asks for. */
  findForCall(call: Call): FoundRule[] | undefined;
  /** The rules for one target of a method. */
  findForTarget(method: string, target: Target): FoundRule[] | undefined;
}

/** What a client needs to find its way, and what is judged by its targets. The rest is unknown. */
const PROTOCOL =
  /^(initialize|ping|server\/discover|notifications\/.*|(tools|prompts|resources|resources\/templates)\/list|logging\/setLevel|subscriptions\/listen)$/s;

/**
 * Creates a finder.
 *
 * @param operations The checked rules.
 * @param deny Whether what is in no rule is refused.
 * @returns The finder.
 */
export function createRuleFinder(operations: ResolvedOperations, deny: boolean): RuleFinder {
  const lookalikes = { tools: foldNames(operations.tools), prompts: foldNames(operations.prompts) };

  function findForTarget(
    method: string,
    { kind, name, arguments: args }: Target,
  ): FoundRule[] | undefined {
    if (kind === "resources") return findResourceRules(method, name);
    const rule = operations[kind].get(name);
    if (rule !== undefined) return [{ rule, operation: { method, name, arguments: args } }];
    if (deny) return undefined;
    // A server that folds Unicode would find the tool under this name as well.
    const rules = lookalikes[kind].get(name.normalize("NFKC")) ?? [];
    return rules.map((rule) => ({ rule, operation: { method, name, arguments: args } }));
  }

  function findResourceRules(method: string, uri: string): FoundRule[] | undefined {
    const { spellings, others } = readingsOf(uri);
    const found: FoundRule[] = [];
    const find = (name: string): boolean => {
      const before = found.length;
      for (const { match, rule } of operations.resources) {
        const variables = match(name);
        if (variables) found.push({ rule, operation: { method, name, arguments: variables } });
      }
      return found.length > before;
    };
    const known = [...spellings].map(find).every(Boolean);
    others.forEach(find);
    return known || !deny ? found : undefined;
  }

  function findForCall({ method, targets }: Call): FoundRule[] | undefined {
    const rule = operations.methods.get(method);
    const operation = { method, name: method, arguments: {} };
    const found: FoundRule[] = rule === undefined ? [] : [{ rule, operation }];
    if (targets.length === 0) {
      return rule !== undefined || !deny || PROTOCOL.test(method) ? found : undefined;
    }
    for (const target of targets) {
      const rules = findForTarget(method, target);
      if (rules === undefined) return undefined;
      found.push(...rules);
    }
    return found;
  }

  return { findForCall, findForTarget };
}

function foldNames(rules: ReadonlyMap<string, Rule>): Map<string, Rule[]> {
  const folded = new Map<string, Rule[]>();
  for (const [name, rule] of rules) {
    const key = name.normalize("NFKC");
    folded.set(key, [...folded.get(key) ?? [], rule]);
  }
  return folded;
}
