import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as ClientTransportV2,
} from "@modelcontextprotocol/client";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as ClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import {
  McpServer as McpServerV1,
  ResourceTemplate as TemplateV1,
} from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  createMcpHandler,
  McpServer as McpServerV2,
  ResourceTemplate as TemplateV2,
} from "@modelcontextprotocol/server";
import type { McpServerHandler } from "../../../src/http/mcp_server.ts";
import type { OperationRules } from "../../../src/operations/operations.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { ACTIVE, createHarness, json, mcpRequest, RESOURCE } from "../../support/harness.ts";

// Black box: what lists show to whom, whatever MCP server is behind the handler.

const RULES: OperationRules = {
  tools: {
    list_notes: ["notes:read"],
    add_note: ["notes:write"],
    admin: { scopes: ["notes:admin"], listed: "always" },
    purge: { scopes: ["notes:read"], listed: "never" },
    mine: (_operation, { subject }) => subject === "user-1" ? [] : { anyOf: [] },
    typed: ({ arguments: { text } }) => [String(text).length > 9 ? "notes:admin" : "notes:read"],
    broken: () => {
      throw new Error("of the rule");
    },
  },
  resources: {
    "notes://{id}": ["notes:read"],
    "notes://secret": ["notes:admin"],
  },
  prompts: { summarize: ["notes:read"], rewrite: { anyOf: ["notes:write", "notes:admin"] } },
};
const HIERARCHY = { "notes:write": ["notes:read"] };
const OPTIONS: Partial<PropelAuthOptions> = {
  scopesSupported: ["notes:read", "notes:write", "notes:admin"],
  scopeHierarchy: HIERARCHY,
  operations: RULES,
};

const TOOLS = ["list_notes", "add_note", "admin", "purge", "mine", "typed", "broken", "other"];
const PROMPTS = ["summarize", "rewrite", "other"];
const URIS = ["notes://1", "notes://secret", "other://1"];
const TEMPLATES = ["notes://{id}", "other://{id}"];

const content = [{ type: "text" as const, text: "done" }];
const contents = [{ uri: "notes://1", text: "done" }];
const messages = [{ role: "user" as const, content: { type: "text" as const, text: "done" } }];
const INFO = { name: "lists", version: "1.0.0" };

function createV1(enableJsonResponse: boolean): McpServerHandler {
  return async (request, options) => {
    const server = new McpServerV1(INFO);
    for (const name of TOOLS) server.registerTool(name, {}, () => ({ content }));
    for (const name of PROMPTS) server.registerPrompt(name, {}, () => ({ messages }));
    for (const uri of URIS) server.registerResource(uri, uri, {}, () => ({ contents }));
    for (const uri of TEMPLATES) {
      const template = new TemplateV1(uri, { list: undefined });
      server.registerResource(uri, template, {}, () => ({ contents }));
    }
    const transport = new TransportV1({ enableJsonResponse });
    await server.connect(transport);
    return await transport.handleRequest(request, options);
  };
}

function createV2(): McpServerHandler {
  const hint = { ttlMs: 60_000, cacheScope: "public" as const };
  return createMcpHandler(() => {
    const server = new McpServerV2(INFO, {
      cacheHints: { "tools/list": hint, "prompts/list": hint, "resources/list": hint },
    });
    for (const name of TOOLS) server.registerTool(name, {}, () => ({ content }));
    for (const name of PROMPTS) server.registerPrompt(name, {}, () => ({ messages }));
    for (const uri of URIS) server.registerResource(uri, uri, {}, () => ({ contents }));
    for (const uri of TEMPLATES) {
      const template = new TemplateV2(uri, { list: undefined });
      server.registerResource(uri, template, {}, () => ({ contents }));
    }
    return server;
  });
}

type Connect = (handler: (request: Request) => Promise<Response>) => Promise<ClientV1 | ClientV2>;
type FetchUrl = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A client's `fetch` that needs no network and sends a token. */
const sendTo = (handler: (request: Request) => Promise<Response>): FetchUrl => (input, init) => {
  const request = new Request(input, init);
  request.headers.set("Authorization", "Bearer token-1");
  return handler(request);
};

const connectV1: Connect = async (handler) => {
  const client = new ClientV1(INFO);
  // The SDK's own type lacks what exactOptionalPropertyTypes asks for.
  const transport: unknown = new ClientTransportV1(new URL(RESOURCE), { fetch: sendTo(handler) });
  await client.connect(transport as Parameters<ClientV1["connect"]>[0]);
  return client;
};

const connectV2 = (mode: "legacy" | { pin: string }): Connect => async (handler) => {
  const client = new ClientV2(INFO, { versionNegotiation: { mode } });
  await client.connect(new ClientTransportV2(new URL(RESOURCE), { fetch: sendTo(handler) }));
  return client;
};

const SERVERS: [what: string, mcp: McpServerHandler, connect: Connect][] = [
  ["SDK v1, event streams", createV1(false), connectV1],
  ["SDK v1, JSON", createV1(true), connectV1],
  ["SDK v1, to a client of v2", createV1(false), connectV2("legacy")],
  ["SDK v2, 2025-11-25", createV2(), connectV2("legacy")],
  ["SDK v2, 2026-07-28", createV2(), connectV2({ pin: "2026-07-28" })],
];

for (const [what, mcp, connect] of SERVERS) {
  test(`handler() reports rules that match nothing in the lists of ${what}, once each`, async () => {
    const reported: unknown[] = [];
    const { auth } = createHarness({
      operations: {
        tools: { list_nots: ["notes:read"], add_note: [] },
        prompts: { summarise: ["notes:read"], rewrite: [] },
        resources: { "note://{id}": ["notes:read"], "notes://secret": [] },
      },
      onEvent: (event) => {
        if (event.code !== "rule_unmatched") return;
        reported.push([event.kind, event.rule, event.nearest]);
      },
    }, () => json(ACTIVE));
    const client = await connect(auth.handler(mcp));
    await show(client);
    await show(client);
    await client.close();
    assert.deepEqual(reported, [
      ["tools", '"list_nots"', '"list_notes"'],
      ["prompts", '"summarise"', '"summarize"'],
      ["resources", '"note://{id}"', '"notes://{id}"'],
    ]);
  });
}

interface Shown {
  tools: string[];
  prompts: string[];
  uris: string[];
  templates: string[];
}

async function show(client: ClientV1 | ClientV2): Promise<Shown> {
  const { tools } = await client.listTools();
  const { prompts } = await client.listPrompts();
  const { resources } = await client.listResources();
  const { resourceTemplates } = await client.listResourceTemplates();
  return {
    tools: tools.map(({ name }) => name),
    prompts: prompts.map(({ name }) => name),
    uris: resources.map(({ uri }) => uri),
    templates: resourceTemplates.map(({ uriTemplate }) => uriTemplate),
  };
}

const CALLERS: [scope: string, shown: Shown][] = [
  ["", {
    tools: ["admin", "mine", "other"],
    prompts: ["other"],
    uris: ["other://1"],
    templates: ["other://{id}"],
  }],
  ["notes:read", {
    tools: ["list_notes", "admin", "mine", "typed", "other"],
    prompts: ["summarize", "other"],
    uris: ["notes://1", "other://1"],
    templates: TEMPLATES,
  }],
  ["notes:write", {
    tools: ["list_notes", "add_note", "admin", "mine", "typed", "other"],
    prompts: PROMPTS,
    uris: ["notes://1", "other://1"],
    templates: TEMPLATES,
  }],
  ["notes:write notes:admin", {
    tools: ["list_notes", "add_note", "admin", "mine", "typed", "other"],
    prompts: PROMPTS,
    uris: URIS,
    templates: TEMPLATES,
  }],
];

for (const [what, mcp, connect] of SERVERS) {
  for (const [scope, shown] of CALLERS) {
    test(`handler() shows ${scope || "nobody's scopes"} what they may use, of ${what}`, async () => {
      const { auth } = createHarness(OPTIONS, () => json({ ...ACTIVE, scope }));
      const client = await connect(auth.handler(mcp));
      assert.deepEqual(await show(client), shown);
      await client.close();
    });
  }
}

test("handler() shows and lets through no more than the rules name, where the unknown is refused", async () => {
  const options: Partial<PropelAuthOptions> = { ...OPTIONS, defaultOperation: "deny" };
  const { auth } = createHarness(
    options,
    () => json({ ...ACTIVE, scope: "notes:write notes:admin" }),
  );
  const client = await connectV2({ pin: "2026-07-28" })(auth.handler(createV2()));
  const { tools, prompts, uris, templates } = await show(client);
  assert.deepEqual([tools, prompts], [
    ["list_notes", "add_note", "admin", "mine", "typed"],
    ["summarize", "rewrite"],
  ]);
  assert.deepEqual([uris, templates], [["notes://1", "notes://secret"], ["notes://{id}"]]);
  await client.callTool({ name: "list_notes" });
  await assert.rejects(client.callTool({ name: "other" }));
  await client.close();
});

test("handler() shows everything so that clients can step up, when the policy says so", async () => {
  const operations = { ...RULES, listed: "always" } as const;
  const { auth } = createHarness({ ...OPTIONS, operations }, () => json({ ...ACTIVE, scope: "" }));
  const client = await connectV1(auth.handler(createV1(true)));
  const { tools, prompts, uris } = await show(client);
  assert.deepEqual(tools, TOOLS.filter((name) => name !== "purge"));
  assert.deepEqual([prompts, uris], [PROMPTS, URIS]);
  await client.close();
});

test("handler() hides all tools of a caller who may call none", async () => {
  const operations = { methods: { "tools/call": ["notes:read"] } };
  const { auth } = createHarness({ operations }, () => json({ ...ACTIVE, scope: "" }));
  const client = await connectV1(auth.handler(createV1(true)));
  const { tools, prompts } = await show(client);
  assert.deepEqual([tools, prompts], [[], PROMPTS]);
  await client.close();
});

// Answers that a server writes by hand, so that each byte is seen.
async function answer(
  request: unknown,
  body: unknown,
  scope = "notes:read",
  options: Partial<PropelAuthOptions> = OPTIONS,
): Promise<unknown> {
  const { auth } = createHarness(options, () => json({ ...ACTIVE, scope }));
  const handler = auth.handler(() => json(body));
  const response = await handler(mcpRequest("token-1", { body: JSON.stringify(request) }));
  return await response.json();
}

const ask = (method: string, id: unknown = 1) => ({ jsonrpc: "2.0", id, method });
const list = (names: string[], more = {}, id: unknown = 1) => ({
  jsonrpc: "2.0",
  id,
  result: { ...more, tools: names.map((name) => ({ name, inputSchema: {} })) },
});

test("handler() keeps pages and all else of a list", async () => {
  const more = { nextCursor: "page-2", _meta: { a: 1 } };
  const sent = await answer(ask("tools/list"), list(["add_note", "list_notes"], more));
  assert.deepEqual(sent, list(["list_notes"], more));
});

for (const id of [0, "a", "1", null, { a: [1] }, "__proto__"]) {
  test(`handler() filters the answer to a request of id ${JSON.stringify(id)}`, async () => {
    const sent = await answer(ask("tools/list", id), list(["add_note"], {}, id));
    assert.deepEqual(sent, list([], {}, id));
  });
}

test("handler() filters every list of a batch", async () => {
  const batch = [ask("tools/list", 1), ask("ping", 2), ask("tools/list", 1)];
  const pong = { jsonrpc: "2.0", id: 2, result: {} };
  const sent = await answer(batch, [list(["add_note"]), pong, list(["add_note", "list_notes"])]);
  assert.deepEqual(sent, [list([]), pong, list(["list_notes"])]);
});

// R29: only results of the revision that has these members say how they may be kept.
const KEPT: [what: string, method: string, params: object, result: object, scope: unknown][] = [
  ["a filtered list", "tools/list", {}, { tools: [], ttlMs: 1, cacheScope: "public" }, "private"],
  ["a list that says no scope", "tools/list", {}, { tools: [], ttlMs: 1 }, "private"],
  ["a list of an older revision", "tools/list", {}, { tools: [] }, undefined],
  ["a guarded resource", "resources/read", { uri: "notes://1" }, {
    contents,
    ttlMs: 1,
    cacheScope: "public",
  }, "private"],
  ["a resource that no rule is for", "resources/read", { uri: "other://1" }, {
    contents,
    ttlMs: 1,
    cacheScope: "public",
  }, "public"],
  ["what the server can do", "server/discover", {}, { ttlMs: 1, cacheScope: "public" }, "public"],
];

for (const method of ["tools/list", "resources/list", "prompts/list", "server/discover"]) {
  test(`handler() lets the result of ${method} be kept as private when the method has a rule`, async () => {
    const result = { ttlMs: 1, cacheScope: "public" };
    const operations = { methods: { [method]: ["notes:read"] } };
    const { auth } = createHarness({ operations }, () => json({ ...ACTIVE, scope: "notes:read" }));
    const handler = auth.handler(() => json({ jsonrpc: "2.0", id: 1, result }));
    const response = await handler(mcpRequest("token-1", { body: JSON.stringify(ask(method)) }));
    assert.equal((await response.json()).result.cacheScope, "private");
  });
}

for (const [what, method, params, result, cacheScope] of KEPT) {
  test(`handler() lets ${what} be kept as ${cacheScope ?? "nothing at all"}`, async () => {
    const sent = await answer({ ...ask(method), params }, { jsonrpc: "2.0", id: 1, result });
    assert.deepEqual(sent, {
      jsonrpc: "2.0",
      id: 1,
      result: { ...result, ...(cacheScope !== undefined && { cacheScope }) },
    });
  });
}

test("handler() marks a real list of 2026-07-28 private, and leaves one of 2025-11-25 as it is", async () => {
  for (
    const [mode, expected] of [[{ pin: "2026-07-28" }, "private"], ["legacy", undefined]] as const
  ) {
    const { auth } = createHarness(OPTIONS, () => json({ ...ACTIVE, scope: "notes:read" }));
    const handler = auth.handler(createV2());
    const texts: string[] = [];
    const client = await connectV2(mode)(async (request) => {
      const response = await handler(request);
      if (response.body) texts.push(await response.clone().text());
      return response;
    });
    await client.listTools();
    await client.close();
    const text = texts.find((text) => text.includes('"tools":[')) ?? "";
    assert.equal(/"cacheScope":"(\w+)"/.exec(text)?.[1], expected);
  }
});

test("handler() leaves a list alone that no rule is about", async () => {
  const operations = { prompts: { p: ["a"] } };
  const given = json(list(["a"]));
  const { auth } = createHarness({ operations });
  const body = JSON.stringify(ask("tools/list"));
  assert.equal(await auth.handler(() => given)(mcpRequest("token-1", { body })), given);
});

test("handler() leaves the answer to a call alone, even where it looks like a list", async () => {
  const given = json(list(["add_note"]));
  const { auth } = createHarness(OPTIONS, () => json({ ...ACTIVE, scope: "notes:read" }));
  const body = JSON.stringify({ ...ask("tools/call"), params: { name: "list_notes" } });
  assert.equal(await auth.handler(() => given)(mcpRequest("token-1", { body })), given);
});

test("handler() filters the messages of a resumed stream", async () => {
  const { auth } = createHarness(OPTIONS, () => json({ ...ACTIVE, scope: "notes:read" }));
  const event = `id: 1\ndata: ${JSON.stringify(list(["add_note", "list_notes"]))}\n\n`;
  const stream = { headers: { "Content-Type": "text/event-stream" } };
  const handler = auth.handler(() => new Response(event, stream));
  const init = { method: "GET", headers: { "Last-Event-ID": "0" } };
  const text = await (await handler(mcpRequest("token-1", init))).text();
  assert.equal(text, `id: 1\ndata: ${JSON.stringify(list(["list_notes"]))}\n\n`);
});

test("handler() asks a server not to compress what has to be read, and sends nothing else", async () => {
  const { auth } = createHarness(OPTIONS, () => json({ ...ACTIVE, scope: "notes:read" }));
  const handler = auth.handler((request) => {
    assert.equal(request.headers.get("Accept-Encoding"), null);
    return json(list(["add_note"]), { headers: { "Content-Encoding": "br" } });
  });
  const init = { headers: { "Accept-Encoding": "br" }, body: JSON.stringify(ask("tools/list")) };
  const response = await handler(mcpRequest("token-1", init));
  assert.equal(response.status, 500);
  assert(!(await response.text()).includes("add_note"));
});

test("handler() gives a browser its headers with a list too", async () => {
  const { auth } = createHarness(OPTIONS, () => json({ ...ACTIVE, scope: "notes:read" }));
  const origin = "https://mcp.example.com";
  const init = { headers: { "Origin": origin }, body: JSON.stringify(ask("tools/list")) };
  const response = await auth.handler(() => json(list(["add_note"])))(mcpRequest("token-1", init));
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), origin);
  assert.deepEqual(await response.json(), list([]));
});

const ODD: unknown[] = [{}, { name: 1 }, null, "add_note", ["add_note"]];

test("handler() shows an entry without a name only where the unknown is allowed", async () => {
  const given = { jsonrpc: "2.0", id: 1, result: { tools: ODD } };
  const none = { jsonrpc: "2.0", id: 1, result: { tools: [] } };
  assert.deepEqual(await answer(ask("tools/list"), given), given);
  const deny: Partial<PropelAuthOptions> = { ...OPTIONS, defaultOperation: "deny" };
  assert.deepEqual(await answer(ask("tools/list"), given, "", deny), none);
});
