import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import {
  ACTIVE,
  createHarness,
  json,
  mcpRequest,
  METADATA_URL,
  NOW,
  SECRET,
} from "../../support/harness.ts";
import { call, DENY, message, POLICY, read, send } from "./tried.ts";

// The scopes that each operation needs, and the one challenge that names them all.

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
  ["the scope of every request", call("about"), "notes:read", "mcp"],
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
    ["what every request requires", { requiredScopes: ["mcp", "notes:read"] }, "mcp notes:read"],
    [
      "what every request and the operations need",
      { requiredScopes: ["mcp"], operations: { tools: { t: { anyOf: ["notes:read", "x"] } } } },
      "mcp notes:read x",
    ],
    [
      "nothing that only hidden operations need",
      { operations: { tools: { t: { scopes: ["notes:admin"], listed: "never" } } } },
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

test("handler() takes a broader scope for one that every request requires, and names the narrow one", async () => {
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

test("handler() has CORS headers on a refused call", async () => {
  const headers = { "Origin": "https://mcp.example.com" };
  const { response } = await send(JSON.stringify(call("add_note")), "mcp", POLICY, { headers });
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), "https://mcp.example.com");
  assert.equal(response.headers.get("Vary"), "Origin");
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

test("handler() reports a refused call to the operator, without a secret", async () => {
  const events: Record<string, unknown>[] = [];
  const options = { ...DENY, onEvent: (event: object) => events.push({ ...event }) };
  await send(JSON.stringify(call("add_note")), "mcp notes:read", options);
  await send(JSON.stringify(call("oth\u00e9r")), "mcp", options);
  const told = events.filter(({ code }) => /refused/.test(String(code)));
  const [missing, unknown] = told;
  assert.equal(told.length, 2);
  assert.deepEqual({ ...missing, message: "" }, {
    code: "call_refused",
    credential: "access_token",
    challenged: true,
    reason: "scope_missing",
    tokenDigest: "3f08aace122e",
    clientId: "client-1",
    subject: "user-1",
    method: "tools/call",
    operation: '"add_note"',
    expected: '"mcp notes:write"',
    received: '"mcp notes:read"',
    message: "",
    occurredAt: NOW,
  });
  assert.deepEqual({ ...unknown, message: "" }, {
    code: "request_refused",
    reason: "operation",
    credential: "access_token",
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
