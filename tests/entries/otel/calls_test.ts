/** The span and the measurement of a call, as the real OpenTelemetry SDK collects them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as api from "@opentelemetry/api";
import type { AccessToken } from "@x/propelauth-mcp";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import type { BegunCall, CallEnd, CallOutcome } from "../../../src/entries/audit/observer.ts";
import { type CallOptions, createCallObserver } from "../../../src/entries/otel/calls.ts";
import { createTestSdk } from "./test_sdk.ts";

/** As late as calls really are: the SDK takes a small number for a time since the process began. */
const STARTED_AT = 4_000_000_000;

const CALLER: AccessToken = await (() => {
  const kit = createTestPropelAuth();
  const token = kit.token({
    subject: "user-7",
    clientId: "client-1",
    claims: { org_id: "acme", email: "user-7@example.com" },
  });
  return kit.createPropelAuth().verifier.verifyAccessToken(token);
})();

const call = (changes: Partial<BegunCall> = {}): BegunCall => ({
  method: "tools/call",
  name: "search_notes",
  uri: undefined,
  uris: [],
  requestId: 1,
  protocolVersion: "2025-11-25",
  sessionId: "session-1",
  caller: CALLER,
  startedAt: STARTED_AT,
  headers: new Headers(),
  params: {},
  meta: {},
  arguments: { query: "secret plans" },
  ...changes,
});

const endOf = (outcome: CallOutcome, endedAt = 101): CallEnd => ({
  eventId: "0f0a4c7e-5f0e-4c55-9f0d-3a0f6a1f9f5e",
  outcome,
  endedAt,
  openedSessionId: undefined,
});
const OK = endOf({ outcome: "ok" }, STARTED_AT + 0.25);

function observe(options: Partial<CallOptions> = {}) {
  const sdk = createTestSdk();
  const observer = createCallObserver(sdk.api, "@x/propelauth-mcp", {
    attributes: {},
    recordSubject: false,
    recordOrganization: false,
    ...options,
  });
  return { ...sdk, observer };
}

const HTTP = { "network.protocol.name": "http", "network.transport": "tcp" };
const TOOL = {
  "mcp.method.name": "tools/call",
  "gen_ai.tool.name": "search_notes",
  "gen_ai.operation.name": "execute_tool",
  "mcp.protocol.version": "2025-11-25",
  ...HTTP,
};
const ON_SPANS_ONLY = {
  "jsonrpc.request.id": "1",
  "mcp.session.id": "session-1",
  "propelauth.client_id": "client-1",
  "propelauth.credential": "access_token",
  "propelauth.org_id": "acme",
};

test("begin() records a span of the kind server, and a measurement in seconds", async () => {
  const { observer, spans, metrics } = observe();
  observer.begin(call())(OK);
  const [span, ...others] = spans();
  assert.deepEqual(others, []);
  assert.equal(span?.name, "tools/call search_notes");
  assert.equal(span.kind, api.SpanKind.SERVER);
  assert.deepEqual([span.startTime, span.duration], [[STARTED_AT, 0], [0, 250_000_000]]);
  assert.equal(span.status.code, api.SpanStatusCode.UNSET);
  assert.deepEqual(span.attributes, { ...TOOL, ...ON_SPANS_ONLY });
  const { "mcp.server.operation.duration": points, ...more } = await metrics();
  assert.deepEqual(Object.keys(more), []);
  const [[attributes, value] = []] = points ?? [];
  assert.deepEqual(attributes, TOOL);
  const { sum, count, buckets } = value as { sum: number; count: number; buckets: unknown };
  assert.deepEqual([sum, count], [0.25, 1]);
  assert.deepEqual(buckets, {
    // As the conventions name them.
    boundaries: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    counts: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  });
});

const NAMED: [changes: Partial<BegunCall>, name: string, attributes: object][] = [
  [{ method: "prompts/get", name: "review" }, "prompts/get review", {
    "gen_ai.prompt.name": "review",
  }],
  [{ method: "completion/complete", name: "review" }, "completion/complete review", {
    "gen_ai.prompt.name": "review",
  }],
  [{ method: "resources/read", uri: "notes://user-7/1" }, "resources/read", {
    "mcp.resource.uri": "notes://user-7/1",
  }],
  [{ method: "resources/subscribe", uri: "notes://1" }, "resources/subscribe", {
    "mcp.resource.uri": "notes://1",
  }],
  [{ method: "completion/complete", uri: "notes://{id}" }, "completion/complete", {}],
  [{ method: "subscriptions/listen", uris: ["notes://1"] }, "subscriptions/listen", {}],
  [{ method: "tools/list" }, "tools/list", {}],
  [{ method: "acme/custom" }, "acme/custom", {}],
];

for (const [{ name: named, ...changes }, name, attributes] of NAMED) {
  test(`begin() names the span ${name} when the call is ${JSON.stringify({ ...changes, name: named })}`, async () => {
    const { observer, spans, metrics } = observe();
    observer.begin(call({ ...changes, name: named }))(OK);
    const [span] = spans();
    assert.equal(span?.name, name);
    const method = { "mcp.method.name": changes.method, "mcp.protocol.version": "2025-11-25" };
    assert.deepEqual(span.attributes, { ...method, ...attributes, ...HTTP, ...ON_SPANS_ONLY });
    const [[measured] = []] = (await metrics())["mcp.server.operation.duration"] ?? [];
    const { "mcp.resource.uri": _uri, ...expected } = { "mcp.resource.uri": "", ...attributes };
    assert.deepEqual(measured, { ...method, ...expected, ...HTTP });
  });
}

test("begin() records neither an id nor a session when there is none", () => {
  const { observer, spans } = observe();
  const begun = call({
    method: "notifications/initialized",
    name: undefined,
    requestId: undefined,
    sessionId: undefined,
    protocolVersion: undefined,
  });
  observer.begin(begun)(OK);
  assert.deepEqual(spans()[0]?.attributes, {
    "mcp.method.name": "notifications/initialized",
    ...HTTP,
    "propelauth.client_id": "client-1",
    "propelauth.credential": "access_token",
    "propelauth.org_id": "acme",
  });
});

const ENDS: [outcome: CallOutcome, attributes: Record<string, string>][] = [
  [{ outcome: "ok" }, {}],
  [{ outcome: "tool_error" }, { "error.type": "tool_error" }],
  [{ outcome: "error", errorCode: -32602 }, {
    "error.type": "-32602",
    "rpc.response.status_code": "-32602",
  }],
  [{ outcome: "error", httpStatus: 500 }, { "error.type": "500" }],
  [{ outcome: "error" }, { "error.type": "_OTHER" }],
  [{ outcome: "refused", reason: "scope_missing", scopes: ["a"] }, {
    "error.type": "scope_missing",
  }],
  [{ outcome: "cancelled" }, { "error.type": "cancelled" }],
  [{ outcome: "no_answer" }, { "error.type": "no_answer" }],
];

for (const [outcome, attributes] of ENDS) {
  const shown = JSON.stringify(outcome);
  test(`begin() records ${JSON.stringify(attributes)} when the call ends with ${shown}`, async () => {
    const { observer, spans, metrics } = observe();
    observer.begin(call())(endOf(outcome));
    const [span] = spans();
    assert.deepEqual(span?.attributes, { ...TOOL, ...ON_SPANS_ONLY, ...attributes });
    // The conventions: the status is an error when error.type is present.
    const { ERROR, UNSET } = api.SpanStatusCode;
    assert.equal(span.status.code, "error.type" in attributes ? ERROR : UNSET);
    const [[measured] = []] = (await metrics())["mcp.server.operation.duration"] ?? [];
    assert.deepEqual(measured, { ...TOOL, ...attributes });
  });
}

test("begin() records no person, session or request in a metric, with every option on", async () => {
  const { observer, spans, metrics } = observe({ recordSubject: true, recordOrganization: true });
  observer.begin(call({ requestId: "request-1" }))(OK);
  assert.equal(spans()[0]?.attributes["enduser.id"], "user-7");
  const measured = await metrics();
  assert.deepEqual(measured["propelauth.organization.calls"], [[{
    "propelauth.org_id": "acme",
  }, 1]]);
  assert.doesNotMatch(JSON.stringify(measured), /user-7|client-1|session-1|request-1|secret/);
});

test("begin() records no token, argument or e-mail address in a span", () => {
  const { observer, spans } = observe({ recordSubject: true });
  const headers = new Headers({ Authorization: `Bearer ${CALLER.token}` });
  observer.begin(call({ headers, meta: { authorization: CALLER.token } }))(OK);
  const all = JSON.stringify(
    spans().map(({ name, attributes, links }) => [name, attributes, links]),
  );
  assert(!all.includes(CALLER.token));
  assert.doesNotMatch(all, /secret plans|@example\.com/);
});

test("begin() adds the option `attributes` to spans and measurements", async () => {
  const { observer, spans, metrics } = observe({
    attributes: { server: "billing" },
    recordOrganization: true,
  });
  observer.begin(call())(OK);
  assert.equal(spans()[0]?.attributes["server"], "billing");
  const points = Object.values(await metrics()).flat();
  assert.deepEqual(points.map(([attributes]) => attributes["server"]), ["billing", "billing"]);
});

const REMOTE = { trace: "4bf92f3577b34da6a3ce929d0e0e4736", span: "00f067aa0ba902b7" };
const TRACEPARENT = `00-${REMOTE.trace}-${REMOTE.span}-01`;
const OTHER = { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" };
const OTHER_TRACEPARENT = `00-${OTHER.trace}-${OTHER.span}-01`;

const PARENTS: {
  when: string;
  meta?: Record<string, unknown>;
  header?: string;
  isTraced?: boolean;
  parent?: string;
  linked?: string;
}[] = [
  { when: "nothing is known" },
  { when: "the headers name a span", header: TRACEPARENT, parent: REMOTE.span },
  { when: "_meta names a span", meta: { traceparent: TRACEPARENT }, parent: REMOTE.span },
  {
    when: "_meta and the headers name spans",
    meta: { traceparent: TRACEPARENT },
    header: OTHER_TRACEPARENT,
    parent: REMOTE.span,
    linked: OTHER.span,
  },
  {
    when: "_meta and the headers name the same span",
    meta: { traceparent: TRACEPARENT },
    header: TRACEPARENT,
    parent: REMOTE.span,
  },
  { when: "the HTTP request is traced", isTraced: true, header: TRACEPARENT, parent: "http" },
  {
    when: "the HTTP request is traced and _meta names a span",
    isTraced: true,
    meta: { traceparent: TRACEPARENT },
    parent: REMOTE.span,
    linked: "http",
  },
  ...[
    `${TRACEPARENT} and more`,
    "00-00000000000000000000000000000000-0000000000000000-01",
    `${TRACEPARENT}-${"x".repeat(9000)}`,
    7,
    null,
    [TRACEPARENT],
    { toString: () => TRACEPARENT },
  ].map((traceparent) => ({
    when: `_meta has another traceparent: ${JSON.stringify(traceparent).slice(0, 80)}`,
    isTraced: true,
    meta: { traceparent },
    parent: "http",
  })),
  {
    when: "_meta inherits a traceparent",
    meta: Object.create({ traceparent: TRACEPARENT }),
    isTraced: true,
    parent: "http",
  },
];

for (const { when, meta = {}, header, isTraced, parent, linked } of PARENTS) {
  test(`begin() gives the span the parent ${parent ?? "none"} and the link ${linked ?? "none"} when ${when}`, () => {
    const { observer, spans, tracer, within } = observe();
    const headers = new Headers(header === undefined ? {} : { traceparent: header });
    const http = tracer.startSpan("POST");
    const begin = () => observer.begin(call({ headers, meta }));
    (isTraced ? within(http, begin) : begin())(OK);
    const [span] = spans();
    const named = (id: string | undefined) => id === http.spanContext().spanId ? "http" : id;
    assert.equal(named(span?.parentSpanContext?.spanId), parent);
    assert.deepEqual(
      span?.links.map(({ context }) => named(context.spanId)),
      linked ? [linked] : [],
    );
  });
}

test("begin() keeps the trace state and the sampling flag of `_meta`", () => {
  const { observer, spans } = observe();
  const meta = { traceparent: TRACEPARENT, tracestate: "vendor=1" };
  observer.begin(call({ meta }))(OK);
  const { traceId, traceFlags, traceState } = spans()[0]?.spanContext() ?? assert.fail();
  assert.deepEqual([traceId, traceFlags], [REMOTE.trace, 1]);
  assert.equal(traceState?.serialize(), "vendor=1");
});

test("begin() records the session that `initialize` opened", () => {
  const { observer, spans } = observe();
  const begun = call({ method: "initialize", name: undefined, sessionId: undefined });
  observer.begin(begun)({ ...OK, openedSessionId: "session-2" });
  assert.equal(spans()[0]?.attributes["mcp.session.id"], "session-2");
});

const notification = (): BegunCall =>
  call({ method: "notifications/progress", name: undefined, requestId: undefined });

const BATCHES: [what: string, calls: BegunCall[], parent: string | undefined][] = [
  ["one request", [call()], "tools/call search_notes"],
  ["one request and a notification", [notification(), call()], "tools/call search_notes"],
  ["one notification", [notification()], "notifications/progress"],
  ["two requests, whose work cannot be told apart", [call(), call({ requestId: 2 })], "POST"],
  ["no call", [], "POST"],
];

for (const [what, calls, parent] of BATCHES) {
  test(`aroundServer() makes the MCP server's spans children of ${parent} when it answers ${what}`, async () => {
    const { observer, spans, tracer, within, api: { context } } = observe();
    const http = tracer.startSpan("POST");
    const result = await within(http, () => {
      const ends = calls.map((call) => observer.begin(call));
      const run = async (): Promise<string> => {
        await Promise.resolve();
        tracer.startSpan("SELECT", {}, context.active() as api.Context).end();
        for (const end of ends) end(OK);
        return "answer";
      };
      return observer.aroundServer?.(calls, run) ?? assert.fail();
    });
    http.end();
    assert.equal(result, "answer");
    const child = spans().find(({ name }) => name === "SELECT");
    const found = spans().find((span) =>
      span.spanContext().spanId === child?.parentSpanContext?.spanId
    );
    assert.equal(found?.name, parent);
  });
}

test("begin() keeps no name for good that only notifications have, since any of them succeeds", async () => {
  const { observer, metrics } = observe();
  for (let i = 0; i < 300; i++) {
    const changes = { method: `m${i}`, name: `tool-${i}`, protocolVersion: `v${i}` };
    observer.begin(call({ ...changes, requestId: undefined }))(OK);
  }
  const points = (await metrics())["mcp.server.operation.duration"] ?? [];
  for (const name of ["mcp.method.name", "gen_ai.prompt.name", "mcp.protocol.version"]) {
    const values = new Set(points.map(([attributes]) => attributes[name]));
    assert(values.size < 110, `${name}: ${values.size}`);
  }
});

test("begin() records _OTHER in place of the names that callers make up, after the hundredth", async () => {
  const { observer, spans, metrics } = observe();
  const failed = endOf({ outcome: "error", errorCode: -32602 });
  for (let i = 0; i < 300; i++) {
    const changes = { method: `m${i}`, name: `tool-${i}`, protocolVersion: `v${i}` };
    observer.begin(call(changes))(failed);
    observer.begin(call({ name: `tool-${i}` }))(failed);
    // A server answers a version that it does not know with one that it knows.
    const started = { method: "initialize", name: undefined, protocolVersion: `v${i}` };
    observer.begin(call(started))(OK);
  }
  observer.begin(call())(OK);
  const points = (await metrics())["mcp.server.operation.duration"] ?? [];
  for (const name of ["mcp.method.name", "gen_ai.tool.name", "mcp.protocol.version"]) {
    const values = new Set(points.map(([attributes]) => attributes[name]));
    assert(values.size < 110, `${name}: ${values.size}`);
    assert(values.has("_OTHER"), name);
  }
  const [described] = points.filter(([attributes]) =>
    attributes["gen_ai.tool.name"] === "search_notes"
  );
  assert.equal(described?.[0]["mcp.protocol.version"], "2025-11-25");
  const last = spans().at(-1);
  assert.equal(last?.name, "tools/call search_notes");
  assert(points.some(([attributes]) => attributes["gen_ai.tool.name"] === "search_notes"));
  // A span alone has room for the name.
  const made = spans().find(({ attributes }) => attributes["gen_ai.tool.name"] === "tool-299");
  assert.equal(made?.name, "tools/call _OTHER");
});

test("begin() cuts values from outside to 256 characters", () => {
  const { observer, spans } = observe();
  const long = "x".repeat(1000);
  const changes = {
    method: long,
    name: long,
    sessionId: long,
    requestId: long,
    protocolVersion: long,
  };
  observer.begin(call(changes))(OK);
  observer.begin(call({ method: "resources/read", uri: long }))(OK);
  for (const { name, attributes } of spans()) {
    assert(name.length < 300);
    for (const value of Object.values(attributes)) assert(String(value).length <= 256);
  }
});
