import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { McpFunction } from "../../../src/http/mcp_endpoint.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import {
  ACTIVE,
  cached,
  createHarness,
  type Harness,
  json,
  mcpRequest,
  METADATA_URL,
  NOW,
  SECRET,
} from "../../support/harness.ts";

// Black box: what goes through, what is answered instead, and what the MCP server gets.

const POLICY: Partial<PropelAuthOptions> = {
  requiredScopes: ["mcp"],
  scopesSupported: ["mcp", "notes:read", "notes:write", "notes:admin", "search"],
  scopeHierarchy: { "notes:admin": ["notes:write"], "notes:write": ["notes:read"] },
  operations: {
    tools: {
      list_notes: ["notes:read"],
      add_note: ["notes:write"],
      search: { anyOf: ["notes:admin", ["notes:read", "search"]] },
      purge: { scopes: ["notes:admin"], fresh: true, unlisted: true },
      export: ({ arguments: { all } }, { subject }) =>
        all === true && subject !== "user-0" ? ["notes:admin"] : ["notes:read"],
      about: [],
    },
    resources: {
      "notes://{id}": ["notes:read"],
      "notes://secret": ["notes:admin"],
      "https://example.com/{id}": ["notes:read"],
    },
    prompts: { summarize: ["notes:read"] },
    methods: { "tasks/list": ["notes:admin"] },
  },
};

interface Tried {
  readonly response: Response;
  /** What the MCP server got, when it was reached. */
  readonly reached: { text: string; parsedBody: unknown; scopes: string[] } | undefined;
  readonly harness: Harness;
}

async function send(
  body: BodyInit | null,
  scope: string,
  options: Partial<PropelAuthOptions> = POLICY,
  init: RequestInit = {},
): Promise<Tried> {
  const harness = createHarness(options, () => json({ ...ACTIVE, scope }));
  let reached: Tried["reached"];
  const mcp: McpFunction = async (request, { authInfo, parsedBody }) => {
    reached = { text: await request.text(), parsedBody, scopes: authInfo.scopes };
    return json({ jsonrpc: "2.0", id: 1, result: {} });
  };
  const headers = { "Content-Type": "application/json", ...init.headers };
  const response = await harness.auth.handler(mcp)(
    mcpRequest("token-1", { ...init, headers, ...(body !== null && { body }) }),
  );
  return { response, reached, harness };
}

const message = (method: string, params?: unknown) => ({ jsonrpc: "2.0", id: 1, method, params });
const call = (name: string, args?: unknown) => message("tools/call", { name, arguments: args });
const read = (uri: string) => message("resources/read", { uri });

// R18, R19, R20: what each operation needs, and the one challenge that names it all.
const STEPS: [what: string, body: unknown, scope: string, challenged: string | undefined][] = [
  ["a tool with its scope", call("list_notes"), "mcp notes:read", undefined],
  ["a tool with a broader scope", call("list_notes"), "mcp notes:write", undefined],
  ["a tool with the broadest scope", call("list_notes"), "mcp notes:admin", undefined],
  ["a tool without its scope", call("list_notes"), "mcp", "mcp notes:read"],
  ["a tool with a narrower scope", call("add_note"), "mcp notes:read", "mcp notes:write"],
  ["a tool that needs no more", call("about"), "mcp", undefined],
  ["a tool that no rule is for", call("other"), "mcp", undefined],
  ["one alternative", call("search"), "mcp notes:admin", undefined],
  ["the other alternative", call("search"), "mcp notes:read search", undefined],
  ["half of an alternative", call("search"), "mcp notes:read", "mcp notes:admin"],
  ["none of the alternatives", call("search"), "mcp", "mcp notes:admin"],
  ["arguments that need little", call("export", { all: false }), "mcp notes:read", undefined],
  ["arguments that need more", call("export", { all: true }), "mcp notes:read", "mcp notes:admin"],
  ["no arguments", call("export"), "mcp", "mcp notes:read"],
  ["a resource", read("notes://1"), "mcp notes:read", undefined],
  ["a resource without its scope", read("notes://1"), "mcp", "mcp notes:read"],
  [
    "two rules, of which one holds",
    read("notes://secret"),
    "mcp notes:read",
    "mcp notes:read notes:admin",
  ],
  ["two rules, both of which hold", read("notes://secret"), "mcp notes:admin", undefined],
  ["a resource in two segments", read("notes://1/2"), "mcp", undefined],
  ["a resource in another spelling", read("NOTES://1"), "mcp", "mcp notes:read"],
  ["a resource behind dots", read("https://example.com/a/../1"), "mcp", "mcp notes:read"],
  ["an encoded resource", read("notes://%73ecret"), "mcp notes:read", "mcp notes:read notes:admin"],
  [
    "a resource with a query",
    read("notes://secret?a"),
    "mcp notes:read",
    "mcp notes:read notes:admin",
  ],
  [
    "to follow a resource",
    message("resources/subscribe", { uri: "notes://1" }),
    "mcp",
    "mcp notes:read",
  ],
  [
    "to listen to a resource",
    message("subscriptions/listen", {
      notifications: { resourceSubscriptions: ["x://1", "notes://1"] },
    }),
    "mcp",
    "mcp notes:read",
  ],
  ["a prompt", message("prompts/get", { name: "summarize" }), "mcp", "mcp notes:read"],
  [
    "to complete a prompt",
    message("completion/complete", { ref: { type: "ref/prompt", name: "summarize" } }),
    "mcp",
    "mcp notes:read",
  ],
  [
    "to complete a template",
    message("completion/complete", { ref: { type: "ref/resource", uri: "notes://{id}" } }),
    "mcp",
    "mcp notes:read",
  ],
  ["a method", message("tasks/list"), "mcp", "mcp notes:admin"],
  ["a method that no rule is for", message("tasks/get", { taskId: "1" }), "mcp", undefined],
  [
    "a notification",
    { ...call("list_notes"), id: undefined },
    "mcp",
    "mcp notes:read",
  ],
  ["a batch", [call("about"), call("list_notes")], "mcp notes:read", undefined],
  [
    "a batch with one too many",
    [call("about"), call("add_note"), read("notes://1")],
    "mcp notes:read",
    "mcp notes:write notes:read",
  ],
  ["the door's own scope", call("about"), "notes:read", "mcp"],
  ["an answer", { jsonrpc: "2.0", id: 1, result: { name: "purge" } }, "mcp", undefined],
];

for (const [what, body, scope, challenged] of STEPS) {
  test(`handler() ${challenged ? "challenges" : "hands on"} ${what}`, async () => {
    const { response, reached } = await send(JSON.stringify(body), scope);
    if (challenged === undefined) {
      assert.equal(response.status, 200);
      assert.deepEqual(reached?.parsedBody, JSON.parse(JSON.stringify(body)));
      assert.equal(reached?.text, JSON.stringify(body));
      return;
    }
    assert.equal(reached, undefined);
    assert.equal(response.status, 403);
    assert.equal(
      response.headers.get("WWW-Authenticate"),
      `Bearer resource_metadata="${METADATA_URL}", scope="${challenged}", error="insufficient_scope", ` +
        'error_description="The access token lacks a scope that this operation needs"',
    );
    assert.equal(response.headers.get("Cache-Control"), "no-store");
    assert.equal((await response.json()).error, "insufficient_scope");
  });
}

test("handler() looks at the caller too", async () => {
  const harness = createHarness(
    POLICY,
    (token) => json({ ...ACTIVE, sub: token, scope: "mcp notes:read" }),
  );
  const handler = harness.auth.handler(() => new Response("ok"));
  const body = JSON.stringify(call("export", { all: true }));
  const statuses = ["user-0", "user-1"].map(async (token) =>
    (await handler(mcpRequest(token, { body }))).status
  );
  assert.deepEqual(await Promise.all(statuses), [200, 403]);
});

// R17: what a client without a token is told to ask for.
const CHALLENGED: [what: string, options: Partial<PropelAuthOptions>, scope: string | undefined][] =
  [
    ["what the door requires", { requiredScopes: ["mcp", "notes:read"] }, "mcp notes:read"],
    [
      "nothing, so that it asks for all",
      { operations: { tools: { t: ["notes:read"] } } },
      undefined,
    ],
    [
      "other scopes",
      { requiredScopes: ["mcp"], challengeScopes: ["mcp", "notes:read"] },
      "mcp notes:read",
    ],
    ["nothing on request", { requiredScopes: ["mcp"], challengeScopes: [] }, undefined],
  ];

for (const [what, options, scope] of CHALLENGED) {
  test(`handler() names ${what} in a 401`, async () => {
    const { auth } = createHarness(options);
    const handler = auth.handler(() => new Response("unreachable"));
    const { status, headers } = await handler(mcpRequest(null));
    const named = /scope="([^"]*)"/.exec(headers.get("WWW-Authenticate") ?? "")?.[1];
    assert.deepEqual([status, named], [401, scope]);
  });
}

test("handler() takes a broader scope for one that the door requires, and names the narrow one", async () => {
  const options = { ...POLICY, requiredScopes: ["notes:read"] };
  const passed = await send(JSON.stringify(call("about")), "notes:admin", options);
  assert.equal(passed.response.status, 200);
  assert.deepEqual(passed.reached?.scopes, ["notes:admin"]);
  const refused = await send(JSON.stringify(call("about")), "search", options);
  assert.match(
    refused.response.headers.get("WWW-Authenticate") ?? "",
    /scope="notes:read", error="ins/,
  );
});

// R25: headers that repeat the body decide nothing.
test("handler() judges by the body, whatever the headers say", async () => {
  const headers = { "Mcp-Method": "tools/list", "Mcp-Name": "about" };
  const { response, reached } = await send(JSON.stringify(call("add_note")), "mcp", POLICY, {
    headers,
  });
  assert.deepEqual([response.status, reached], [403, undefined]);
});

// defaultOperation: "deny"
const ALLOWED = [
  message("initialize", {}),
  message("ping"),
  message("server/discover"),
  message("notifications/initialized"),
  message("tools/list"),
  message("prompts/list"),
  message("resources/list"),
  message("resources/templates/list"),
  message("logging/setLevel", { level: "info" }),
  message("subscriptions/listen", { notifications: { toolsListChanged: true } }),
  message("tasks/list"),
  call("about"),
  read("notes://1"),
  read("https://example.com/1"),
  { jsonrpc: "2.0", id: 1, result: {} },
];
const DENIED = [
  call("other"),
  call("About"),
  call("about "),
  call("toString"),
  call("__proto__"),
  read("notes://1/2"),
  read("other://1"),
  read("https://example.com/a/../../b/c"),
  read("https://example.com/.."),
  message("prompts/get", { name: "other" }),
  message("completion/complete", { ref: { type: "ref/prompt", name: "other" } }),
  message("subscriptions/listen", {
    notifications: { resourceSubscriptions: ["notes://1", "other://1"] },
  }),
  message("tasks/get", { taskId: "1" }),
  message("x/y"),
  [call("about"), call("other")],
];
const DENY: Partial<PropelAuthOptions> = { ...POLICY, defaultOperation: "deny" };

for (const body of ALLOWED) {
  test(`handler() hands on ${JSON.stringify(body)} where the unknown is refused`, async () => {
    const { response } = await send(JSON.stringify(body), "mcp notes:admin", DENY);
    assert.equal(response.status, 200);
  });
}

for (const body of DENIED) {
  test(`handler() refuses ${JSON.stringify(body)} where the unknown is, without a challenge`, async () => {
    const { response, reached } = await send(JSON.stringify(body), "mcp notes:admin search", DENY);
    assert.deepEqual([response.status, reached], [403, undefined]);
    // A challenge would send the client to step up, and no scope helps.
    assert.equal(response.headers.get("WWW-Authenticate"), null);
    assert.equal(
      (await response.json()).error.message,
      "This server does not offer this operation",
    );
  });
}

test("handler() refuses everything unknown without any rule, when it is told to", async () => {
  const deny: Partial<PropelAuthOptions> = { defaultOperation: "deny" };
  const list = await send(JSON.stringify(message("tools/list")), "", deny);
  const tool = await send(JSON.stringify(call("about")), "", deny);
  assert.deepEqual([list.response.status, tool.response.status], [200, 403]);
});

// A name in another Unicode form: unknown where the unknown is refused, else judged as the tool that
// a server would find that folds it.
const NAMES: [name: string, asked: string][] = [
  ["caf\u00e9", "cafe\u0301"],
  ["cafe\u0301", "caf\u00e9"],
  ["purge", "\uff50\uff55\uff52\uff47\uff45"],
  ["file", "\ufb01le"],
];

for (const [name, asked] of NAMES) {
  test(`handler() lets nobody past a rule for ${name} by ${JSON.stringify(asked)}`, async () => {
    const operations = { tools: { [name]: ["a"] }, prompts: { [name]: ["a"] } };
    for (const body of [call(asked), message("prompts/get", { name: asked })]) {
      for (const defaultOperation of ["allow", "deny"] as const) {
        const { response, reached } = await send(JSON.stringify(body), "", {
          operations,
          defaultOperation,
        });
        assert.deepEqual([response.status, reached], [403, undefined]);
      }
    }
  });
}

// Hostile bodies: none gets past the policy.
const TWICE =
  '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"about"},' +
  '"params":{"name":"add_note"}}';
const HOSTILE: [what: string, body: BodyInit, status: number][] = [
  ["a method and parameters that stand twice", TWICE, 403],
  [
    "a name that is written in escapes",
    '{"method":"tools/call","params":{"name":"add\\u005fnote"}}',
    403,
  ],
  [
    "a member that is written in escapes",
    '{"\\u006dethod":"tools/call","params":{"name":"add_note"}}',
    403,
  ],
  ["a byte order mark", `\ufeff${JSON.stringify(call("add_note"))}`, 403],
  ["white space all around", ` \n${JSON.stringify(call("add_note"), null, 2)}\t`, 403],
  ["a batch in a batch", JSON.stringify([[call("add_note")]]), 400],
  ["an object in a batch of numbers", JSON.stringify([1, call("add_note")]), 400],
  ["text in text", JSON.stringify(JSON.stringify(call("add_note"))), 400],
  ["a name in a list", JSON.stringify(call("add_note")).replace('"add_note"', '["add_note"]'), 400],
  ["an id that is a call", JSON.stringify({ ...call("add_note"), id: call("about") }), 403],
  ["a method in capitals", '{"METHOD":"tools/call","params":{"name":"add_note"}}', 400],
  ["a prototype", '{"__proto__":{"method":"tools/call","params":{"name":"add_note"}}}', 400],
  [
    "broken UTF-8 beside the call",
    new Uint8Array([
      ...new TextEncoder().encode('{"method":"tools/call","params":{"name":"add_note"},"x":"'),
      0xff,
      ...new TextEncoder().encode('"}'),
    ]),
    403,
  ],
  ["deep nesting in its arguments", nested(call("add_note", { a: 0 })), 400],
  ["deep nesting in what is allowed", nested(call("about", { a: 0 })), 400],
  [
    "deep nesting around it",
    `${"[".repeat(1e6)}${JSON.stringify(call("add_note"))}${"]".repeat(1e6)}`,
    400,
  ],
];

function nested(body: unknown): string {
  return JSON.stringify(body).replace(
    '"a":0',
    `"a":${"[".repeat(2e6 - 100)}${"]".repeat(2e6 - 100)}`,
  );
}

for (const [what, body, status] of HOSTILE) {
  test(`handler() lets no call past it by ${what}`, async () => {
    const { response, reached } = await send(body, "mcp");
    assert.deepEqual([response.status, reached !== undefined], [status, false]);
  });
}

test("handler() hands on what was judged, and not what came", async () => {
  const body = '{"jsonrpc":"2.0", "id":1, "method":"tools/call", "method":"ping", "params":{}}';
  const { reached } = await send(body, "mcp", POLICY, {
    headers: { "Content-Length": `${body.length}` },
  });
  assert.deepEqual(reached?.parsedBody, { jsonrpc: "2.0", id: 1, method: "ping", params: {} });
  assert.equal(reached?.text, '{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}');
});

const UNREAD: [what: string, body: string | Uint8Array<ArrayBuffer>][] = [
  ["nothing", ""],
  ["half of JSON", '{"jsonrpc":"2.0","method":'],
  ["no JSON", "hello \u00e4"],
  ["no text", new Uint8Array([0xff, 0xfe, 0x00, 0x7b])],
];

for (const [what, body] of UNREAD) {
  test(`handler() hands on ${what} as it came`, async () => {
    const harness = createHarness(POLICY, () => json({ ...ACTIVE, scope: "mcp" }));
    let got: Uint8Array | undefined;
    const handler = harness.auth.handler(async (request, options) => {
      assert.equal("parsedBody" in options, false);
      got = new Uint8Array(await request.arrayBuffer());
      return new Response("ok");
    });
    await handler(mcpRequest("token-1", { body }));
    assert.deepEqual(got, typeof body === "string" ? new TextEncoder().encode(body) : body);
  });
}

/** A body that comes in pieces and says no length. */
function inPieces(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 65_536);
      if (size === 0) return controller.close();
      controller.enqueue(new Uint8Array(size).fill(0x20));
      left -= size;
    },
  });
}

const LIMIT = 4 * 1024 * 1024;
const SIZES: [
  what: string,
  body: () => BodyInit,
  headers: Record<string, string>,
  status: number,
][] = [
  ["4 MiB in pieces", () => inPieces(LIMIT), {}, 200],
  ["more in pieces", () => inPieces(LIMIT + 1), {}, 413],
  ["4 MiB at once", () => " ".repeat(LIMIT), { "Content-Length": `${LIMIT}` }, 200],
  ["more at once", () => " ".repeat(LIMIT + 1), { "Content-Length": `${LIMIT + 1}` }, 413],
  ["more than it declares", () => " ".repeat(LIMIT + 1), { "Content-Length": "1" }, 413],
  ["less than it declares", () => "{}", { "Content-Length": `${LIMIT + 1}` }, 413],
  ["no number for a length", () => "{}", { "Content-Length": "many" }, 200],
];

for (const [what, body, headers, status] of SIZES) {
  test(`handler() answers ${status} to a body of ${what}`, async () => {
    const init: RequestInit & { duplex: "half" } = { headers, duplex: "half" };
    const { response, reached } = await send(body(), "mcp", POLICY, init);
    assert.deepEqual([response.status, reached !== undefined], [status, status === 200]);
  });
}

const ENCODED: [headers: Record<string, string>, status: number][] = [
  [{ "Content-Type": "application/json; charset=utf-8" }, 200],
  [{ "Content-Type": 'application/json; charset="UTF-8"' }, 200],
  [{ "Content-Encoding": "identity" }, 200],
  [{ "Content-Type": "application/json; charset=utf-8; charset=us-ascii" }, 200],
  [{ "Content-Type": "application/json; charset=utf-16" }, 415],
  [{ "Content-Type": "application/json; charset=utf-8; charset=utf-16" }, 415],
  [{ "Content-Type": "application/json; charset=utf-8, a/b; charset=utf-16" }, 415],
  [{ "Content-Type": 'application/json; charset="utf\\-16"' }, 415],
  [{ "Content-Type": "application/json; charset*=utf-8''utf-16" }, 415],
  [{ "Content-Type": 'application/json;charset = "utf-7"' }, 415],
  [{ "Content-Type": 'application/json; a="; charset=utf-8"; charset=utf-16' }, 415],
  [{ "Content-Type": "application/json; charset=utf-8, application/json; charset=utf-16" }, 415],
  [{ "Content-Encoding": "gzip" }, 415],
  [{ "Content-Encoding": "identity, br" }, 415],
];

// What we take for no JSON, a server behind us could decode.
for (const [headers, status] of ENCODED) {
  test(`handler() answers ${status} to ${JSON.stringify(headers)}`, async () => {
    const { response } = await send(JSON.stringify(message("ping")), "mcp", POLICY, { headers });
    assert.equal(response.status, status);
  });
}

test("handler() answers 400 to a body that breaks off", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  const init: RequestInit & { duplex: "half" } = { duplex: "half" };
  const { response, reached } = await send(body, "mcp", POLICY, init);
  assert.deepEqual([response.status, reached], [400, undefined]);
});

for (const headers of [{ "Content-Length": "2" }, { "Transfer-Encoding": "chunked" }]) {
  test(`handler() hands nothing on when the body of ${JSON.stringify(headers)} was kept from it`, async () => {
    const init = { headers: { ...headers } };
    const { response, reached } = await send(null, "mcp", POLICY, init);
    assert.deepEqual([response.status, reached], [400, undefined]);
  });
}

test("handler() hands on a request that has no body", async () => {
  for (
    const init of [{ method: "DELETE" }, { method: "POST", headers: { "Content-Length": "0" } }]
  ) {
    const { response } = await send(null, "mcp", POLICY, init);
    assert.equal(response.status, 200);
  }
});

// Once it is looked at, a body is read as a stream, at a higher cost.
test("handler() does not look at a body that it reads as a whole", async () => {
  const { auth } = createHarness(POLICY, () => json({ ...ACTIVE, scope: "mcp" }));
  const body = JSON.stringify(call("about"));
  const request = mcpRequest("token-1", { body, headers: { "Content-Length": `${body.length}` } });
  Object.defineProperty(request, "body", { get: () => assert.fail("the body was looked at") });
  const response = await auth.handler(() => new Response("ok"))(request);
  assert.equal(await response.text(), "ok");
});

test("handler() tells a browser of what it refuses", async () => {
  const headers = { "Origin": "https://mcp.example.com" };
  const { response } = await send(JSON.stringify(call("add_note")), "mcp", POLICY, { headers });
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), "https://mcp.example.com");
  assert.equal(response.headers.get("Vary"), "Origin");
});

/** A request that counts how often its body is read. */
function watchedRequest(): { request: Request; reads: number } {
  const pull = () => void watched.reads++;
  const body = new ReadableStream({ pull }, { highWaterMark: 0 });
  const init: RequestInit & { duplex: "half" } = { body, duplex: "half" };
  const watched = { request: mcpRequest("token-1", init), reads: 0 };
  return watched;
}

test("handler() reads no body without a policy", async () => {
  const harness = createHarness();
  const watched = watchedRequest();
  let options: unknown;
  const response = await harness.auth.handler((_, given) => {
    options = given;
    return new Response("ok");
  })(watched.request);
  assert.equal(response.status, 200);
  assert.deepEqual(Object.keys(options ?? {}), ["authInfo"]);
  // The request is copied, for which Bun reads ahead once.
  const copied = watchedRequest();
  new Request(copied.request);
  await setImmediate();
  assert.equal(watched.reads, copied.reads);
});

test("handler() reads no body of a caller whom the door refuses", async () => {
  const { auth } = createHarness(POLICY, () => json({ active: false }));
  const watched = watchedRequest();
  assert.equal((await auth.handler(() => new Response("ok"))(watched.request)).status, 401);
  assert.equal(watched.reads, 0);
});

test("handler() does not call the MCP server when a rule throws", async () => {
  const operations = {
    tools: {
      t: () => {
        throw new Error("of the rule");
      },
      u: () => "a" as unknown as string[],
    },
  };
  await assert.rejects(send(JSON.stringify(call("t")), "a", { operations }), {
    message: "of the rule",
  });
  await assert.rejects(send(JSON.stringify(call("u")), "a", { operations }), {
    name: "TypeError",
    message: 'Cannot judge a call: the result of the function for tools/call "u" must be ' +
      'a list of scopes, or { anyOf }: received "a"',
  });
});

test("handler() tells an operator of what it refuses, and no secret", async () => {
  const events: Record<string, unknown>[] = [];
  const options = { ...DENY, onEvent: (event: object) => events.push({ ...event }) };
  await send(JSON.stringify(call("add_note")), "mcp notes:read", options);
  await send(JSON.stringify(call("oth\u00e9r")), "mcp", options);
  const told = events.filter(({ code }) => /refused/.test(String(code)));
  const [missing, unknown] = told;
  assert.equal(told.length, 2);
  assert.deepEqual({ ...missing, message: "" }, {
    code: "call_refused",
    reason: "scope_missing",
    tokenDigest: "3f08aace122e",
    clientId: "client-1",
    subject: "user-1",
    expected: '"mcp notes:write"',
    received: '"mcp notes:read"',
    message: "",
    occurredAt: NOW,
  });
  assert.deepEqual({ ...unknown, message: "" }, {
    code: "request_refused",
    reason: "operation",
    tokenDigest: "3f08aace122e",
    clientId: "client-1",
    subject: "user-1",
    received: '"oth\\u00e9r"',
    message: "",
    occurredAt: NOW,
  });
  const text = JSON.stringify(events);
  for (const secret of ["token-1", SECRET]) assert(!text.includes(secret));
});

// Fresh: the answer of now, whatever the cache holds.
const FRESH: Partial<PropelAuthOptions> = { ...POLICY, ...cached() };
const PURGE = JSON.stringify(call("purge"));
const LIST = JSON.stringify(call("list_notes"));

test("handler() asks about the token now where the operation wants it", async () => {
  const { auth, asked } = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = auth.handler(() => new Response("ok"));
  const count = async (body: string) => {
    assert.equal((await handler(mcpRequest("token-1", { body }))).status, 200);
    return asked.length;
  };
  assert.deepEqual(
    [
      await count(LIST),
      await count(LIST),
      await count(PURGE),
      await count(LIST),
      await count(PURGE),
    ],
    [1, 1, 2, 2, 3],
  );
});

test("handler() asks once for a fresh operation with a cold token", async () => {
  const { auth, asked } = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: PURGE }));
  assert.equal(asked.length, 1);
});

test("handler() asks once for a hundred simultaneous fresh operations", async () => {
  const harness = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = harness.auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: LIST }));
  const all = await Promise.all(
    Array.from({ length: 100 }, () => handler(mcpRequest("token-1", { body: PURGE }))),
  );
  assert(all.every(({ status }) => status === 200));
  assert.equal(harness.asked.length, 2);
});

test("handler() does not ask anew for a fresh operation that lacks a scope anyway", async () => {
  const { auth, asked } = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp" }));
  const handler = auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: JSON.stringify(call("about")) }));
  assert.equal((await handler(mcpRequest("token-1", { body: PURGE }))).status, 403);
  assert.equal(asked.length, 1);
});

const CHANGES: [what: string, answer: () => Response, status: number, error: string][] = [
  ["revoked", () => json({ active: false }), 401, "invalid_token"],
  ["expired", () => json({ ...ACTIVE, scope: "mcp notes:admin", exp: NOW }), 401, "invalid_token"],
  ["without the scope", () => json({ ...ACTIVE, scope: "mcp" }), 403, "insufficient_scope"],
  [
    "without the door's scope",
    () => json({ ...ACTIVE, scope: "notes:admin" }),
    403,
    "insufficient_scope",
  ],
  [
    "unknown, since PropelAuth is away",
    () => new Response(null, { status: 502 }),
    503,
    "temporarily_unavailable",
  ],
];

for (const [what, answer, status, error] of CHANGES) {
  test(`handler() refuses a fresh operation when the token is ${what} by now`, async () => {
    const harness = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
    let calls = 0;
    const handler = harness.auth.handler(() => {
      calls++;
      return new Response("ok");
    });
    await handler(mcpRequest("token-1", { body: LIST }));
    harness.answer = answer;
    const response = await handler(mcpRequest("token-1", { body: PURGE }));
    assert.deepEqual([response.status, (await response.json()).error, calls], [status, error, 1]);
  });
}

test("handler() believes the cache no longer when a fresh answer says that the token is dead", async () => {
  const harness = createHarness(FRESH, () => json({ ...ACTIVE, scope: "mcp notes:admin" }));
  const handler = harness.auth.handler(() => new Response("ok"));
  await handler(mcpRequest("token-1", { body: LIST }));
  harness.answer = () => json({ active: false });
  const statuses = [];
  for (const body of [LIST, PURGE, LIST]) {
    statuses.push((await handler(mcpRequest("token-1", { body }))).status);
  }
  assert.deepEqual(statuses, [200, 401, 401]);
});
