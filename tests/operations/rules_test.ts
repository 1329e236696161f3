import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveOperations, resolveRequirement } from "../../src/operations/rules.ts";
import type { OperationRules } from "../../src/operations/operations.ts";

/** Values that a caller without types may pass. */
const resolve = (value: unknown) => resolveOperations(value as OperationRules);
const PLAIN = { fresh: false, listed: "permitted" };
const find = () => ["a"];

const RULES: [what: string, rule: unknown, expected: unknown][] = [
  ["a list", ["a", "b", "a"], { ...PLAIN, scopes: [["a", "b"]] }],
  ["an empty list", [], { ...PLAIN, scopes: [[]] }],
  ["alternatives", { anyOf: ["a", ["b", "c"]] }, { ...PLAIN, scopes: [["a"], ["b", "c"]] }],
  ["a function", find, { ...PLAIN, scopes: find }],
  ["an object", { scopes: ["a"], fresh: true, listed: "never" }, {
    scopes: [["a"]],
    fresh: true,
    listed: "never",
  }],
  ["an object with alternatives", { scopes: { anyOf: ["a"] }, listed: "always" }, {
    scopes: [["a"]],
    fresh: false,
    listed: "always",
  }],
  ["an object without scopes", { fresh: true }, { scopes: [[]], fresh: true, listed: "permitted" }],
];

for (const [what, rule, expected] of RULES) {
  test(`resolveOperations() takes ${what} for a rule`, () => {
    const { tools, prompts, methods, resources } = resolve({
      tools: { t: rule },
      prompts: { p: rule },
      methods: { m: rule },
      resources: { "a://b": rule },
    });
    assert.deepEqual([tools.get("t"), prompts.get("p"), methods.get("m"), resources[0]?.rule], [
      expected,
      expected,
      expected,
      expected,
    ]);
  });
}

test("resolveOperations() has one default for listed", () => {
  const { tools } = resolve({
    listed: "always",
    tools: { t: ["a"], u: { listed: "never" }, v: { fresh: true } },
  });
  assert.deepEqual([...tools.values()].map(({ listed }) => listed), ["always", "never", "always"]);
});

test("resolveOperations() collects every scope that is named", () => {
  const { scopes } = resolve({
    tools: { t: ["a"], f: find },
    resources: { "a://b": { anyOf: ["b", ["c"]] } },
    methods: { m: { scopes: ["d"] } },
  });
  assert.deepEqual([...scopes].sort(), ["a", "b", "c", "d"]);
});

test("resolveOperations() keeps nothing of what it was given", () => {
  const list = ["a"];
  const { tools } = resolve({ tools: { t: list } });
  list.pop();
  assert.deepEqual(tools.get("t")?.scopes, [["a"]]);
});

const REFUSED: [value: unknown, message: RegExp][] = [
  [null, /operations must be an object: received null$/],
  [[], /operations must be an object/],
  [
    { tools: { t: { scope: ["a"] } } },
    /operations\.tools\["t"\]\.scope must be .+; did you mean scopes\?$/,
  ],
  [{ tool: {} }, /operations\.tool must be a known option: .+; did you mean tools\?$/],
  [{ tools: [] }, /operations\.tools must be an object of rules/],
  [{ tools: null }, /operations\.tools must be an object of rules: received null$/],
  [{ tools: new Map([["t", ["a"]]]) }, /operations\.tools must be an object of rules/],
  [new Map([["tools", {}]]), /operations must be an object/],
  [{ tools: { t: "a" } }, /operations\.tools\["t"\] must be a list of scopes, .+: received "a"$/],
  [{ tools: { t: null } }, /operations\.tools\["t"\] must be/],
  [{ tools: { t: {} } }, /operations\.tools\["t"\] must be/],
  [{ tools: { t: ["a b"] } }, /operations\.tools\["t"\] must be an array of scopes/],
  [{ tools: { t: [["a"]] } }, /an array of scopes/],
  [
    { kinds: {} },
    /operations\.kinds must be one of tools, resources, prompts, methods, listed: /,
  ],
  [{ tools: { t: ["offline_access"] } }, /free of offline_access/],
  [{ tools: { t: { anyOf: [] } } }, /anyOf must be a list that is not empty/],
  [{ tools: { t: { anyOf: "a" } } }, /anyOf must be a list/],
  [{ tools: { t: { anyOf: [1] } } }, /an array of scopes/],
  [{ tools: { t: { anyOf: ["a"], fresh: true } } }, /fresh must be one of anyOf/],
  [
    { tools: { t: { scopes: ["a"], listed: true } } },
    /operations\.tools\["t"\]\.listed must be "always", "permitted" or "never": received true$/,
  ],
  [{ tools: { t: { fresh: 1 } } }, /operations\.tools\["t"\]\.fresh must be true or false/],
  [{ tools: { t: { scopes: "a" } } }, /operations\.tools\["t"\]\.scopes must be/],
  [{ listed: "no" }, /operations\.listed must be "always", "permitted" or "never": received "no"$/],
  // The spelling before the first release: its nearest name is the new one.
  [
    { tools: { t: { unlisted: false } } },
    /operations\.tools\["t"\]\.unlisted must be .+mean listed\?$/,
  ],
  [{ unlisted: false }, /operations\.unlisted must be .+ did you mean listed\?$/],
  [{ resources: { "a://{": ["a"] } }, /operations\.resources must be by URI or URI template/],
];

for (const [value, message] of REFUSED) {
  test(`resolveOperations() refuses ${JSON.stringify(value)}`, () => {
    assert.throws(() => resolve(value), { name: "BrokenRule", message });
  });
}

// Scopes out of a configuration that lacks them: a rule without scopes would let everybody in.
for (const scopes of [undefined, null]) {
  for (const rule of [{ scopes }, { scopes, fresh: true }]) {
    test(`resolveOperations() refuses scopes that are ${scopes} beside ${Object.keys(rule)}`, () => {
      assert.throws(() => resolve({ tools: { t: rule } }), {
        name: "BrokenRule",
        option: 'operations.tools["t"].scopes',
        received: String(scopes),
      });
    });
  }
}

test("resolveRequirement() lets a function say that nothing is enough", () => {
  assert.deepEqual(resolveRequirement("it", { anyOf: [] }), []);
});
