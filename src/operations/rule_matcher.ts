/**
 * Finds the rules that an entry of a list belongs to. Pure: no clock, no network.
 *
 * @module
 */

import type { Target } from "./calls.ts";
import type { List } from "./lists.ts";
import { createRuleFinder } from "./rule_finder.ts";
import type { ResolvedOperations, Rule } from "./rules.ts";
import { compileUriTemplate } from "./uri_template.ts";

/** A rule for tools, prompts or resources. */
export interface NamedRule {
  readonly kind: Target["kind"];
  /** The key of the rule. */
  readonly name: string;
  readonly rule: Rule;
}

/** The rules of one MCP server that lists can be compared with. */
interface RuleMatcher {
  /** All of them; rules for methods are in no list. */
  readonly rules: readonly NamedRule[];
  /** Finds the rules that an entry of a list belongs to, by the entry's name. */
  find(list: List, name: string): readonly Rule[];
}

/** Creates a matcher; `deny` tells whether an operation that is in no rule is refused. */
export function createRuleMatcher(operations: ResolvedOperations, deny: boolean): RuleMatcher {
  const rules = listRules(operations);
  const { findForTarget } = createRuleFinder(operations, deny);
  return {
    rules,
    find({ method, kind, key }, name) {
      const found = findForTarget(method, { kind, name, arguments: {} }, new Set()) ?? [];
      const direct = found.map(({ rule }) => rule);
      if (key !== "uriTemplate") return direct;
      // A template of the server also offers the single URIs that rules name.
      const template = compileUriTemplate(name);
      const offered = rules.filter((named) =>
        named.kind === "resources" && template?.match(named.name) !== undefined
      );
      return [...direct, ...offered.map(({ rule }) => rule)];
    },
  };
}

function listRules({ tools, prompts, resources }: ResolvedOperations): NamedRule[] {
  const named = (kind: "tools" | "prompts", group: ReadonlyMap<string, Rule>): NamedRule[] =>
    [...group].map(([name, rule]) => ({ kind, name, rule }));
  return [
    ...named("tools", tools),
    ...named("prompts", prompts),
    ...resources.map(({ name, rule }) => ({ kind: "resources" as const, name, rule })),
  ];
}
