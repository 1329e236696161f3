/** Calls to a real MCP server behind the gate, as the real OpenTelemetry SDK collects them. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import * as api from "@opentelemetry/api";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { type OtelApi, otelCalls, type OtelCallsOptions, otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { createTestSdk } from "./test_sdk.ts";

const say = (text: string, isError = false) => ({
  isError,
  content: [{ type: "text" as const, text }],
});

/** A protected MCP server with an SDK of its own; `search_notes` starts a span. */
function serve(options?: OtelCallsOptions) {
  const sdk = createTestSdk();
  const kit = createTestPropelAuth({
    onEvent: otelEvents(sdk.api, { recordSubject: true }),
    audit: otelCalls(sdk.api, options),
    operations: { tools: { delete_notes: ["notes:admin"], write_note: { fresh: true } } },
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  });
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: "notes", version: "1.0.0" });
    server.registerTool("search_notes", { description: "" }, async () => {
      await Promise.resolve();
      sdk.tracer.startSpan("SELECT", {}, sdk.api.context.active() as api.Context).end();
      return say("found");
    });
    server.registerTool("write_note", { description: "" }, () => say("disk full", true));
    server.registerTool("delete_notes", { description: "" }, () => say("deleted"));
    server.registerPrompt("review", { description: "" }, () => ({
      messages: [{ role: "user" as const, content: { type: "text" as const, text: "review" } }],
    }));
    return server;
  });
  const handler = kit.createPropelAuth().handler(mcp);
  return {
    ...sdk,
    kit,
    async post(body: unknown, token?: string, headers: Record<string, string> = {}) {
      const response = await handler(
        new Request("https://mcp.example.com/mcp", {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            Accept: "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
            ...(token !== undefined && { Authorization: `Bearer ${token}` }),
            ...headers,
          },
          body: JSON.stringify(body),
        }),
      );
      await response.text();
      return response.status;
    },
  };
}

const message = (method: string, params: object = {}, id: number | undefined = 1) => ({
  jsonrpc: "2.0",
  ...(id !== undefined && { id }),
  method,
  params,
});
const callTool = (name: string, id?: number) => message("tools/call", { name, arguments: {} }, id);

test("otelCalls() takes the module itself, and refuses anything else", () => {
  const typed: OtelApi = api;
  assert.equal(otelCalls(typed).audits, "calls");
  const { propagation: _, ...rest } = api;
  for (const not of [undefined, {}, rest]) {
    // @ts-expect-error: none of these is the module
    assert.throws(() => otelCalls(not), {
      name: "TypeError",
      message: /^Cannot create otelCalls: api must be the module @opentelemetry\/api: received /,
    });
  }
});

test("otelCalls() refuses options that it would ignore", () => {
  const refused: [options: Record<string, unknown>, says: string][] = [
    [{ recordOrganisation: true }, ".+ did you mean recordOrganization\\?"],
    [{ recordOrganization: 1 }, "recordOrganization must be true or false: received 1"],
    [{ recordSubject: "yes" }, 'recordSubject must be true or false: received "yes"'],
    [{ attributes: [] }, "attributes must be an object: received .+"],
  ];
  for (const [options, says] of refused) {
    const expected = new RegExp(`^Cannot create otelCalls: ${says}$`);
    assert.throws(() => otelCalls(api, options), { name: "TypeError", message: expected });
  }
});

test("otelCalls() puts the verification, the introspection and the tool's work into the call", async () => {
  const { kit, post, spans, tracer, within } = serve();
  const http = tracer.startSpan("POST");
  const token = kit.token({ subject: "user-7" });
  assert.equal(await within(http, () => post(callTool("search_notes"), token)), 200);
  const all = spans();
  const parentOf = (name: string) => {
    const id = all.find((span) => span.name === name)?.parentSpanContext?.spanId;
    return all.find((span) => span.spanContext().spanId === id)?.name ??
      (id === http.spanContext().spanId ? "POST" : undefined);
  };
  assert.deepEqual(all.map(({ name }) => [name, parentOf(name)]), [
    ["propelauth.introspect", "propelauth.verify"],
    ["propelauth.verify", "tools/call search_notes"],
    ["SELECT", "tools/call search_notes"],
    ["tools/call search_notes", "POST"],
  ]);
  assert.deepEqual(all.map(({ kind }) => kind), [
    api.SpanKind.CLIENT,
    api.SpanKind.INTERNAL,
    api.SpanKind.INTERNAL,
    api.SpanKind.SERVER,
  ]);
});

test("otelCalls() leaves the verification to the HTTP request when no call was read", async () => {
  const { kit, post, spans, tracer, within } = serve();
  const http = tracer.startSpan("POST");
  assert.equal(await within(http, () => post(callTool("search_notes"), "made-up")), 401);
  const forbidden = kit.token({ scopes: [] });
  kit.fail(503);
  assert.equal(await within(http, () => post(callTool("search_notes"), forbidden)), 503);
  await Promise.resolve();
  const verified = spans().filter(({ name }) => name === "propelauth.verify");
  assert.deepEqual(verified.map((span) => span.parentSpanContext?.spanId), [
    http.spanContext().spanId,
    http.spanContext().spanId,
  ]);
  assert(spans().every(({ kind }) => kind !== api.SpanKind.SERVER));
});

test("otelCalls() puts a fresh introspection into the call that needs it", async () => {
  const { kit, post, spans } = serve();
  const token = kit.token();
  await post(callTool("search_notes"), token);
  await post(callTool("write_note"), token);
  const span = spans().find(({ name }) => name === "tools/call write_note");
  const within = spans().filter(({ parentSpanContext }) =>
    parentSpanContext?.spanId === span?.spanContext().spanId
  );
  assert.deepEqual(within.map(({ name, attributes }) => [name, attributes["propelauth.source"]]), [
    ["propelauth.verify", "cache"],
    ["propelauth.verify", "introspection"],
  ]);
});

test("otelCalls() measures each outcome of the MCP server and of the gate", async () => {
  const { kit, post, metrics, spans } = serve({ recordOrganization: true });
  const token = kit.token({ claims: { org_id: "acme" } });
  const statuses = [
    await post(callTool("search_notes"), token),
    await post(callTool("write_note"), token),
    await post(callTool("delete_notes"), token),
    await post(message("prompts/get", { name: "gone" }), token),
  ];
  assert.deepEqual(statuses, [200, 200, 403, 200]);
  const measured = await metrics();
  const points = measured["mcp.server.operation.duration"] ?? [];
  const shown = points.map(([attributes, value]) => [
    attributes["gen_ai.tool.name"] ?? attributes["gen_ai.prompt.name"],
    attributes["error.type"],
    (value as { count: number }).count,
  ]);
  assert.deepEqual(shown, [
    ["search_notes", undefined, 1],
    ["write_note", "tool_error", 1],
    ["delete_notes", "scope_missing", 1],
    ["gone", "-32602", 1],
  ]);
  assert.deepEqual(measured["propelauth.organization.calls"], [[
    { "propelauth.org_id": "acme" },
    4,
  ]]);
  const failed = spans().filter(({ status }) => status.code === api.SpanStatusCode.ERROR);
  assert.equal(failed.length, 3);
});

test("otelCalls() gives each request of a batch a span", async () => {
  const { kit, post, spans } = serve();
  const batch = [callTool("search_notes", 1), callTool("delete_notes", 2)];
  await post(batch, kit.token({ scopes: ["notes:admin"] }), {
    "MCP-Protocol-Version": "2025-03-26",
  });
  const called = spans().filter(({ kind }) => kind === api.SpanKind.SERVER);
  assert.deepEqual(called.map(({ attributes }) => attributes["jsonrpc.request.id"]).sort(), [
    "1",
    "2",
  ]);
});

/** Requests that a client may send to a server. */
const METHODS = Object.entries(conventions).flatMap(([name, value]) =>
  name.startsWith("MCP_METHOD_NAME_VALUE_") ? [String(value)] : []
);

test("otelCalls() uses names of OpenTelemetry's conventions, or propelauth.*", async () => {
  assert(METHODS.length > 20);
  const known = new Set<unknown>(Object.values(conventions));
  const { kit, post, spans, metrics } = serve({ recordSubject: true, recordOrganization: true });
  const token = kit.token({ claims: { org_id: "acme" } });
  for (const method of METHODS) {
    const params = method === "prompts/get" ? { name: "review" } : { uri: "notes://1" };
    await post(
      message(method, params, method.startsWith("notifications/") ? undefined : 1),
      token,
      {
        "Mcp-Session-Id": "session-1",
      },
    );
  }
  await post(callTool("search_notes"), token);
  const measured = await metrics();
  const isKnown = (name: string) => known.has(name) || name.startsWith("propelauth.");
  const called = spans().filter(({ kind }) => kind === api.SpanKind.SERVER);
  assert.deepEqual(
    new Set(called.map(({ attributes }) => attributes[conventions.ATTR_MCP_METHOD_NAME])),
    new Set(METHODS),
  );
  const used = new Set([
    ...Object.keys(measured),
    ...Object.values(measured).flat().flatMap(([attributes]) => Object.keys(attributes)),
    ...spans().flatMap(({ attributes }) => Object.keys(attributes)),
  ]);
  assert.deepEqual([...used].filter((name) => !isKnown(name)), []);
  for (
    const name of [
      conventions.METRIC_MCP_SERVER_OPERATION_DURATION,
      conventions.ATTR_MCP_SESSION_ID,
      conventions.ATTR_MCP_PROTOCOL_VERSION,
      conventions.ATTR_MCP_RESOURCE_URI,
      conventions.ATTR_GEN_AI_TOOL_NAME,
      conventions.ATTR_GEN_AI_PROMPT_NAME,
      conventions.ATTR_JSONRPC_REQUEST_ID,
      conventions.ATTR_ENDUSER_ID,
      conventions.ATTR_ERROR_TYPE,
      conventions.ATTR_RPC_RESPONSE_STATUS_CODE,
    ]
  ) assert(used.has(name), name);
});

/** Answers a call on an event stream that the test writes. */
function serveStream() {
  const sdk = createTestSdk();
  const kit = createTestPropelAuth({ onEvent: otelEvents(sdk.api), audit: otelCalls(sdk.api) });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const handler = kit.createPropelAuth().handler(() =>
    new Response(readable, { headers: { "Content-Type": "text/event-stream" } })
  );
  const post = (signal?: AbortSignal) =>
    handler(
      new Request("https://mcp.example.com/mcp", {
        method: "POST",
        headers: { Authorization: `Bearer ${kit.token()}`, "Content-Type": "application/json" },
        body: JSON.stringify(callTool("search_notes")),
        ...(signal && { signal }),
      }),
    );
  return { ...sdk, kit, post, writer: writable.getWriter() };
}

test("otelCalls() ends the span with the answer on an event stream", async () => {
  const { kit, post, spans, writer } = serveStream();
  const response = await post();
  const read = response.text();
  kit.advance(2);
  const result = { jsonrpc: "2.0", id: 1, result: { isError: true, content: [] } };
  await writer.write(new TextEncoder().encode(`data: ${JSON.stringify(result)}\n\n`));
  await writer.close();
  await read;
  const [span] = spans().filter(({ kind }) => kind === api.SpanKind.SERVER);
  assert.deepEqual(span?.duration, [2, 0]);
  assert.equal(span.attributes["error.type"], "tool_error");
});

test("otelCalls() records that the client left before the answer", async () => {
  const { kit, post, spans, writer } = serveStream();
  const client = new AbortController();
  const response = await post(client.signal);
  kit.advance(1);
  client.abort();
  await response.body?.cancel().catch(() => {});
  await writer.abort().catch(() => {});
  const [span] = spans().filter(({ kind }) => kind === api.SpanKind.SERVER);
  assert.deepEqual(span?.duration, [1, 0]);
  assert.equal(span.attributes["error.type"], "cancelled");
});

test("otelCalls() gives each of two calls that share an introspection its own verification", async () => {
  const { kit, post, spans } = serve();
  const token = kit.token();
  const slow = kit.hold();
  const answers = [post(callTool("search_notes"), token), post(callTool("search_notes"), token)];
  await slow.asked;
  slow.release();
  await Promise.all(answers);
  const [called, verified, introspected] = ["tools/call search_notes", "propelauth.verify"]
    .concat("propelauth.introspect")
    .map((wanted) => spans().filter(({ name }) => name === wanted));
  const parents = verified?.map(({ parentSpanContext }) => parentSpanContext?.spanId);
  assert.deepEqual(parents?.sort(), called?.map((span) => span.spanContext().spanId).sort());
  assert.deepEqual([called?.length, introspected?.length], [2, 1]);
  const asked = verified?.find(({ attributes }) =>
    attributes["propelauth.source"] === "introspection"
  );
  assert.equal(introspected?.[0]?.parentSpanContext?.spanId, asked?.spanContext().spanId);
});

test("otelCalls() harms no request, and not the process, when starting a span throws", async () => {
  const sdk = createTestSdk();
  const startSpan = (): never => {
    throw new Error("a span processor of the user");
  };
  const broken: OtelApi = {
    ...sdk.api,
    trace: { ...sdk.api.trace, getTracer: () => ({ startSpan }) },
  };
  const kit = createTestPropelAuth({ onEvent: otelEvents(broken), audit: otelCalls(broken) });
  const handler = kit.createPropelAuth().handler(() => Response.json({}));
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const statuses: number[] = [];
  for (const token of [kit.token(), "never-issued"]) {
    const headers = { Authorization: `Bearer ${token}` };
    const body = JSON.stringify(callTool("search_notes"));
    const init = { method: "POST", headers, body };
    statuses.push((await handler(new Request("https://mcp.example.com/mcp", init))).status);
    await setImmediate();
  }
  process.off("unhandledRejection", note);
  assert.deepEqual([statuses, unhandled], [[200, 401], []]);
});
