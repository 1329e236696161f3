import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessToken } from "../../src/oauth/access_token.ts";
import type { Call } from "../../src/operations/calls.ts";
import { createOperationPolicy } from "../../src/operations/policy.ts";
import { resolveOperations } from "../../src/operations/rules.ts";
import type { OperationRules } from "../../src/operations/operations.ts";

// tests/behaviour/operations has the requests and responses.

const RULES: OperationRules = {
  tools: {
    read: ["r"],
    write: { scopes: ["w"], fresh: true },
    either: { anyOf: [["a", "b", "c"], ["a", "d"], "e"] },
    never: () => ({ anyOf: [] }),
    free: [],
  },
  resources: { "n://{id}": ["r"], "n://{org}/{id}": [], "n://{+all}": ["x"] },
  methods: { "tasks/list": { scopes: ["t"], fresh: true } },
};

// Only its scopes are looked at here.
const caller = (...scopes: string[]) => ({ scopes }) as unknown as AccessToken;
const create = (operations: OperationRules = RULES, requiredScopes: string[] = ["mcp"]) =>
  createOperationPolicy({
    operations: resolveOperations(operations),
    defaultOperation: "allow",
    requiredScopes,
    holdsScope: (granted, scope) => granted.includes(scope),
  });
const tool = (name: string): Call => ({
  method: "tools/call",
  targets: [{ kind: "tools", name, arguments: {} }],
});
const resource = (...uris: string[]): Call => ({
  method: "resources/read",
  targets: uris.map((name) => ({ kind: "resources", name, arguments: {} })),
});
const about = (method: string): Call => ({ method, targets: [] });

const allowed = { kind: "allowed", fresh: false, lists: undefined };
const lacking = (name: string, ...scopes: string[]) => ({
  kind: "scope_missing",
  scopes: ["mcp", ...scopes],
  lacking: { method: name.includes(":") ? "resources/read" : "tools/call", name },
});

const JUDGED: [what: string, calls: Call[], scopes: string[], verdict: unknown][] = [
  ["nothing at all", [], [], allowed],
  ["a tool", [tool("read")], ["r"], allowed],
  ["a tool that has to be fresh", [tool("write")], ["w"], { ...allowed, fresh: true }],
  ["two tools, one of which has to be", [tool("read"), tool("write")], ["r", "w"], {
    ...allowed,
    fresh: true,
  }],
  [
    "two tools, neither of which may be",
    [tool("read"), tool("write")],
    [],
    lacking("read", "r", "w"),
  ],
  [
    "two tools, one of which may be",
    [tool("read"), tool("write")],
    ["r"],
    lacking("write", "r", "w"),
  ],
  ["the alternative that lacks least", [tool("either")], ["d"], lacking("either", "a", "d")],
  [
    "the first of those that lack as much",
    [tool("either")],
    ["a", "b"],
    lacking("either", "a", "b", "c"),
  ],
  ["what nothing is enough for", [tool("never")], ["r", "w", "a"], lacking("never")],
  ["a resource of two templates", [resource("n://1")], ["r"], lacking("n://1", "r", "x")],
  ["resources, each by its own", [resource("m://1", "n://a/b")], ["x"], allowed],
  ["a method", [about("tasks/list")], ["t"], { ...allowed, fresh: true }],
];

for (const [what, calls, scopes, verdict] of JUDGED) {
  test(`judge() judges ${what}`, () => {
    const judged = create().judge(calls, caller(...scopes));
    assert.deepEqual(judged.kind === "allowed" ? { ...judged, lists: undefined } : judged, verdict);
  });
}

const ANSWERS: [what: string, call: Call, lists: string[] | undefined][] = [
  ["a call of a tool", tool("read"), undefined],
  ["a list of tools", about("tools/list"), ["tools"]],
  ["a list of prompts, which no rule is about", about("prompts/list"), undefined],
  ["a list of templates", about("resources/templates/list"), ["resourceTemplates"]],
  ["a resource that needs scopes", resource("n://1"), []],
  ["a resource that no rule is for", resource("m://1"), undefined],
];

for (const [what, call, lists] of ANSWERS) {
  test(`judge() says what depends on the caller in the answer to ${what}`, () => {
    const verdict = create().judge([call], caller("r", "x"));
    assert(verdict.kind === "allowed");
    assert.deepEqual(verdict.lists?.map(({ member }) => member), lists);
  });
}

test("judge() tells functions what they decide by", () => {
  const seen: unknown[] = [];
  const look = (...given: unknown[]) => {
    seen.push(given);
    return [];
  };
  const ann = caller("r");
  const policy = create({
    tools: { t: look },
    resources: { "a://{b}": look },
    methods: { m: look },
  });
  const call = {
    ...tool("t"),
    targets: [{ kind: "tools" as const, name: "t", arguments: { a: 1 } }],
  };
  policy.judge([call, resource("a://1"), about("m")], ann);
  policy.isListed(policy.lists[0] ?? assert.fail(), { name: "t" }, ann);
  assert.deepEqual(seen, [
    [{ method: "tools/call", name: "t", arguments: { a: 1 } }, ann],
    [{ method: "resources/read", name: "a://1", arguments: { b: "1" } }, ann],
    [{ method: "m", name: "m", arguments: {} }, ann],
    [{ method: "tools/list", name: "t", arguments: {} }, ann],
  ]);
});
