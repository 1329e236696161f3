import assert from "node:assert/strict";
import { test } from "node:test";
import type { Target } from "../../src/operations/calls.ts";
import { resolveOperations, type Rule } from "../../src/operations/rules.ts";
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

/** The rules found with defaultOperation "allow", and whether "deny" knows the operation. */
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
    const found = createRuleFinder(OPERATIONS, false).findForCall({ method, targets }, new Set());
    assert.deepEqual(found?.map(({ rule }) => rule.scopes), scopes.map((scope) => [[scope]]));
    const strict = createRuleFinder(OPERATIONS, true).findForCall({ method, targets }, new Set());
    assert.deepEqual(strict, known ? found : undefined);
  });
}

test("findForTarget() gives a rule the operation with its arguments, or the variables of a template", () => {
  const { findForTarget } = createRuleFinder(OPERATIONS, false);
  const operationOf = (kind: Target["kind"], name: string) =>
    findForTarget("m", target(kind, name), new Set())?.map(({ operation }) => operation);
  assert.deepEqual(operationOf("tools", "hello"), [
    { method: "m", name: "hello", arguments: { a: 1 } },
  ]);
  assert.deepEqual(operationOf("resources", "note://2"), [
    { method: "m", name: "note://2", arguments: { id: "2" } },
  ]);
});

/** The finder of rules for templates, and how many templates it has compared with a URI. */
function countMatches(templates: string[]) {
  const { resources, ...others } = resolveOperations({
    resources: Object.fromEntries(templates.map((template, index) => [template, [`${index}`]])),
  });
  const counted = { matches: 0, scopesOf };
  const watched = resources.map(({ template, ...rest }) => ({
    ...rest,
    template: {
      ...template,
      match(uri: string) {
        counted.matches++;
        return template.match(uri);
      },
    },
  }));
  const { findForTarget } = createRuleFinder({ ...others, resources: watched }, false);
  function scopesOf(uri: string, settled = new Set<Rule>()) {
    const found = findForTarget("resources/read", target("resources", uri), settled);
    return found?.map(({ rule }) => String(rule.scopes));
  }
  return counted;
}

test("findForTarget() compares a URI with the templates that begin and end as it does, of thousands", () => {
  const thousand = Array.from({ length: 1_000 }, (_, index) => index);
  const counted = countMatches(thousand.flatMap((n) => [
    `area-${n}://{id}`,
    `https://h/area/${n}/{+path}`,
    `note://{id}/part-${n}`,
    `note://list-${n}`,
  ]));
  assert.deepEqual(counted.scopesOf("area-7://1"), ["28"]);
  assert.deepEqual(counted.scopesOf("https://h/area/7/a/b"), ["29"]);
  assert.deepEqual(counted.scopesOf("note://1/part-7"), ["30"]);
  assert.deepEqual(counted.scopesOf("note://list-7"), ["31"]);
  assert.deepEqual(counted.scopesOf("other://1"), []);
  assert.equal(counted.matches, 4);
});

test("findForTarget() gives rules in the order in which they were written", () => {
  const { scopesOf } = countMatches(["n://{+a}", "n://{id}/z", "n://", "{+any}", "N://{id}/{b}"]);
  assert.deepEqual(scopesOf("n://1/z"), ["0", "1", "3", "4"]);
  assert.deepEqual(scopesOf("n://"), ["0", "2", "3"]);
  assert.deepEqual(scopesOf(""), ["3"]);
});

// Decomposed, the name of a rule can be longer than another form of it, and shorter.
for (const [name, asked] of [["\u1f82", "\u03b1\u0313\u0300\u0345"], ["a", "\u{1d41a}"]] as const) {
  test(`findForTarget() finds the rule for ${name} by ${JSON.stringify(asked)}, and the other way round`, () => {
    for (const [one, other] of [[name, asked], [asked, name]] as const) {
      const { findForTarget } = createRuleFinder(
        resolveOperations({ tools: { [one]: ["a"] } }),
        false,
      );
      assert.equal(findForTarget("tools/call", target("tools", other), new Set())?.length, 1);
    }
  });
}

test("findForCall() finds a rule once for many URIs, unless a function decides", () => {
  const seen = () => [];
  const uris = ["n://1", "n://2?a", "n://%33"].map((name) => target("resources", name));
  const call = { method: "resources/read", targets: uris };
  const find = (deny: boolean, settled = new Set<Rule>()) =>
    createRuleFinder(
      resolveOperations({ resources: { "n://{id}": ["a"], "n://{+all}": seen } }),
      deny,
    ).findForCall(call, settled)?.map(({ rule, operation }) =>
      rule.scopes === seen ? operation.name : "the rule with scopes"
    );
  const found = [
    "the rule with scopes",
    "n://1",
    "n://2?a",
    "n://2",
    "n://%33",
    "n://3",
  ];
  assert.deepEqual([find(false), find(true)], [found, found]);
});

test("findForCall() refuses an unknown URI among known ones whose rule is settled", () => {
  const operations = resolveOperations({ resources: { "n://{id}": ["a"] } });
  const { findForCall } = createRuleFinder(operations, true);
  const read = (...names: string[]) =>
    findForCall({
      method: "resources/read",
      targets: names.map((name) => target("resources", name)),
    }, new Set(operations.resources.map(({ rule }) => rule)));
  assert.deepEqual([read("n://1", "n://2"), read("n://1", "m://2")], [[], undefined]);
  assert.equal(read("n://1", "n://2/../3"), undefined);
});
