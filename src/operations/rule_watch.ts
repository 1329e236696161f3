/**
 * Watches the lists of an MCP server for rules that match nothing in them: a mistyped name. Pure: no
 * clock, no network.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { AccessToken } from "../oauth/access_token.ts";
import type { Target } from "./calls.ts";
import { isObject } from "../lib/json.ts";
import { nearestName } from "../lib/nearest_name.ts";
import { type List, LISTS, METHOD_NOT_FOUND, nameOf } from "./lists.ts";
import { createRuleMatcher, type NamedRule } from "./rule_matcher.ts";
import type { ResolvedOperations, Rule } from "./rules.ts";

/** A rule that matches nothing in a complete list. */
interface UnmatchedRule {
  readonly kind: Target["kind"];
  /** The key of the rule. */
  readonly name: string;
  /** The name in the list that is most like it. */
  readonly nearest: string | undefined;
}

/** Reads the messages of one answer. */
type ReadMessage = (message: unknown) => void;

/** The watch over the lists of one MCP server. */
export interface RuleWatch {
  /**
   * Begins to read the answer to a request.
   *
   * @param body The request's JSON; only a single request for a list is watched, no batch.
   * @param caller Whose list it is.
   * @returns A function for each message of the answer; `undefined` when no rule waits for that list.
   */
  watch(body: unknown, caller: AccessToken): ReadMessage | undefined;
  /** The rules that matched no entry of any list so far. */
  listUnmatched(): UnmatchedRule[];
}

/**
 * The test that is under way, if one is: it receives each watch that reads an answer. Kept in
 * asynchronous context, so that a router may stand between the test and the handler.
 */
export const watchTest: AsyncLocalStorage<(watch: RuleWatch) => void> = new AsyncLocalStorage();

/** How many unfinished walks through the pages of a list are remembered. */
const MAX_WALKS = 32;
/** How many names of one list are remembered, to suggest the nearest. */
const MAX_NAMES = 500;

/**
 * Creates a watch.
 *
 * A list is complete when one caller was sent all of its pages, from the first to one without
 * `nextCursor`. A rule for a resource can match in the list of resources or in that of templates, so
 * it is reported when both were complete. Each rule is reported once.
 *
 * @param operations The checked rules.
 * @param deny Whether an operation in no rule is refused.
 * @param report Receives each rule that matches nothing.
 * @returns The watch. Its memory is bounded.
 */
export function createRuleWatch(
  operations: ResolvedOperations,
  deny: boolean,
  report: (unmatched: UnmatchedRule) => void,
): RuleWatch {
  const { rules, find } = createRuleMatcher(operations, deny);
  const rulesFor = (kind: Target["kind"]) =>
    new Set(rules.filter((named) => named.kind === kind).map(({ rule }) => rule));
  /** Neither matched nor reported. By kind: each list asks whether one is left. */
  const pending: Record<Target["kind"], Set<Rule>> = {
    tools: rulesFor("tools"),
    prompts: rulesFor("prompts"),
    resources: rulesFor("resources"),
  };
  const matched = new Set<Rule>();
  /** By method: the names of the newest complete list. */
  const complete = new Map<string, readonly string[]>();
  /** The names on the pages so far, by the caller and the cursor of the next page. */
  const walks = new Map<string, readonly string[]>();

  function readPage(list: List, entries: readonly unknown[]): string[] {
    const names = entries.map((entry) => nameOf(list, entry))
      .filter((name) => name !== undefined);
    for (const rule of names.flatMap((name) => find(list, name))) {
      matched.add(rule);
      pending[list.kind].delete(rule);
    }
    return names;
  }

  function isComplete(kind: Target["kind"]): boolean {
    return LISTS.every((list) => list.kind !== kind || complete.has(list.method));
  }

  function describe({ kind, name }: NamedRule): UnmatchedRule {
    const names = LISTS.filter((list) => list.kind === kind)
      .flatMap(({ method }) => complete.get(method) ?? []);
    return { kind, name, nearest: nearestName(name, names) };
  }

  function end(list: List, names: readonly string[]): void {
    complete.set(list.method, names);
    if (!isComplete(list.kind)) return;
    for (const named of rules) {
      if (pending[list.kind].delete(named.rule)) report(describe(named));
    }
  }

  const self: RuleWatch = {
    watch(body, { clientId, subject }) {
      const list = isObject(body) && LISTS.find(({ method }) => method === body["method"]);
      if (!list) return undefined;
      const test = watchTest.getStore();
      if (test === undefined && pending[list.kind].size === 0) return undefined;
      test?.(self);
      const walk = (cursor: unknown) => JSON.stringify([clientId, subject, list.method, cursor]);
      const cursor = isObject(body["params"]) ? body["params"]["cursor"] : undefined;
      const before = cursor === undefined ? [] : walks.get(walk(cursor));
      return (message) => {
        if (!isObject(message)) return;
        const { result, error } = message;
        if (isObject(error) && error["code"] === METHOD_NOT_FOUND) return end(list, []);
        const entries: unknown = isObject(result) ? result[list.member] : undefined;
        if (!isObject(result) || !Array.isArray(entries)) return;
        const page = readPage(list, entries);
        // A page in the middle of an unknown walk still shows which rules match.
        if (before === undefined) return;
        const names = [...before, ...page].slice(0, MAX_NAMES);
        const next = result["nextCursor"];
        if (typeof next !== "string") return end(list, names);
        walks.set(walk(next), names);
        const [oldest] = walks.keys();
        if (walks.size > MAX_WALKS && oldest !== undefined) walks.delete(oldest);
      };
    },
    listUnmatched: () => rules.filter(({ rule }) => !matched.has(rule)).map(describe),
  };
  return self;
}
