import assert from "node:assert/strict";
import { test } from "node:test";
import type { Target } from "../../src/operations/calls.ts";
import { resolveOperations } from "../../src/operations/rules.ts";
import { createRuleFinder } from "../../src/operations/rule_finder.ts";

const OPERATIONS = resolveOperations({
  tools: { hello: ["tool"] },
  prompts: { greet: ["prompt"] },
  resources: { "note://{id}": ["note"], "note://1": ["first"] },
  methods: { "tools/call": ["call"], "tasks/list": ["tasks"] },
});

const target = (kind: Target["kind"], name: string): Target => ({
  kind,
  name,
  arguments: { a: 1 },
});

/** What is found when the unknown is allowed, and whether it is found when the unknown is refused. */
const CALLS: [method: string, targets: Target[], scopes: string[], known: boolean][] = [
  ["tools/call", [target("tools", "hello")], ["call", "tool"], true],
  ["tools/call", [target("tools", "other")], ["call"], false],
  // Full-width letters, as which some servers would find the tool.
  ["tools/call", [target("tools", "\uff48ello")], ["call", "tool"], false],
  ["prompts/get", [target("prompts", "greet")], ["prompt"], true],
  ["resources/read", [target("resources", "note://1")], ["note", "first"], true],
  ["resources/read", [target("resources", "note://2")], ["note"], true],
  ["resources/read", [target("resources", "file://2")], [], false],
  ["resources/read", [target("resources", "note://2"), target("resources", "x:")], ["note"], false],
  ["tasks/list", [], ["tasks"], true],
  ["initialize", [], [], true],
  ["notifications/initialized", [], [], true],
  ["tasks/cancel", [], [], false],
];

for (const [method, targets, scopes, known] of CALLS) {
  const of = targets.map(({ name }) => name).join(" and ");
  test(`findForCall() of ${method} ${of} finds [${scopes}], ${known ? "known" : "unknown"}`, () => {
    const found = createRuleFinder(OPERATIONS, false).findForCall({ method, targets });
    assert.deepEqual(found?.map(({ rule }) => rule.scopes), scopes.map((scope) => [[scope]]));
    const strict = createRuleFinder(OPERATIONS, true).findForCall({ method, targets });
    assert.deepEqual(strict, known ? found : undefined);
  });
}

test("findForTarget() tells a rule the operation with its arguments, or the variables of a template", () => {
  const { findForTarget } = createRuleFinder(OPERATIONS, false);
  const operationOf = (kind: Target["kind"], name: string) =>
    findForTarget("m", target(kind, name))?.map(({ operation }) => operation);
  assert.deepEqual(operationOf("tools", "hello"), [
    { method: "m", name: "hello", arguments: { a: 1 } },
  ]);
  assert.deepEqual(operationOf("resources", "note://2"), [
    { method: "m", name: "note://2", arguments: { id: "2" } },
  ]);
});
