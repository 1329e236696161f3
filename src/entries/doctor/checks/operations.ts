/**
 * Judges whether each rule of `operations` matches something that the server lists. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { AccessToken } from "../../../oauth/access_token.ts";
import { nearestName } from "../../../lib/nearest_name.ts";
import { LISTS } from "../../../operations/lists.ts";
import { createOperationPolicy } from "../../../operations/policy.ts";
import type { ReadList } from "../../../operations/read_lists.ts";
import { createRuleMatcher, type NamedRule } from "../../../operations/rule_matcher.ts";
import type { ResolvedOperations, Rule } from "../../../operations/rules.ts";
import type { ResolvedOptions } from "../../../options/resolve_options.ts";
import { ok, type Outcome, skipped, warning } from "../report.ts";
import { foreign, say, type Words } from "../show.ts";

/**
 * Judges the rules.
 *
 * A server shows each caller its own lists, so only the rules whose operations this caller would see
 * are judged.
 *
 * @param operations The rules.
 * @param options How scopes are compared.
 * @param caller The token that the lists were asked for with.
 * @param lists The lists by method.
 * @returns The outcome: a warning names the first rule that matches nothing.
 */
export function judgeOperations(
  operations: ResolvedOperations,
  options: Pick<ResolvedOptions, "defaultOperation" | "requiredScopes" | "holdsScope">,
  caller: AccessToken,
  lists: ReadonlyMap<string, ReadList>,
): Outcome {
  const names = new Map<string, readonly string[]>();
  for (const { method } of LISTS) {
    const list = lists.get(method) ?? { fault: "it was not asked for" };
    if ("fault" in list) return skipped(`${method} could not be read: ${list.fault}`);
    names.set(method, list.names);
  }
  const { rules, find } = createRuleMatcher(operations, options.defaultOperation === "deny");
  const matched = new Set<Rule>();
  for (const list of LISTS) {
    for (const name of names.get(list.method) ?? []) {
      for (const rule of find(list, name)) matched.add(rule);
    }
  }
  const { isListed } = createOperationPolicy({ ...options, operations });
  const isVisible = ({ kind, name }: NamedRule): boolean =>
    LISTS.some((list) => list.kind === kind && isListed(list, { [list.key]: name }, caller));
  const unmatched = rules.filter(({ rule }) => !matched.has(rule));
  const wrong = unmatched.filter(isVisible);
  const [first] = wrong;
  if (first === undefined) {
    const hidden = unmatched.length;
    const rest = hidden === 0
      ? ""
      : `; ${hidden} cannot be judged, since lists hide them from this token`;
    return ok(`${rules.length - hidden} of ${rules.length} rules match what is listed${rest}`);
  }
  const listed = LISTS.filter(({ kind }) => kind === first.kind)
    .flatMap(({ method }) => names.get(method) ?? []);
  const nearest = nearestName(first.name, listed);
  const more = wrong.length === 1 ? "" : ` (and of ${wrong.length - 1} more)`;
  const remedy: Words = nearest === undefined
    ? "It protects nothing: correct its name."
    : say`It protects nothing: correct its name; the nearest is ${foreign(nearest)}.`;
  return warning(
    say`nothing is listed for the rule of ${first.kind} ${foreign(first.name)}${more}`,
    remedy,
  );
}
