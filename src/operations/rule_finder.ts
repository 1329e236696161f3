/**
 * Finds the rules for an operation, under each name by which a server might find it. Pure: no clock,
 * no network.
 *
 * @module
 */

import type { Call, Target } from "./calls.ts";
import type { ResolvedOperations, Rule } from "./rules.ts";
import type { Operation } from "./operations.ts";
import { readingsOf } from "./uri_template.ts";

/** A rule, and the operation as that rule's function receives it. */
export interface FoundRule {
  readonly rule: Rule;
  readonly operation: Operation;
}

/**
 * Finds rules. `undefined`: the operation is in no rule, and unknown operations are refused.
 *
 * `settled` are the rules that need not be found again. Every found rule whose scopes do not depend on
 * the operation is added to it, so that a request with many URIs meets such a rule once.
 */
interface RuleFinder {
  /** The rules for everything that a call asks for. */
  findForCall(call: Call, settled: Set<Rule>): FoundRule[] | undefined;
  /** The rules for one target of a method. */
  findForTarget(method: string, target: Target, settled?: Set<Rule>): FoundRule[] | undefined;
}

/** Methods that a client needs to connect and to list, or that are judged by their targets. */
const PROTOCOL =
  /^(initialize|ping|server\/discover|notifications\/.*|(tools|prompts|resources|resources\/templates)\/list|logging\/setLevel|subscriptions\/listen)$/s;

/** Creates a finder; with `deny` it refuses an operation that is in no rule. */
export function createRuleFinder(operations: ResolvedOperations, deny: boolean): RuleFinder {
  const findFolded = {
    tools: createFoldedNames(operations.tools),
    prompts: createFoldedNames(operations.prompts),
  };
  const findTemplates = createTemplateIndex(operations.resources);

  function findForTarget(
    method: string,
    { kind, name, arguments: args }: Target,
    settled?: Set<Rule>,
  ): FoundRule[] | undefined {
    if (kind === "resources") return findResourceRules(method, name, settled ?? new Set());
    const rule = operations[kind].get(name);
    if (rule !== undefined) return [{ rule, operation: { method, name, arguments: args } }];
    if (deny) return undefined;
    // A server that folds Unicode would find the tool under this name as well.
    const rules = findFolded[kind](name);
    return rules.map((rule) => ({ rule, operation: { method, name, arguments: args } }));
  }

  function findResourceRules(
    method: string,
    uri: string,
    settled: Set<Rule>,
  ): FoundRule[] | undefined {
    const { spellings, others } = readingsOf(uri);
    const found: FoundRule[] = [];
    /** Adds the rules for one reading; with `mustKnow` it returns whether there is any. */
    const find = (name: string, mustKnow: boolean, isDecoded = false): boolean => {
      let isKnown = !mustKnow;
      for (const { template, rule } of findTemplates(name, mustKnow ? NONE : settled)) {
        if (isKnown && settled.has(rule)) continue;
        const variables = isDecoded ? template.matchDecoded(name) : template.match(name);
        if (variables === undefined) continue;
        isKnown = true;
        if (settled.has(rule)) continue;
        found.push({ rule, operation: { method, name, arguments: variables } });
        if (typeof rule.scopes !== "function") settled.add(rule);
      }
      return isKnown;
    };
    for (const spelling of spellings) if (!find(spelling, deny)) return undefined;
    for (const other of others) find(other, false, true);
    return found;
  }

  function findForCall(
    { method, targets }: Call,
    settled: Set<Rule>,
  ): FoundRule[] | undefined {
    const rule = operations.methods.get(method);
    const operation = { method, name: method, arguments: {} };
    const found: FoundRule[] = rule === undefined ? [] : [{ rule, operation }];
    if (targets.length === 0) {
      return rule !== undefined || !deny || PROTOCOL.test(method) ? found : undefined;
    }
    for (const target of targets) {
      const rules = findForTarget(method, target, settled);
      if (rules === undefined) return undefined;
      found.push(...rules);
    }
    return found;
  }

  return { findForCall, findForTarget };
}

/** Creates the search for rules whose name is another Unicode form of a name (NFKC). */
function createFoldedNames(
  rules: ReadonlyMap<string, Rule>,
): (name: string) => readonly Rule[] {
  const folded = new Map<string, Rule[]>();
  let longest = 0;
  for (const [name, rule] of rules) {
    const key = name.normalize("NFKC");
    folded.set(key, [...folded.get(key) ?? [], rule]);
    // Decomposed, each character of a name stays at least one unit, and it had two at most. So no
    // name of more than twice the units of a decomposed name is another form of it.
    longest = Math.max(longest, 2 * name.normalize("NFKD").length);
  }
  // Folding costs the square of the length. Printable ASCII has no other form.
  return (name) =>
    name.length > longest ? [] : folded.get(isAscii(name) ? name : name.normalize("NFKC")) ?? [];
}

function isAscii(name: string): boolean {
  return !/[^\x20-\x7e]/.test(name);
}

type ResourceRules = ResolvedOperations["resources"];
const NONE: ReadonlySet<Rule> = new Set();

/**
 * Creates the search for templates that begin and end as a URI does, in the order of the rules and
 * without those of `settled` rules. It takes as long for a thousand templates as for one, unless many
 * begin and end alike.
 */
function createTemplateIndex(
  resources: ResourceRules,
): (uri: string, settled: ReadonlySet<Rule>) => ResourceRules {
  const byPrefix = createTextMap<TextMap<number[]>>();
  resources.forEach(({ template }, index) => {
    for (const { prefix, suffix } of template.ends) {
      const bySuffix = byPrefix.ensure(prefix, () => createTextMap());
      bySuffix.ensure(suffix, () => []).push(index);
    }
  });
  return (uri, settled) => {
    const found = new Set<number>();
    for (const prefixLength of byPrefix.lengths) {
      const bySuffix = byPrefix.get(uri.slice(0, prefixLength));
      for (const suffixLength of bySuffix?.lengths ?? []) {
        // Not slice(-length), which for 0 would be the whole URI.
        const suffix = uri.slice(Math.max(0, uri.length - suffixLength));
        for (const index of bySuffix?.get(suffix) ?? []) {
          const rule = resources[index]?.rule;
          if (rule !== undefined && !settled.has(rule)) found.add(index);
        }
      }
    }
    return [...found].sort((a, b) => a - b).flatMap((index) => resources[index] ?? []);
  };
}

/** A Map that knows the lengths of its keys, so that one can look for all beginnings of a text. */
interface TextMap<V> {
  readonly lengths: ReadonlySet<number>;
  get(key: string): V | undefined;
  ensure(key: string, create: () => V): V;
}

function createTextMap<V>(): TextMap<V> {
  const values = new Map<string, V>();
  const lengths = new Set<number>();
  return {
    lengths,
    get: (key) => values.get(key),
    ensure(key, create) {
      const value = values.get(key) ?? create();
      values.set(key, value);
      lengths.add(key.length);
      return value;
    },
  };
}
