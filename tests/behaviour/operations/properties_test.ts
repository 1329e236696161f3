import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANY_CHARACTER } from "../../support/any_character.ts";
import { runs } from "../../support/fuzz_runs.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../../support/harness.ts";

// For any body: exactly the calls that a reference of ten lines allows reach the MCP server. The server
// reads leniently: it takes a member in any case, the first of two, and folds Unicode.

const TOOLS: Record<string, string[][]> = {
  read: [["r"]],
  write: [["w"]],
  either: [["a"], ["r", "x"]],
  "caf\u00e9": [["a"]],
  free: [[]],
};
const RESOURCES: Record<string, string[][]> = { "n://{id}": [["r"]], "n://secret": [["a"]] };
const HIERARCHY = { a: ["w"], w: ["r"] };
const GRANTED = ["r", "w", "a", "x"];

const asRule = (alternatives: string[][]) => ({ anyOf: alternatives });
const asRules = (rules: Record<string, string[][]>) =>
  Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, asRule(rule)]));

type Call = { kind: "tool" | "resource"; name: string };

/** The reference: which scopes are held, which rules a call meets, and whether each is satisfied. */
function mayCall({ kind, name }: Call, granted: string[], deny: boolean): boolean {
  const held = granted.flatMap((one) => ({ a: ["a", "w", "r"], w: ["w", "r"] })[one] ?? [one]);
  const rules = kind === "tool"
    ? Object.entries(TOOLS).filter(([tool]) => tool === name)
    : Object.entries(RESOURCES).filter(([uri]) =>
      uri === name || (/\{/.test(uri) && /^n:\/\/[^/]+$/.test(name))
    );
  if (rules.length === 0) return !deny;
  return rules.every(([, rule]) =>
    rule.some((scopes) => scopes.every((one) => held.includes(one)))
  );
}

/** The calls that a lenient server finds in a body: names without case, and what it holds at any depth of lists. */
function findCalls(body: unknown): Call[] {
  const get = (value: unknown, name: string): unknown =>
    Object.entries(Object(value)).find(([key]) => fold(key) === name)?.[1];
  return [body].flat(Infinity).flatMap((message): Call[] => {
    const params = get(message, "params");
    switch (fold(String(get(message, "method")))) {
      case "tools/call":
        return [{ kind: "tool", name: String(get(params, "name")).normalize("NFC") }];
      case "resources/read": {
        const uri = String(get(params, "uri"));
        return [{ kind: "resource", name: URL.canParse(uri) ? new URL(uri).href : uri }];
      }
      default:
        return [];
    }
  });
}

function fold(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}

interface Reached {
  text: string;
  parsedBody: unknown;
}

/** Two servers for all runs: on Node 20 each more of them makes every promise slower. */
const [allowing, denying] = (["allow", "deny"] as const).map((defaultOperation) => {
  const { auth } = createHarness({
    scopesSupported: GRANTED,
    scopeHierarchy: HIERARCHY,
    operations: { tools: asRules(TOOLS), resources: asRules(RESOURCES) },
    defaultOperation,
    // The token says what it holds.
  }, (token) => json({ ...ACTIVE, scope: token.slice(1).split(".") }));
  let reached: Reached | undefined;
  const handler = auth.handler(async (request, { parsedBody }) => {
    reached = { text: await request.text(), parsedBody };
    const tools = Object.keys(TOOLS).concat("other").map((name) => ({ name }));
    return json({ jsonrpc: "2.0", id: 1, result: { tools } });
  });
  return async (text: string, granted: string[]) => {
    reached = undefined;
    const response = await handler(mcpRequest(`.${granted.join(".")}`, { body: text }));
    // Read anew, since the compiler does not see that the handler has set it.
    return { response, status: response.status, reached: ((): Reached | undefined => reached)() };
  };
});

/** The answer, and the body that reached the server. */
async function send(text: string, granted: string[], deny: boolean) {
  return await (deny ? denying : allowing)?.(text, granted) ?? assert.fail();
}

const names = fc.oneof(
  { arbitrary: fc.constantFrom(...Object.keys(TOOLS)), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      "cafe\u0301",
      "\uff52ead",
      "Read",
      "read ",
      "__proto__",
      "constructor",
    ),
    weight: 2,
  },
  { arbitrary: fc.string({ unit: ANY_CHARACTER, maxLength: 8 }), weight: 1 },
);
const uris = fc.oneof(
  fc.constantFrom(
    "n://1",
    "N://1",
    "n://secret",
    "n://a/../secret",
    "n://%73ecret",
    "n://a/b",
    " n://1",
    "m://1",
  ),
  fc.webUrl({ validSchemes: ["n", "m"] }),
);
const nameOrOdd = fc.oneof(
  { arbitrary: names, weight: 4 },
  { arbitrary: names.map((name) => [name]), weight: 2 },
  { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 },
);
const methods = fc.oneof(
  { arbitrary: fc.constantFrom("tools/call", "resources/read", "ping"), weight: 8 },
  { arbitrary: fc.constantFrom("Tools/Call", "\uff54ools/call", " tools/call", "x/y"), weight: 1 },
  { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 },
);

/** The text of an object whose members may stand twice, in other cases, or in escapes. */
const textOf = (members: Record<string, fc.Arbitrary<string>>) =>
  fc.array(
    fc.constantFrom(...Object.keys(members)).chain((name) =>
      fc.tuple(
        fc.oneof(
          { arbitrary: fc.constant(JSON.stringify(name)), weight: 20 },
          {
            arbitrary: fc.constantFrom(
              JSON.stringify(name.toUpperCase()),
              `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`,
              `"__proto__"`,
              JSON.stringify(`${name} `),
            ),
            weight: 1,
          },
        ),
        members[name] ?? fc.constant("null"),
      )
    ),
    { minLength: 2, maxLength: 6 },
  ).map((pairs) => `{${pairs.map(([name, value]) => `${name}:${value}`).join(",")}}`);

const asText = (values: fc.Arbitrary<unknown>) => values.map((value) => JSON.stringify(value));
const params = fc.oneof(
  {
    arbitrary: textOf({
      name: asText(nameOrOdd),
      uri: asText(uris),
      arguments: asText(fc.dictionary(names, fc.boolean())),
    }),
    weight: 8,
  },
  { arbitrary: asText(fc.jsonValue({ maxDepth: 2 })), weight: 1 },
);
const hostile = textOf({
  method: asText(methods),
  params,
  id: asText(fc.jsonValue({ maxDepth: 1 })),
  result: asText(fc.jsonValue({ maxDepth: 1 })),
});
const wellFormed = fc.oneof(
  names.map((name) => ({ method: "tools/call", params: { name } })),
  uris.map((uri) => ({ method: "resources/read", params: { uri } })),
  fc.constant({ method: "ping" }),
).map((message) => JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }));

const inBatches = (messages: fc.Arbitrary<string>) =>
  fc.oneof(
    { arbitrary: messages, weight: 3 },
    {
      arbitrary: fc.array(messages, { maxLength: 4 }).map((all) => `[${all.join(",")}]`),
      weight: 3,
    },
    { arbitrary: messages.map((one) => `[[${one}]]`), weight: 1 },
  );
const granted = fc.subarray(GRANTED);
const RUNS = { numRuns: runs(3_000) };

test("no body brings a call to a lenient MCP server that the policy does not allow", async () => {
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(inBatches(hostile), inBatches(wellFormed), fc.string({ unit: ANY_CHARACTER })),
      granted,
      fc.boolean(),
      async (text, scopes, deny) => {
        const { status, reached } = await send(text, scopes, deny);
        if (reached === undefined) return assert([400, 403].includes(status));
        if (reached.parsedBody === undefined) return assert.equal(text, "");
        passed++;
        assert.equal(reached.text, JSON.stringify(reached.parsedBody));
        for (const call of findCalls(reached.parsedBody)) assert(mayCall(call, scopes, deny), text);
      },
    ),
    RUNS,
  );
  assert(passed > RUNS.numRuns / 20, `only ${passed} of the bodies went through`);
});

test("no call is kept from the MCP server that the policy allows", async () => {
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(wellFormed, granted, fc.boolean(), async (text, scopes, deny) => {
      const calls = findCalls(JSON.parse(text));
      // A body with other readings needs the scopes of these too.
      const plain = calls.every(({ name }) =>
        /^[\w:/.\u00e9-]*$/.test(name) && text.includes(`"${name}"`)
      );
      if (!plain || !calls.every((call) => mayCall(call, scopes, deny))) return;
      passed++;
      const { status, reached } = await send(text, scopes, deny);
      assert.deepEqual([status, reached?.text], [200, text]);
    }),
    RUNS,
  );
  assert(passed > RUNS.numRuns / 20, `only ${passed} of the calls were allowed`);
});

test("a list shows a tool exactly to the callers whose call of it passes", async () => {
  await fc.assert(
    fc.asyncProperty(granted, fc.boolean(), async (scopes, deny) => {
      const ask = (method: string, params: object) =>
        send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }), scopes, deny);
      const { response } = await ask("tools/list", {});
      const { result } = await response.json();
      const listed = result.tools.map(({ name }: { name: string }) => name);
      for (const name of [...Object.keys(TOOLS), "other"]) {
        const { status } = await ask("tools/call", { name });
        assert.equal(listed.includes(name), status === 200);
      }
    }),
    { numRuns: 100 },
  );
});
