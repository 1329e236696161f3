import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessToken } from "../../src/oauth/access_token.ts";
import type { OperationRules } from "../../src/operations/operations.ts";
import { resolveOperations } from "../../src/operations/rules.ts";
import { createRuleWatch, watchTest } from "../../src/operations/rule_watch.ts";

const caller = (subject: string): AccessToken => {
  const resource = new URL("https://mcp.example.com/mcp");
  const claims = { active: true } as const;
  return {
    credential: "access_token",
    token: "t",
    clientId: "client-1",
    subject,
    scopes: [],
    resource,
    resourceMetadataUrl: "",
    claims,
    extra: { claims },
  };
};

/** One page: the method, the members of the result, the request's cursor, and whose list it is. */
type Page = [method: string, result: object, cursor?: string | undefined, subject?: string];

/** Feeds pages to a watch and returns what it reports. */
function report(operations: OperationRules, pages: readonly Page[], deny = false): string[] {
  const reported: string[] = [];
  const { watch } = createRuleWatch(
    resolveOperations(operations),
    deny,
    ({ kind, name, nearest }) => reported.push(`${kind} ${name} ${nearest}`),
  );
  for (const [method, result, cursor, subject = "user-1"] of pages) {
    const params = cursor === undefined ? {} : { cursor };
    const read = watch({ jsonrpc: "2.0", id: 1, method, params }, caller(subject));
    read?.({ jsonrpc: "2.0", id: 1, ...("code" in result ? { error: result } : { result }) });
  }
  return reported;
}

const tools = (names: string[], nextCursor?: string): object => ({
  tools: names.map((name) => ({ name })),
  ...(nextCursor !== undefined && { nextCursor }),
});
const resources = (...uris: string[]): object => ({ resources: uris.map((uri) => ({ uri })) });
const templates = (...all: string[]): object => ({
  resourceTemplates: all.map((uriTemplate) => ({ uriTemplate })),
});

const TYPO: OperationRules = { tools: { whoamii: ["a"], echo: ["b"] } };
const NOTES: OperationRules = { resources: { "notes://{id}": ["a"], "notes://index": ["a"] } };
const NONE = { code: -32601, message: "Method not found" };

const CASES: [when: string, OperationRules, pages: Page[], reported: string[]][] = [
  ["every rule matches", { tools: { whoami: [] } }, [["tools/list", tools(["whoami", "x"])]], []],
  [
    "a name is mistyped: with the nearest name",
    TYPO,
    [["tools/list", tools(["whoami", "echo"])]],
    ["tools whoamii whoami"],
  ],
  [
    "no name is near: without one",
    { tools: { purge: [] } },
    [["tools/list", tools(["whoami"])]],
    ["tools purge undefined"],
  ],
  [
    "the same list comes again: once",
    TYPO,
    [["tools/list", tools(["echo"])], ["tools/list", tools(["echo"])]],
    ["tools whoamii undefined"],
  ],
  [
    "a prompt is mistyped",
    { prompts: { sumarize: [] } },
    [["prompts/list", { prompts: [{ name: "summarize" }] }]],
    ["prompts sumarize summarize"],
  ],
  ["the server has no such list", TYPO, [["tools/list", NONE]], [
    "tools whoamii undefined",
    "tools echo undefined",
  ]],
  ["the list ends in another error: nothing", TYPO, [["tools/list", { code: -32603 }]], []],
  ["the list is empty", TYPO, [["tools/list", tools([])]], [
    "tools whoamii undefined",
    "tools echo undefined",
  ]],
  [
    "the match is on the second page: nothing",
    { tools: { b: [] } },
    [["tools/list", tools(["a"], "2")], ["tools/list", tools(["b"]), "2"]],
    [],
  ],
  [
    "a page is still to come: nothing",
    TYPO,
    [["tools/list", tools(["whoami"], "2")]],
    [],
  ],
  [
    "all pages were seen: with the nearest name of any page",
    TYPO,
    [
      ["tools/list", tools(["whoami"], "2")],
      ["tools/list", tools(["x"], "3"), "2"],
      ["tools/list", tools(["echo"]), "3"],
    ],
    ["tools whoamii whoami"],
  ],
  [
    "only the last page was seen: nothing",
    TYPO,
    [["tools/list", tools(["echo"]), "2"]],
    [],
  ],
  [
    "two callers walk at once: neither walk is taken for the other's",
    { tools: { b: [] } },
    [
      ["tools/list", tools(["a"], "2"), undefined, "user-1"],
      ["tools/list", tools(["c"]), "2", "user-2"],
    ],
    [],
  ],
  [
    "one caller sees it: nothing, though another does not",
    { tools: { admin: [] } },
    [
      ["tools/list", tools(["admin"]), undefined, "user-1"],
      ["tools/list", tools(["x"]), undefined, "user-2"],
    ],
    [],
  ],
  ["only one list of resources was seen: nothing", NOTES, [["resources/list", resources()]], []],
  [
    "neither resources nor templates match",
    NOTES,
    [["resources/list", resources("files://1")], [
      "resources/templates/list",
      templates("note://{id}"),
    ]],
    ["resources notes://{id} note://{id}", "resources notes://index undefined"],
  ],
  [
    "a resource matches a template rule",
    { resources: { "notes://{id}": [] } },
    [["resources/list", resources("notes://1")], ["resources/templates/list", templates()]],
    [],
  ],
  [
    "a template of the server is that of a rule, and offers the URI of another rule",
    NOTES,
    [["resources/list", resources()], ["resources/templates/list", templates("notes://{name}")]],
    [],
  ],
  [
    "rules are for methods alone: nothing",
    { methods: { "tools/cal": ["a"] } },
    [["tools/list", tools(["x"])]],
    [],
  ],
];

for (const [when, operations, pages, reported] of CASES) {
  test(`createRuleWatch() reports when ${when}`, () => {
    assert.deepEqual(report(operations, pages), reported);
  });
}

test("createRuleWatch() takes a full-width name for the rule, unless unknown operations are refused", () => {
  const pages: Page[] = [["tools/list", tools(["ｅcho"])]];
  assert.deepEqual(report({ tools: { echo: [] } }, pages), []);
  assert.deepEqual(report({ tools: { echo: [] } }, pages, true), ["tools echo ｅcho"]);
});

test("createRuleWatch() watches neither batches nor other methods, and rests when nothing is left", () => {
  const { watch } = createRuleWatch(resolveOperations(TYPO), false, () => {});
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const user = caller("user-1");
  assert.equal(watch([list], user), undefined);
  assert.equal(watch({ ...list, method: "tools/call" }, user), undefined);
  assert.equal(watch(undefined, user), undefined);
  assert.equal(watch({ ...list, method: "prompts/list" }, user), undefined);
  watch(list, user)?.({ result: tools(["whoamii"]) });
  watch(list, user)?.({ result: tools([]) });
  assert.equal(watch(list, user), undefined);
});

test("createRuleWatch() ignores messages that are not the answer, and entries without a name", () => {
  const reported: unknown[] = [];
  const { watch } = createRuleWatch(resolveOperations(TYPO), false, (one) => reported.push(one));
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const read = watch(list, caller("user-1"));
  for (const message of [null, "text", {}, { result: 1 }, { result: { tools: {} } }]) {
    read?.(message);
  }
  assert.deepEqual(reported, []);
  read?.({ result: { tools: [{}, null, { name: 1 }, { name: "whoamii" }, { name: "echo" }] } });
  assert.deepEqual(reported, []);
});

test("createRuleWatch() forgets the oldest of many unfinished walks", () => {
  const reported: unknown[] = [];
  const { watch } = createRuleWatch(resolveOperations(TYPO), false, (one) => reported.push(one));
  const user = caller("user-1");
  const ask = (cursor?: string) => watch({ method: "tools/list", params: { cursor } }, user);
  for (let walk = 0; walk <= 32; walk++) {
    watch({ method: "tools/list" }, user)?.({ result: tools([], `next-${walk}`) });
  }
  ask("next-0")?.({ result: tools([]) });
  assert.deepEqual(reported, []);
  ask("next-1")?.({ result: tools([]) });
  assert.equal(reported.length, 2);
});

test("createRuleWatch() shows itself to a test, also when nothing is left to report", async () => {
  const created = createRuleWatch(resolveOperations(TYPO), false, () => {});
  const list = { method: "tools/list" };
  created.watch(list, caller("user-1"))?.({ result: tools(["whoami", "echo"]) });
  const seen: unknown[] = [];
  await watchTest.run((watch) => seen.push(watch), async () => {
    await Promise.resolve();
    created.watch(list, caller("user-1"));
  });
  assert.deepEqual(seen, [created]);
  assert.deepEqual(created.listUnmatched(), [
    { kind: "tools", name: "whoamii", nearest: "whoami" },
  ]);
});
