/** Spans and metrics as the real OpenTelemetry SDK collects them, kept in memory. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as api from "@opentelemetry/api";
import type { EventListener, PropelAuthEvent } from "@x/propelauth-mcp";
import {
  type OtelApi,
  otelCalls,
  otelEvents,
  type OtelEventsOptions,
} from "@x/propelauth-mcp/otel";
import { apiKeys } from "@x/propelauth-mcp/api-keys";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { createEmit } from "../../../src/events/messages.ts";
import type { EventFacts } from "../../../src/events/events.ts";
import { NOW } from "../../support/harness.ts";
import { root } from "../../support/root.ts";
import { createTestSdk } from "./test_sdk.ts";

/** A listener with an SDK of its own, and an HTTP request under way. */
function observe(options?: OtelEventsOptions) {
  const sdk = createTestSdk();
  const request = sdk.tracer.startSpan("POST /mcp");
  const listener = otelEvents(sdk.api, options);
  return {
    ...sdk,
    listener: (event: PropelAuthEvent) => sdk.within(request, () => listener(event)),
    request: request.spanContext(),
  };
}

const tell = (listener: EventListener, facts: EventFacts, at = 100): void =>
  createEmit(listener, () => at)?.(facts);

test("otelEvents() takes the module itself alone", () => {
  const typed: OtelApi = api;
  assert.equal(typeof otelEvents(typed), "function");
  for (const not of [undefined, {}, { trace: api.trace, metrics: api.metrics }]) {
    // @ts-expect-error: none of these is the module
    assert.throws(() => otelEvents(not), {
      name: "TypeError",
      message: /must be the module @opent/,
    });
  }
});

test("otelEvents() refuses options that it would ignore", () => {
  const refused: [options: Record<string, unknown>, says: string][] = [
    [{ attribute: {} }, "attribute must be a known option: .+ did you mean attributes\\?"],
    [{ attributes: "a=b" }, 'attributes must be an object: received "a=b"'],
    [{ recordSubject: "false" }, 'recordSubject must be true or false: received "false"'],
  ];
  for (const [options, says] of refused) {
    const message = new RegExp(`^Cannot create otelEvents: ${says}$`);
    assert.throws(() => otelEvents(api, options), { name: "TypeError", message });
  }
});

test("otelEvents says that it has to be called when onEvent is otelEvents itself", (t) => {
  const printed = t.mock.method(console, "error", () => {});
  tell(otelEvents as unknown as EventListener, { code: "shared_cache_recovered" });
  assert.deepEqual(printed.mock.calls.map((call) => call.arguments), [
    ["No telemetry is recorded: onEvent must be otelEvents(api), with parentheses"],
  ]);
});

test("a verification is a span within the request, and its question a span within it", async () => {
  const { listener, spans, request } = observe();
  const kit = createTestPropelAuth({ onEvent: listener });
  const { verifier } = kit.createPropelAuth();
  const token = kit.token({ subject: "user-7", clientId: "claude" });
  const slow = kit.hold();
  const verified = verifier.verifyAccessToken(token);
  await slow.asked;
  kit.advance(0.25);
  slow.release();
  await verified;

  const [introspect, verify, ...rest] = spans();
  assert(introspect !== undefined && verify !== undefined);
  assert.deepEqual(rest, []);
  assert.equal(verify.name, "propelauth.verify");
  assert.equal(verify.kind, api.SpanKind.INTERNAL);
  assert.equal(verify.parentSpanContext?.spanId, request.spanId);
  assert.equal(introspect.name, "propelauth.introspect");
  assert.equal(introspect.kind, api.SpanKind.CLIENT);
  assert.equal(introspect.parentSpanContext?.spanId, verify.spanContext().spanId);
  assert.equal(introspect.spanContext().traceId, request.traceId);
  for (const span of [introspect, verify]) {
    assert.deepEqual(span.duration, [0, 250_000_000]);
    assert.deepEqual(
      span.endTime,
      [kit.now(), 0].map((part, i) => i ? 250_000_000 : Math.floor(part)),
    );
    assert.equal(span.status.code, api.SpanStatusCode.UNSET);
  }
  const { "propelauth.token_digest": digest, ...others } = verify.attributes;
  assert.match(String(digest), /^[0-9a-f]{12}$/);
  assert.deepEqual(others, {
    "propelauth.outcome": "accepted",
    "propelauth.source": "introspection",
    "propelauth.credential": "access_token",
    "propelauth.client_id": "claude",
  });
  assert.deepEqual(introspect.attributes, {
    "propelauth.token_digest": digest,
    "propelauth.credential": "access_token",
    "propelauth.active": true,
    "http.request.method": "POST",
  });
});

test("both questions about an API key are spans within the span of its verification", async () => {
  const { listener, spans, metrics } = observe();
  const kit = createTestPropelAuth({ onEvent: listener, apiKeys: apiKeys() });
  await kit.createPropelAuth().verifier.verifyAccessToken(kit.apiKey());
  const [token, key, verify, ...rest] = spans();
  assert(token !== undefined && key !== undefined && verify !== undefined);
  assert.deepEqual(rest, []);
  const kindOf = ({ attributes }: typeof verify) => [
    attributes["propelauth.credential"],
    attributes["propelauth.active"],
  ];
  assert.deepEqual([token, key, verify].map(kindOf), [
    ["access_token", false],
    ["api_key", true],
    ["api_key", undefined],
  ]);
  for (const span of [token, key]) {
    assert.equal(span.parentSpanContext?.spanId, verify.spanContext().spanId);
  }
  const [[counted] = []] = (await metrics())["propelauth.verifications"] ?? [];
  assert.equal(counted?.["propelauth.credential"], "api_key");
});

test("a verification that outlasts an outage has all its introspections within its span", () => {
  const { listener, spans, request } = observe();
  const token = { tokenDigest: "3f08aace122e" };
  const failed = { code: "propelauth_unreachable", reason: "unavailable", ...token } as const;
  // Of a request whose client left: no verification ended.
  tell(listener, { ...failed, durationSeconds: 1 }, NOW - 50);
  tell(listener, { ...failed, durationSeconds: 1 }, NOW + 1);
  tell(listener, { ...failed, durationSeconds: 1 }, NOW + 3);
  const answered = { code: "introspection_completed", active: true, ...token } as const;
  tell(listener, { ...answered, durationSeconds: 1 }, NOW + 5);
  const accepted = { code: "token_accepted", source: "introspection", clientId: "c" } as const;
  tell(
    listener,
    { ...accepted, ...token, durationSeconds: 5, credential: "access_token" },
    NOW + 5,
  );
  const verify = spans().find(({ name }) => name === "propelauth.verify");
  assert.deepEqual([verify?.startTime, verify?.duration], [[NOW, 0], [5, 0]]);
  const parents = spans().filter((span) => span !== verify).map((
    { endTime, parentSpanContext },
  ) => [
    endTime[0] - NOW,
    parentSpanContext?.spanId,
  ]);
  const id = verify?.spanContext().spanId;
  assert.deepEqual(parents.sort(), [[-50, request.spanId], [1, id], [3, id], [5, id]]);
});

test("a refused token is no error of ours, an outage is", async () => {
  const { listener, spans } = observe();
  const kit = createTestPropelAuth({ onEvent: listener });
  const { verifier } = kit.createPropelAuth();
  await assert.rejects(
    verifier.verifyAccessToken(kit.token({ audience: "https://other.example" })),
  );
  kit.fail(502);
  await assert.rejects(verifier.verifyAccessToken(kit.token()));
  kit.fail("network");
  await assert.rejects(verifier.verifyAccessToken(kit.token()));
  const seen = spans().map(({ name, status, attributes }) => [
    name,
    status.code,
    attributes["error.type"],
    attributes["http.response.status_code"],
  ]);
  const { UNSET, ERROR } = api.SpanStatusCode;
  assert.deepEqual(seen, [
    ["propelauth.introspect", UNSET, undefined, undefined],
    ["propelauth.verify", UNSET, "audience_mismatch", undefined],
    ["propelauth.introspect", ERROR, "unavailable", 502],
    ["propelauth.verify", ERROR, "unavailable", undefined],
    ["propelauth.introspect", ERROR, "network", undefined],
    ["propelauth.verify", ERROR, "network", undefined],
  ]);
});

test("a span says who called when that is asked for, and to which server they belong", async () => {
  const { listener, spans, metrics } = observe({
    recordSubject: true,
    attributes: { server: "billing" },
  });
  const kit = createTestPropelAuth({ onEvent: listener });
  await kit.createPropelAuth().verifier.verifyAccessToken(kit.token({ subject: "user-7" }));
  assert.equal(spans()[1]?.attributes["enduser.id"], "user-7");
  assert(spans().every(({ attributes }) => attributes["server"] === "billing"));
  const points = Object.values(await metrics()).flat();
  assert(points.length > 4);
  for (const [attributes] of points) {
    assert.equal(attributes["server"], "billing");
    assert.equal(attributes["enduser.id"], undefined);
  }
});

test("metrics count verifications by outcome and source, flights and hits", async () => {
  const { listener, metrics } = observe();
  const kit = createTestPropelAuth({
    onEvent: listener,
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  });
  const auth = kit.createPropelAuth();
  const [good, bad] = [kit.token(), kit.token({ audience: "https://other.example" })];
  await Promise.all([1, 2, 3].map(() => auth.verifier.verifyAccessToken(good)));
  for (let hit = 0; hit < 4; hit++) await auth.verifier.verifyAccessToken(good);
  await assert.rejects(auth.verifier.verifyAccessToken(bad));
  await auth.authenticate(
    new Request("https://mcp.example.com/mcp"),
    () => assert.fail("admitted"),
  );
  kit.fail(503);
  await assert.rejects(auth.verifier.verifyAccessToken(kit.token()));

  const outcome = (name: string, source?: string, error?: string) => ({
    "propelauth.outcome": name,
    ...(source !== undefined && { "propelauth.credential": "access_token" }),
    ...(source !== undefined && { "propelauth.source": source }),
    ...(error !== undefined && { "error.type": error }),
  });
  const measured = await metrics();
  assert.deepEqual(measured["propelauth.verifications"], [
    [outcome("accepted", "introspection"), 1],
    [outcome("accepted", "flight"), 2],
    [outcome("accepted", "cache"), 4],
    [outcome("refused", "introspection", "audience_mismatch"), 1],
    [outcome("refused", undefined, "missing_credentials"), 1],
    [outcome("unverified", undefined, "unavailable"), 1],
  ]);
  assert.deepEqual(measured["propelauth.flights.joined"], [[{}, 2]]);
  // Of nine that had a token, four.
  const [[, ratio] = []] = measured["propelauth.cache.hit_ratio"] ?? [];
  assert(Math.abs(Number(ratio) - 4 / 9) < 1e-9, String(ratio));
});

test("the latency of questions is a histogram in seconds", async () => {
  const { listener, metrics } = observe();
  const token = { tokenDigest: "3f08aace122e" };
  tell(listener, {
    code: "introspection_completed",
    ...token,
    credential: "access_token",
    durationSeconds: 0.03,
    active: true,
  });
  tell(listener, {
    code: "propelauth_unreachable",
    ...token,
    durationSeconds: 20,
    reason: "timeout",
  });
  const points = (await metrics())["propelauth.introspection.duration"] ?? [];
  const boundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const counts = (index: number) => boundaries.concat(0).map((_, i) => i === index ? 1 : 0);
  const post = { "http.request.method": "POST" };
  assert.deepEqual(points.map(([attributes, value]) => [attributes, Object(value).buckets]), [
    [{ ...post, "propelauth.active": true, "propelauth.credential": "access_token" }, {
      boundaries,
      counts: counts(3),
    }],
    [{ ...post, "error.type": "timeout" }, { boundaries, counts: counts(11) }],
  ]);
});

const STATES: [events: EventFacts["code"][], metric: string, value: number][] = [
  [["breaker_closed"], "propelauth.breaker.open", 0],
  [["breaker_opened", "breaker_opened"], "propelauth.breaker.open", 1],
  [["breaker_opened", "breaker_closed"], "propelauth.breaker.open", 0],
  [["shared_cache_lost", "shared_cache_lost"], "propelauth.shared_cache.lost", 1],
  [["shared_cache_lost", "shared_cache_recovered"], "propelauth.shared_cache.lost", 0],
];

const BARE: Record<string, EventFacts> = {
  breaker_opened: {
    code: "breaker_opened",
    credential: "access_token",
    failures: 5,
    retryAfterSeconds: 10,
  },
  breaker_closed: { code: "breaker_closed", credential: "access_token" },
  shared_cache_lost: { code: "shared_cache_lost" },
  shared_cache_recovered: { code: "shared_cache_recovered" },
};

for (const [codes, metric, value] of STATES) {
  test(`${metric} is ${value} after ${codes.join(", ")}`, async () => {
    const { listener, metrics } = observe();
    for (const code of codes) tell(listener, BARE[code] ?? assert.fail());
    const attributes = metric === "propelauth.breaker.open"
      ? { "propelauth.credential": "access_token" }
      : {};
    assert.deepEqual((await metrics())[metric], [[attributes, value]]);
  });
}

test("refused requests, sessions and cache entries are counted, and lost orders", async () => {
  const { listener, metrics } = observe();
  const tokenDigest = "3f08aace122e";
  tell(listener, { code: "request_refused", reason: "origin", received: "x" });
  tell(listener, { code: "request_refused", reason: "host", received: "x" });
  tell(listener, {
    code: "call_refused",
    tokenDigest,
    credential: "access_token",
    reason: "scope_missing",
    challenged: true,
    clientId: "c",
  });
  tell(listener, {
    code: "session_refused",
    tokenDigest,
    credential: "access_token",
    clientId: "c",
  });
  tell(listener, { code: "shared_cache_entry_rejected", tokenDigest });
  tell(listener, { code: "shared_cache_order_lost" });
  const measured = await metrics();
  assert.deepEqual(measured["propelauth.requests.refused"], [
    [{ "error.type": "origin" }, 1],
    [{ "error.type": "host" }, 1],
    [{ "error.type": "scope_missing" }, 1],
    [{ "error.type": "session" }, 1],
  ]);
  assert.deepEqual(measured["propelauth.shared_cache.rejected"], [[{}, 1]]);
  assert.deepEqual(measured["propelauth.shared_cache.orders_lost"], [[{}, 1]]);
});

test("questions whose verification never comes are spans all the same, and few are kept", () => {
  const { listener, spans } = observe();
  for (let i = 0; i < 1010; i++) {
    const facts = { tokenDigest: String(i), durationSeconds: 1, active: true };
    tell(listener, { code: "introspection_completed", ...facts });
  }
  assert.equal(spans().length, 10);
});

test("otelEvents() records all but the hit ratio when meters have no gauge", async () => {
  const { api, spans, metrics } = createTestSdk();
  const getMeter: OtelApi["metrics"]["getMeter"] = (name) => {
    const meter = api.metrics.getMeter(name);
    return {
      createCounter: (...given) => meter.createCounter(...given),
      createUpDownCounter: (...given) => meter.createUpDownCounter(...given),
      createHistogram: (...given) => meter.createHistogram(...given),
    };
  };
  const kit = createTestPropelAuth({ onEvent: otelEvents({ ...api, metrics: { getMeter } }) });
  await kit.createPropelAuth().verifier.verifyAccessToken(kit.token());
  const recorded = Object.keys(await metrics());
  assert(recorded.includes("propelauth.verifications"), recorded.join());
  assert(!recorded.includes("propelauth.cache.hit_ratio"));
  assert.deepEqual(spans().map(({ name }) => name), ["propelauth.introspect", "propelauth.verify"]);
});

test("nothing is created before the first event, and nothing holds a token", async () => {
  const created: string[] = [];
  const listener = otelEvents({
    ...api,
    metrics: {
      getMeter: (name) => {
        created.push(name);
        return api.metrics.getMeter(name);
      },
    },
  });
  assert.deepEqual(created, []);
  tell(listener, { code: "breaker_closed", credential: "access_token" });
  tell(listener, { code: "breaker_closed", credential: "access_token" });
  assert.deepEqual(created, ["@x/propelauth-mcp"]);

  const { listener: observed, spans, metrics } = observe({ recordSubject: true });
  const kit = createTestPropelAuth({ onEvent: observed });
  const token = kit.token();
  await kit.createPropelAuth().verifier.verifyAccessToken(token);
  const all = JSON.stringify([spans().map((span) => span.attributes), await metrics()]);
  assert(!all.includes(token) && !all.includes("test-secret"));
});

test("docs/observe.md lists every metric and every span that there is", async () => {
  const guide = readFileSync(new URL("docs/observe.md", root), "utf8");
  const listed = [...guide.matchAll(/^\| `((?:propelauth|mcp)\.[a-z_.]+)` /gm)];
  const { listener, metrics, spans, api } = observe();
  const kit = createTestPropelAuth({
    onEvent: listener,
    audit: otelCalls(api, { recordOrganization: true }),
  });
  await kit.createPropelAuth().handler(() => Response.json({ jsonrpc: "2.0", id: 1, result: {} }))(
    new Request("https://mcp.example.com/mcp", {
      method: "POST",
      headers: { Authorization: `Bearer ${kit.token({ claims: { org_id: "acme" } })}` },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    }),
  );
  tell(listener, { code: "request_refused", reason: "origin", received: "x" });
  tell(listener, {
    code: "token_accepted",
    tokenDigest: "3f08aace122e",
    durationSeconds: 0,
    source: "flight",
    clientId: "c",
  });
  tell(listener, { code: "shared_cache_entry_rejected", tokenDigest: "3f08aace122e" });
  tell(listener, { code: "shared_cache_order_lost" });
  const made = new Set([...spans().map(({ name }) => name), ...Object.keys(await metrics())]);
  assert(made.delete("tools/list"));
  assert.deepEqual(listed.map(([, name]) => name).sort(), [...made].sort());
});
