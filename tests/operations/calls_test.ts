import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, isTooDeep, readCalls } from "../../src/operations/calls.ts";

const MAX_URI_LENGTH = 4096;
const MAX_NAME_LENGTH = 512;
const MAX_DEPTH = 512;
const MAX_CALLS = 1000;
const MAX_MEMBERS = 10_000;
const MAX_NAMES_LENGTH = 32_768;

const message = (method: unknown, params?: unknown, more = {}) => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  ...(params !== undefined && { params }),
  ...more,
});
const prompt = (name: string, args = {}) => ({ kind: "prompts", name, arguments: args });
const resource = (name: string) => ({ kind: "resources", name, arguments: {} });
const tool = (name: string) => message("tools/call", { name });
const withMembers = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, 1]));
/** As many names of the greatest length as one request may have. */
const LONGEST = Array(MAX_NAMES_LENGTH / MAX_NAME_LENGTH).fill(tool("t".repeat(MAX_NAME_LENGTH)));

const FOUND: [what: string, body: unknown, calls: unknown[]][] = [
  ["a tool", message("tools/call", { name: "t", arguments: { a: 1 } }), [
    { method: "tools/call", targets: [{ kind: "tools", name: "t", arguments: { a: 1 } }] },
  ]],
  ["a tool called by a notification", { method: "tools/call", params: { name: "t" } }, [
    { method: "tools/call", targets: [{ kind: "tools", name: "t", arguments: {} }] },
  ]],
  ["a prompt", message("prompts/get", { name: "p", arguments: { a: "1" } }), [
    { method: "prompts/get", targets: [prompt("p", { a: "1" })] },
  ]],
  ["a resource", message("resources/read", { uri: "a://b" }), [
    { method: "resources/read", targets: [resource("a://b")] },
  ]],
  ["a resource to follow", message("resources/subscribe", { uri: "a://b" }), [
    { method: "resources/subscribe", targets: [resource("a://b")] },
  ]],
  ["a resource no more to follow", message("resources/unsubscribe", { uri: "a://b" }), [
    { method: "resources/unsubscribe", targets: [resource("a://b")] },
  ]],
  ["nothing to follow, which is the server's to refuse", message("resources/subscribe", {}), [
    { method: "resources/subscribe", targets: [] },
  ]],
  [
    "a prompt to complete",
    message("completion/complete", { ref: { type: "ref/prompt", name: "p" } }),
    [{ method: "completion/complete", targets: [prompt("p")] }],
  ],
  [
    "a template to complete",
    message("completion/complete", { ref: { type: "ref/resource", uri: "a://{b}" } }),
    [{ method: "completion/complete", targets: [resource("a://{b}")] }],
  ],
  [
    "resources to listen to",
    message("subscriptions/listen", {
      notifications: { toolsListChanged: true, resourceSubscriptions: ["a://1", "a://2"] },
    }),
    [{ method: "subscriptions/listen", targets: [resource("a://1"), resource("a://2")] }],
  ],
  ["a list to listen to", message("subscriptions/listen", { notifications: {} }), [
    { method: "subscriptions/listen", targets: [] },
  ]],
  ["a method about nothing", message("tools/list", { cursor: "Name" }), [
    { method: "tools/list", targets: [] },
  ]],
  ["a method that nobody knows", message("x/y", ["by", "position"]), [
    { method: "x/y", targets: [] },
  ]],
  ["a batch", [message("ping"), message("tools/call", { name: "t" }), { id: 2, result: {} }], [
    { method: "ping", targets: [] },
    { method: "tools/call", targets: [{ kind: "tools", name: "t", arguments: {} }] },
  ]],
  ["nothing where no tool is named", message("tools/call"), [{
    method: "tools/call",
    targets: [],
  }]],
  ["nothing where no URI is", message("resources/read", { url: "a://b" }), [
    { method: "resources/read", targets: [] },
  ]],
  ["nothing where no reference is", message("completion/complete", { ref: {} }), [
    { method: "completion/complete", targets: [] },
  ]],
  [
    "as many messages as may be",
    Array(MAX_CALLS).fill(message("ping")),
    Array(MAX_CALLS).fill({ method: "ping", targets: [] }),
  ],
  ["nothing in as many members as may be", withMembers(MAX_MEMBERS), []],
  [
    "as long names as may be",
    LONGEST,
    LONGEST.map(({ method, params }) => ({
      method,
      targets: [{ kind: "tools", ...params, arguments: {} }],
    })),
  ],
  ["an empty batch", [], []],
  ["the client's answer", { jsonrpc: "2.0", id: 1, result: { name: "t" } }, []],
  ["odd ids", [message("ping", {}, { id: null }), message("ping", {}, { id: { a: [1] } })], [
    { method: "ping", targets: [] },
    { method: "ping", targets: [] },
  ]],
  [
    "members that nobody knows",
    message("tools/call", { name: "t", _meta: {}, task: {} }, { x: 1 }),
    [
      { method: "tools/call", targets: [{ kind: "tools", name: "t", arguments: {} }] },
    ],
  ],
];

for (const [what, body, calls] of FOUND) {
  test(`readCalls() finds ${what}`, () => assert.deepEqual(readCalls(body), calls));
}

const REFUSED: [what: string, text: string][] = [
  ["no object", "42"],
  ["text", '"{\\"method\\":\\"ping\\"}"'],
  ["null", "null"],
  ["null in a batch", "[null]"],
  ["a batch in a batch", '[[{"method":"ping"}]]'],
  ["a method that is a list", '{"method":["tools/call"],"params":{"name":"t"}}'],
  ["a method that is null", '{"method":null}'],
  ["a member with a character that is not visible", '{"met\u200bhod":"tools/call"}'],
  ["a member with a space at its end", '{"method ":"tools/call"}'],
  ["a parameter that is not ASCII", '{"method":"tools/call","params":{"n\u00e4me":"t"}}'],
  ["a method that is not ASCII", '{"method":"t\u00f6ols/call"}'],
  ["a method with a space", '{"method":"tools/call "}'],
  ["a method in capitals", '{"method":"Tools/Call","params":{"name":"t"}}'],
  ["a method in wide letters", '{"method":"\uff54ools/call","params":{"name":"t"}}'],
  ["a method in a member in capitals", '{"Method":"tools/call"}'],
  ["a second method in capitals", '{"method":"ping","METHOD":"tools/call"}'],
  ["a member with a long s", '{"method":"tools/call","param\u017f":{"name":"t"}}'],
  ["members to inherit", '{"__proto__":{"method":"tools/call"}}'],
  ["parameters by position", '{"method":"tools/call","params":["t"]}'],
  ["a name that is a list", '{"method":"tools/call","params":{"name":["t"]}}'],
  ["a name in capitals beside it", '{"method":"tools/call","params":{"name":"t","Name":"u"}}'],
  ["a name to inherit", '{"method":"tools/call","params":{"__proto__":{"name":"t"}}}'],
  ["arguments that are a list", '{"method":"tools/call","params":{"name":"t","arguments":[]}}'],
  ["arguments that are null", '{"method":"tools/call","params":{"name":"t","arguments":null}}'],
  ["a list to follow", '{"method":"resources/subscribe","params":{"uri":["a://b"]}}'],
  ["a URI that is an object", '{"method":"resources/read","params":{"uri":{}}}'],
  ["a reference that is text", '{"method":"completion/complete","params":{"ref":"p"}}'],
  [
    "a reference to both",
    '{"method":"completion/complete","params":{"ref":{"name":"p","uri":"a:b"}}}',
  ],
  [
    "a reference in capitals",
    '{"method":"completion/complete","params":{"ref":{"name":"p","URI":"a:b"}}}',
  ],
  [
    "a URI that is none of many",
    '{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:b",1]}}}',
  ],
  [
    "URIs that are no list",
    '{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":"a:b"}}}',
  ],
  [
    "notifications in capitals",
    '{"method":"subscriptions/listen","params":{"notifications":{"resourcesubscriptions":["a:b"]}}}',
  ],
  [
    "a URI that is too long",
    JSON.stringify(message("resources/read", { uri: "a".repeat(MAX_URI_LENGTH + 1) })),
  ],
  ["too many messages", JSON.stringify(Array(MAX_CALLS + 1).fill(message("ping")))],
  [
    "too many resources",
    JSON.stringify(message("subscriptions/listen", {
      notifications: { resourceSubscriptions: Array(MAX_CALLS).fill("a:b") },
    })),
  ],
  ["too many responses", JSON.stringify(Array(MAX_CALLS + 1).fill({ id: 1, result: {} }))],
  ["a name that is too long", JSON.stringify(tool("t".repeat(MAX_NAME_LENGTH + 1)))],
  ["a method that is too long", JSON.stringify(message("m".repeat(MAX_NAME_LENGTH + 1)))],
  ["too many members", JSON.stringify(withMembers(MAX_MEMBERS + 1))],
  [
    "too many parameters",
    JSON.stringify(message("tools/call", { ...withMembers(MAX_MEMBERS), name: "t" })),
  ],
  ["too long names together", JSON.stringify([...LONGEST, tool("t")])],
  [
    "too long URIs together",
    JSON.stringify(message("subscriptions/listen", {
      notifications: {
        resourceSubscriptions: Array(MAX_NAMES_LENGTH / MAX_URI_LENGTH + 1).fill(
          "a".repeat(MAX_URI_LENGTH),
        ),
      },
    })),
  ],
  ["one bad message in a batch", '[{"method":"ping"},{"method":"tools/call","params":[]}]'],
];

test("readCalls() counts more for a URI with several readings", () => {
  const listen = (uri: string) =>
    message("subscriptions/listen", {
      notifications: { resourceSubscriptions: Array(300).fill(uri) },
    });
  const length = (uri: string) => readCalls(listen(uri))?.[0]?.targets.length;
  assert.equal(length("file:///a/b"), 300);
  for (const uri of ["file:///a%2Fb", "file:///a?b", "file:///a#b", "file:///a//b", "file:////b"]) {
    assert.equal(length(uri), undefined, uri);
  }
});

for (const [what, text] of REFUSED) {
  test(`readCalls() refuses ${what}`, () => assert.equal(readCalls(JSON.parse(text)), undefined));
}

test("readCalls() takes a member that stands twice as JSON.parse does: the last one", () => {
  const calls: Call[] | undefined = readCalls(
    JSON.parse('{"method":"ping","method":"tools/list"}'),
  );
  assert.deepEqual(calls, [{ method: "tools/list", targets: [] }]);
});

/** Text with many brackets, and one list behind it. */
const bracketsIn = (before: string) => JSON.stringify([before + "[".repeat(2000), []]);
const nest = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const DEPTHS: [what: string, text: string, tooDeep: boolean][] = [
  ["as many lists as may be", nest(MAX_DEPTH), false],
  ["one list more", `${nest(MAX_DEPTH + 1)}`, true],
  ["one object more", `${'{"a":'.repeat(MAX_DEPTH + 1)}1${"}".repeat(MAX_DEPTH + 1)}`, true],
  ["many lists beside each other", `[${"[],".repeat(2000)}[]]`, false],
  ["brackets in text", JSON.stringify(["[".repeat(2000)]), false],
  ["brackets in text after a quote", bracketsIn('"'), false],
  ["brackets in text after a backslash", bracketsIn("\\"), false],
  [
    "brackets in long text after quotes",
    bracketsIn(`${"x".repeat(99)}"${"x".repeat(999)}"`),
    false,
  ],
  ["brackets in long text between escapes", bracketsIn(`${"x".repeat(70)}\\"`.repeat(9)), false],
  ["brackets after text that ends in a backslash", `["\\\\",${nest(MAX_DEPTH)}]`, true],
  [
    "brackets after long text that ends in a backslash",
    `${JSON.stringify(["x".repeat(99) + "\\"]).slice(0, -1)},${nest(MAX_DEPTH)}]`,
    true,
  ],
  ["brackets after long text", `["${"x".repeat(9_999)}",${nest(MAX_DEPTH)}]`, true],
  ["lists in the last member of an object", `{"a":1,"b":[],"c":${nest(MAX_DEPTH)}}`, true],
  ["values that have no members", '[null, true, 1, "a"]', false],
];

for (const [what, text, tooDeep] of DEPTHS) {
  test(`isTooDeep() is ${tooDeep} of ${what}`, () => {
    JSON.parse(text);
    assert.equal(isTooDeep(new TextEncoder().encode(text)), tooDeep);
    assert.equal(isTooDeep(text), tooDeep);
  });
}

test("readCalls() refuses too long a list without reading an entry of it", () => {
  let reads = 0;
  const count = (list: unknown[]) =>
    new Proxy(list, {
      get(target, name, receiver) {
        if (name !== "length" && name !== Symbol.iterator) reads++;
        return Reflect.get(target, name, receiver);
      },
    });
  const uris = count(Array(MAX_CALLS + 1).fill("a:b"));
  const listen = message("subscriptions/listen", {
    notifications: { resourceSubscriptions: uris },
  });
  assert.equal(readCalls(listen), undefined);
  assert.equal(readCalls(count(Array(MAX_CALLS + 1).fill({}))), undefined);
  assert.equal(reads, 0);
});

test("readCalls() stops at the first message past a bound", () => {
  let reads = 0;
  const messages = Array.from({ length: 10 }, () => ({
    ...withMembers(MAX_MEMBERS / 2),
    get method() {
      reads++;
      return "ping";
    },
  }));
  assert.equal(readCalls(messages), undefined);
  assert.equal(reads, 1);
});
