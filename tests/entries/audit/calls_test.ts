import assert from "node:assert/strict";
import { test } from "node:test";
import { json, NOW, settle } from "../../support/harness.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { createAudited, message, notification, post, short, toolCall } from "./harness.ts";

const result = (id: unknown = 1, members: Record<string, unknown> = {}) => ({
  jsonrpc: "2.0",
  id,
  result: { content: [], ...members },
});
const failure = (code: number, id: unknown = 1) => ({
  jsonrpc: "2.0",
  id,
  error: { code, message: "no" },
});
const unauthorized = (scope: string) =>
  json(failure(-32000, null), {
    status: 403,
    headers: { "WWW-Authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
  });

const CALLED: [what: string, body: unknown, answer: () => Response, events: unknown[][]][] = [
  ["a tool with a result", toolCall("add"), () => json(result()), [
    ["tools/call", "add", 1, "ok"],
  ]],
  ["a tool with an error of its own", toolCall("add"), () => json(result(1, { isError: true })), [
    ["tools/call", "add", 1, "tool_error"],
  ]],
  ["a JSON-RPC error", toolCall("add"), () => json(failure(-32602)), [
    ["tools/call", "add", 1, "error", -32602],
  ]],
  [
    "a JSON-RPC error with an HTTP status",
    toolCall("add"),
    () => json(failure(-32601), { status: 404 }),
    [["tools/call", "add", 1, "error", -32601, 404]],
  ],
  [
    "an error about the whole body",
    toolCall("add"),
    () => json(failure(-32700, null), { status: 400 }),
    [["tools/call", "add", 1, "error", -32700, 400]],
  ],
  [
    "an HTTP error without JSON-RPC",
    toolCall("add"),
    () => new Response("no", { status: 502 }),
    [["tools/call", "add", 1, "error", 502]],
  ],
  ["an HTTP error with other JSON", toolCall("add"), () => json({ a: 1 }, { status: 500 }), [
    ["tools/call", "add", 1, "error", 500],
  ]],
  ["an answer to another id", toolCall("add"), () => json(result("1")), [
    ["tools/call", "add", 1, "no_answer"],
  ]],
  ["an answer that is no JSON", toolCall("add"), () => new Response("hello"), [
    ["tools/call", "add", 1, "no_answer"],
  ]],
  [
    "an answer that is compressed",
    toolCall("add"),
    () => json(result(), { headers: { "Content-Encoding": "br" } }),
    [["tools/call", "add", 1, "no_answer"]],
  ],
  ["no answer", toolCall("add"), () => new Response(null, { status: 204 }), [
    ["tools/call", "add", 1, "no_answer"],
  ]],
  [
    "a status that cannot have a body",
    toolCall("add"),
    () => new Response(null, { status: 304, headers: { "Content-Type": "application/json" } }),
    [["tools/call", "add", 1, "no_answer"]],
  ],
  ["a JSON type of another kind", toolCall("add"), () =>
    new Response(JSON.stringify(result()), {
      headers: { "Content-Type": "application/json-rpc+json; charset=utf-8" },
    }), [["tools/call", "add", 1, "ok"]]],
  ["a resource", message("resources/read", { uri: "n://1" }, "a"), () => json(result("a")), [
    ["resources/read", "n://1", "a", "ok"],
  ]],
  ["a prompt", message("prompts/get", { name: "p" }), () => json(result()), [
    ["prompts/get", "p", 1, "ok"],
  ]],
  ["a method about nothing", message("ping"), () => json(result()), [
    ["ping", undefined, 1, "ok"],
  ]],
  ["a tool without a name", message("tools/call"), () => json(failure(-32602)), [
    ["tools/call", undefined, 1, "error", -32602],
  ]],
  [
    "a notification",
    notification("notifications/initialized"),
    () => new Response(null, { status: 202 }),
    [["notifications/initialized", undefined, undefined, "ok"]],
  ],
  [
    "a notification that is not taken",
    notification("tools/call", { name: "add" }),
    () => new Response(null, { status: 400 }),
    [["tools/call", "add", undefined, "error", 400]],
  ],
  [
    "a batch, in the order of its answers",
    [toolCall("a", 1), toolCall("b", "1"), notification("n/x"), { id: 5, result: {} }],
    () => json([result("1"), failure(7, 1)]),
    [
      ["tools/call", "b", "1", "ok"],
      ["tools/call", "a", 1, "error", 7],
      ["n/x", undefined, undefined, "ok"],
    ],
  ],
  ["two calls with one id", [toolCall("a"), toolCall("b")], () => json([result(), failure(3)]), [
    ["tools/call", "a", 1, "ok"],
    ["tools/call", "b", 1, "error", 3],
  ]],
  ["an id that is none", toolCall("a", null), () => json(result(null)), [
    ["tools/call", "a", undefined, "ok"],
  ]],
  ["a challenge of the MCP server", toolCall("add"), () => unauthorized("a b"), [
    ["tools/call", "add", 1, "refused", "scope_missing", ["a", "b"]],
  ]],
  ["a 403 without a challenge", toolCall("add"), () => new Response(null, { status: 403 }), [
    ["tools/call", "add", 1, "error", 403],
  ]],
  [
    "an answer of the client",
    { jsonrpc: "2.0", id: 1, result: {} },
    () => new Response(null, { status: 202 }),
    [],
  ],
];

for (const [what, body, answer, expected] of CALLED) {
  test(`auditCalls() records ${what}, and the response stays as it is`, async () => {
    const { auth, events } = createAudited();
    const response = await auth.handler(answer)(post(body));
    assert.deepEqual(events.map(short), expected);
    const original = answer();
    assert.equal(response.status, original.status);
    assert.deepEqual([...response.headers], [...original.headers]);
    assert.equal(await response.text(), await original.text());
    assert.equal(events.length, expected.length);
  });
}

test("auditCalls() records caller, request and time", async () => {
  const { auth, events, world } = createAudited(
    {},
    undefined,
    () =>
      json({
        active: true,
        sub: "user-1",
        client_id: "client-1",
        org_id: "acme",
        aud: "https://mcp.example.com/mcp",
      }),
  );
  const handler = auth.handler(() => {
    world.advance(1.5);
    return json(result());
  });
  await handler(post(toolCall("add"), {
    "MCP-Protocol-Version": "2025-11-25",
    "Mcp-Session-Id": "s-1",
  }));
  const [{ eventId = "", ...event } = {}] = events;
  assert.match(eventId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.deepEqual(event, {
    endedAt: NOW + 1.5,
    durationSeconds: 1.5,
    method: "tools/call",
    name: "add",
    outcome: "ok",
    subject: "user-1",
    clientId: "client-1",
    orgId: "acme",
    credential: "access_token",
    tokenDigest: "3f08aace122e",
    requestId: 1,
    protocolVersion: "2025-11-25",
    sessionId: "s-1",
  });
});

const VERSIONS: [what: string, body: unknown, headers: HeadersInit, version: string | undefined][] =
  [
    [
      "the header",
      message("initialize", { protocolVersion: "b" }),
      { "MCP-Protocol-Version": "a" },
      "a",
    ],
    ["initialize", message("initialize", { protocolVersion: "b" }), {}, "b"],
    [
      "the metadata of MCP 2026-07-28",
      message("ping", {
        _meta: { "io.modelcontextprotocol/protocolVersion": "c" },
      }),
      {},
      "c",
    ],
    ["nothing", message("ping", { protocolVersion: "b" }), {}, undefined],
  ];

for (const [what, body, headers, version] of VERSIONS) {
  test(`auditCalls() takes the protocol version from ${what}`, async () => {
    const { auth, events } = createAudited();
    await auth.handler(() => json(result()))(post(body, headers));
    assert.equal(events[0]?.protocolVersion, version);
  });
}

test("auditCalls() records the session that initialize opens", async () => {
  const { auth, events } = createAudited();
  const handler = auth.handler(() => json(result(), { headers: { "Mcp-Session-Id": "s-2" } }));
  await handler(post(message("initialize")));
  assert.equal(events[0]?.sessionId, "s-2");
});

test("auditCalls() records every resource that subscriptions/listen names", async () => {
  const { auth, events } = createAudited();
  const handler = auth.handler(() => json(result()));
  const listen = (...resourceSubscriptions: string[]) =>
    handler(post(message("subscriptions/listen", { notifications: { resourceSubscriptions } })));
  await listen("n://1");
  await listen("n://1", "n://2");
  assert.deepEqual(events.map(({ uri, uris }) => [uri, uris]), [
    ["n://1", undefined],
    [undefined, ["n://1", "n://2"]],
  ]);
});

test("auditCalls() cuts ids, versions and sessions that the client chooses", async () => {
  const { auth, events } = createAudited();
  const long = "x".repeat(1000);
  const handler = auth.handler(() => json(result(long)));
  await handler(
    post(toolCall("a", long), { "MCP-Protocol-Version": long, "Mcp-Session-Id": long }),
  );
  const { requestId, protocolVersion, sessionId, outcome } = events[0] ?? {};
  assert.deepEqual([requestId, protocolVersion, sessionId], Array(3).fill("x".repeat(200)));
  assert.equal(outcome, "ok");
});

test("auditCalls() bounds all that a client can put into an event", async () => {
  const { auth, events, world } = createAudited({}, ({ arguments: args }) => args);
  const handler = auth.handler(() => json(result("x")));
  const long = (length: number) => "x".repeat(length);
  const listen = (count: number, length: number) => {
    const resourceSubscriptions = Array.from({ length: count }, () => long(length));
    return message(
      "subscriptions/listen",
      { notifications: { resourceSubscriptions } },
      long(9_000),
    );
  };
  const bodies = [
    message(long(512), {}, long(9_000)),
    message("tools/call", { name: long(512), arguments: { a: long(4_000) } }, long(9_000)),
    message("resources/read", { uri: long(4_096) }, long(9_000)),
    listen(8, 4_096),
    listen(999, 32),
  ];
  const texts = { "MCP-Protocol-Version": long(9_000), "Mcp-Session-Id": long(9_000) };
  for (const body of bodies) assert.equal((await handler(post(body, texts))).status, 200);
  world.advance(1000);
  const lengths = events.map((event) => JSON.stringify(event).length);
  assert.equal(lengths.length, bodies.length);
  assert(Math.max(...lengths) <= 40_000, String(lengths));
});

test("auditCalls() records a call whose MCP server throws, and the error passes through", async () => {
  const { auth, events } = createAudited();
  const handler = auth.handler(() => {
    throw new Error("broken");
  });
  await assert.rejects(handler(post(toolCall("add"))), { message: "broken" });
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "error"]]);
});

const broken = (): never => {
  throw new Error("broken");
};
const BROKEN: [does: string, onCall: () => void][] = [
  ["throws", broken],
  // TypeScript takes such a function. A rejection that nothing handles would end the process.
  ["rejects", () => Promise.reject(new Error("broken"))],
  ["returns something that only looks like a promise", () => ({ then: broken, catch: broken })],
];

for (const [does, onCall] of BROKEN) {
  test(`auditCalls() ignores a function that ${does}`, async () => {
    const { auditCalls } = await import("@x/propelauth-mcp/audit");
    const { auth } = createAudited({ audit: auditCalls({ onCall }) });
    const response = await auth.handler(() => json(result()))(post(toolCall("add")));
    assert.equal(response.status, 200);
    await settle();
  });
}

// The body is read once, so the MCP server receives the body that is recorded.
test("auditCalls() hands the parsed body on, and refuses what two parsers could read in two ways", async () => {
  const { auth, events } = createAudited();
  const received: unknown[] = [];
  const handler = auth.handler(async (request, { parsedBody }) => {
    received.push(parsedBody, await request.json());
    return json(result());
  });
  await handler(post(toolCall("add")));
  assert.deepEqual(received, [toolCall("add"), toolCall("add")]);
  const disguised = await handler(post({ ...toolCall("add"), Method: "ping" }));
  const broken = await handler(post("x", {}, { body: "{" }));
  assert.deepEqual([disguised.status, broken.status, events.length], [400, 400, 1]);
});

test("auditCalls() keeps the MCP server from compressing its answer", async () => {
  const { auth } = createAudited();
  let accepted: string | null = "";
  const handler = auth.handler((request) => {
    accepted = request.headers.get("Accept-Encoding");
    return json(result());
  });
  await handler(post(toolCall("add"), { "Accept-Encoding": "gzip" }));
  assert.equal(accepted, null);
});

test("createPropelAuth() without audit reads no body of a function as server", async () => {
  const { auth } = createAudited({ audit: [] });
  let used: boolean | undefined;
  const handler = auth.handler((request, { parsedBody }) => {
    used = request.bodyUsed;
    assert.equal(parsedBody, undefined);
    return new Response();
  });
  const request = post(toolCall("add"));
  await handler(request);
  assert.equal(used, false);
});

const PICKED: [
  what: string,
  pick: () => unknown,
  expected: { arguments?: unknown; argumentsOmitted?: string },
][] = [
  ["a record", () => ({ id: 7, nested: [{ a: 1 }] }), { arguments: { id: 7, nested: [{ a: 1 }] } }],
  ["nothing", () => undefined, {}],
  ["members that JSON has not", () => ({ a: undefined, b: new Date(0) }), {
    arguments: { b: "1970-01-01T00:00:00.000Z" },
  }],
  ["the longest record", () => ({ a: "x".repeat(4088) }), { arguments: { a: "x".repeat(4088) } }],
  ["a record that is too long", () => ({ a: "x".repeat(4089) }), { argumentsOmitted: "too_long" }],
  ["a list", () => [1], { argumentsOmitted: "failed" }],
  ["a text", () => "a", { argumentsOmitted: "failed" }],
  ["a function", () => () => 1, { argumentsOmitted: "failed" }],
  ["a record that JSON cannot have", () => ({ a: 1n }), { argumentsOmitted: "failed" }],
  ["an error", broken, { argumentsOmitted: "failed" }],
  ["a promise", () => Promise.resolve({ a: 1 }), { argumentsOmitted: "failed" }],
  ["a promise that rejects", () => Promise.reject(new Error("broken")), {
    argumentsOmitted: "failed",
  }],
];

for (const [what, pick, expected] of PICKED) {
  test(`auditArguments() records the arguments of ${what}`, async () => {
    // As a program without types may.
    const { auth, events } = createAudited({}, pick as () => Record<string, unknown>);
    await auth.handler(() => json(result()))(post(toolCall("add")));
    const { arguments: picked, argumentsOmitted } = events[0] ?? {};
    assert.deepEqual({
      ...(picked && { arguments: picked }),
      ...(argumentsOmitted && { argumentsOmitted }),
    }, expected);
  });
}

test("auditArguments() is called before the MCP server, with the operation", async () => {
  const seen: unknown[] = [];
  const { auth, events } = createAudited({}, (operation) => {
    seen.push(structuredClone(operation));
    return { args: operation.arguments };
  });
  const handler = auth.handler((_request, { parsedBody }) => {
    const { params } = parsedBody as { params: { arguments?: object } };
    Object.assign(params.arguments ?? {}, { text: "" });
    return json(result());
  });
  await handler(post(toolCall("add")));
  await handler(post(message("resources/read", { uri: "n://1" })));
  await handler(post(message("ping", { text: "hidden" })));
  assert.deepEqual(seen, [
    { method: "tools/call", name: "add", arguments: { text: "secret text" } },
    { method: "resources/read", name: "n://1", arguments: {} },
    { method: "ping", name: "ping", arguments: {} },
  ]);
  assert.deepEqual(events[0]?.arguments, { args: { text: "secret text" } });
});

test("auditCalls() records neither arguments, nor results, nor the token", async () => {
  const { auth, events } = createAudited();
  const handler = auth.handler(() => json(result(1, { text: "result text" })));
  await handler(post(toolCall("add"), { Cookie: "cookie" }));
  const text = JSON.stringify(events);
  for (const hidden of ["secret text", "result text", "token-1", "cookie"]) {
    assert(!text.includes(hidden), hidden);
  }
});

const REFUSED: [
  what: string,
  options: Partial<PropelAuthOptions>,
  body: unknown,
  status: number,
  events: unknown[][],
][] = [
  [
    "a tool whose scope is missing",
    { operations: { tools: { add: ["notes:write"] } } },
    toolCall("add"),
    403,
    [["tools/call", "add", 1, "refused", "scope_missing", ["notes:write"]]],
  ],
  [
    "a batch with one tool too many",
    { operations: { tools: { add: ["notes:write"] } } },
    [toolCall("read", 1), toolCall("add", 2)],
    403,
    [
      ["tools/call", "read", 1, "refused", "scope_missing", ["notes:write"]],
      ["tools/call", "add", 2, "refused", "scope_missing", ["notes:write"]],
    ],
  ],
  ["an operation that no rule allows", { defaultOperation: "deny" }, toolCall("add"), 403, [
    ["tools/call", "add", 1, "refused", "operation", []],
  ]],
];

for (const [what, options, body, status, expected] of REFUSED) {
  test(`auditCalls() records ${what} as refused, once`, async () => {
    const told: unknown[] = [];
    const { auth, events } = createAudited({
      ...options,
      onEvent: (event) => /refused/.test(event.code) && told.push(event.code),
    });
    const response = await auth.handler(() => json(result()))(post(body));
    assert.deepEqual([response.status, told.length], [status, 1]);
    assert.deepEqual(events.map(short), expected);
  });
}

test("auditCalls() records a call whose token PropelAuth refuses when it is asked anew", async () => {
  const harness = createAudited({
    operations: { tools: { add: { fresh: true } } },
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  });
  const { auth, events } = harness;
  const handler = auth.handler(() => json(result()));
  await handler(post(message("ping")));
  harness.answer = () => new Response(null, { status: 401 });
  assert.equal((await handler(post(toolCall("add")))).status, 500);
  harness.answer = () => json({ active: false });
  assert.equal((await handler(post(toolCall("add")))).status, 401);
  assert.deepEqual(events.slice(1).map(short), [
    ["tools/call", "add", 1, "refused", "client_refused", []],
    ["tools/call", "add", 1, "refused", "inactive", []],
  ]);
});

test("auditCalls() records a call whose rule throws as an error", async () => {
  const { auth, events } = createAudited({
    operations: {
      tools: {
        add: () => {
          throw new Error("broken");
        },
      },
    },
  });
  await assert.rejects(auth.handler(() => json(result()))(post(toolCall("add"))));
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "error"]]);
});

const REQUIRED: [what: string, answer: (require: () => void) => Response, events: unknown[][]][] = [
  ["a function lets it through", (require) => {
    require();
    return json(result());
  }, [["tools/call", "add", 1, "refused", "scope_missing", ["admin"]]]],
  ["the SDK turns it into a result", (require) => {
    assert.throws(require);
    return json(result(1, { isError: true }));
  }, [["tools/call", "add", 1, "refused", "scope_missing", ["admin"]]]],
  ["the tool goes on without it", (require) => {
    assert.throws(require);
    return json(result());
  }, [["tools/call", "add", 1, "ok"]]],
];

for (const [what, answer, expected] of REQUIRED) {
  test(`auditCalls() records a requirement that fails when ${what}`, async () => {
    const { auth, events } = createAudited();
    await auth.handler(() => answer(() => auth.requireScopes("admin")))(post(toolCall("add")));
    assert.deepEqual(events.map(short), expected);
  });
}

test("auditCalls() does not guess which call of a batch a requirement refused", async () => {
  const { auth, events } = createAudited();
  const handler = auth.handler(() => {
    assert.throws(() => auth.requireScopes("admin"));
    return json([result(1, { isError: true }), result(2)]);
  });
  await handler(post([toolCall("a", 1), toolCall("b", 2)]));
  assert.deepEqual(events.map(short), [
    ["tools/call", "a", 1, "tool_error"],
    ["tools/call", "b", 2, "ok"],
  ]);
});

test("auditCalls() records nothing of requests that are refused before their body is read", async () => {
  const { auth, events } = createAudited({}, undefined, () => json({ active: false }));
  const response = await auth.handler(() => json(result()))(post(toolCall("add")));
  assert.deepEqual([response.status, events], [401, []]);
});

test("createPropelAuth() takes several values of audit, whose events of a call have one eventId", async () => {
  const { auditCalls } = await import("@x/propelauth-mcp/audit");
  const seen: { label: string; name: unknown; eventId: string }[] = [];
  const record = (label: string) =>
    auditCalls({ onCall: ({ name, eventId }) => seen.push({ label, name, eventId }) });
  const { auth } = createAudited({ audit: [record("a"), record("b")] });
  const handler = auth.handler(() => json(result()));
  await handler(post(toolCall("add")));
  await handler(post(toolCall("remove")));
  assert.deepEqual(seen.map(({ label, name }) => `${label} ${name}`), [
    "a add",
    "b add",
    "a remove",
    "b remove",
  ]);
  const [first, second, third, fourth] = seen.map(({ eventId }) => eventId);
  assert.equal(first, second);
  assert.equal(third, fourth);
  assert.notEqual(first, third);
});

for (const audit of [{}, { audits: "calls" }, () => {}, [{}], "calls", null]) {
  test(`createPropelAuth() refuses ${typeof audit} ${JSON.stringify(audit)} as audit`, () => {
    assert.throws(() => createAudited({ audit: audit as never }), {
      name: "TypeError",
      message:
        /^Cannot create PropelAuth: audit must be a result of auditLog\(\) or auditCalls\(\) of @x\/propelauth-mcp\/audit, of otelCalls\(\) of @x\/propelauth-mcp\/otel, or an array of such results: received /,
    });
  });
}

test("auditCalls() refuses options that break their rule", async () => {
  const { auditCalls } = await import("@x/propelauth-mcp/audit");
  for (const options of [{}, { onCall: 1 }, { onCall() {}, other: 1 }, null]) {
    assert.throws(() => auditCalls(options as never), {
      name: "TypeError",
      message: /^Cannot create auditCalls: /,
    });
  }
});

for (
  const [what, before] of [["a byte order mark", [0xef, 0xbb, 0xbf]], ["no UTF-8", [0xff]]] as const
) {
  test(`auditCalls() announces the length that is sent when the answer begins with ${what}`, async () => {
    const { auth } = createAudited();
    const bytes = new Uint8Array([
      ...before,
      ...new TextEncoder().encode(JSON.stringify(result())),
    ]);
    const headers = { "Content-Type": "application/json", "Content-Length": `${bytes.length}` };
    const handler = auth.handler(() => new Response(bytes, { headers }));
    const answer = await handler(post(toolCall("add")));
    const announced = answer.headers.get("Content-Length");
    const { byteLength } = await answer.arrayBuffer();
    assert(announced === null || Number(announced) === byteLength, `${announced}: ${byteLength}`);
  });
}
