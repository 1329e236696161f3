/**
 * Checks the spans and metrics of the five calls that `server.ts` and `observed_server.mjs` receive.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CollectedPoint, Collector } from "./otlp_collector.ts";

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;

/** Compares what a collector got with what was called, and with the statuses that were answered. */
export function assertObserved(collector: Collector, statuses: unknown): void {
  assert.deepEqual(statuses, [401, 200, 200, 401, 503]);
  assert.deepEqual([...collector.services], ["my-mcp-server"]);

  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  const verified = named("propelauth.verify");
  assert.deepEqual(verified.map(({ attributes }) => attributes["propelauth.outcome"]).sort(), [
    "accepted",
    "accepted",
    "refused",
    "unverified",
  ]);
  const asked = named("propelauth.introspect");
  assert.equal(asked.length, 3);
  for (const span of asked) {
    assert.equal(span.kind, CLIENT);
    const parent = verified.find(({ spanId }) => spanId === span.parentSpanId);
    assert.equal(parent?.traceId, span.traceId);
  }
  const failed = [...verified, ...asked].filter(({ status }) => status?.code === ERROR);
  assert.deepEqual(failed.map(({ attributes }) => attributes["error.type"]), [
    "unavailable",
    "unavailable",
  ]);
  assertCalls(collector);

  const value = (name: string): [unknown, number | undefined][] =>
    (collector.metrics.get(name) ?? []).map((point) => [point.attributes, point.value]);
  const accepted = { "propelauth.outcome": "accepted", "propelauth.credential": "access_token" };
  assert.deepEqual(
    sorted(value("propelauth.verifications")),
    sorted([
      [{ "propelauth.outcome": "refused", "error.type": "missing_credentials" }, 1],
      [{ ...accepted, "propelauth.source": "introspection" }, 1],
      [{ ...accepted, "propelauth.source": "cache" }, 1],
      [{
        "propelauth.outcome": "refused",
        "propelauth.source": "introspection",
        "error.type": "inactive",
      }, 1],
      [{ "propelauth.outcome": "unverified", "error.type": "unavailable" }, 1],
    ]),
  );
  assert.deepEqual(value("propelauth.cache.hit_ratio"), [[{}, 0.25]]);
  assert.deepEqual(value("propelauth.breaker.open"), [
    [{ "propelauth.credential": "access_token" }, 0],
  ]);
  const [measured, ...others]: CollectedPoint[] =
    collector.metrics.get("mcp.server.operation.duration") ?? [];
  assert.deepEqual([measured?.count, others.length], [2, 0]);
  assert.equal(measured?.attributes["gen_ai.tool.name"], "search_notes");
  const { explicitBounds: bounds = [] } = measured ?? {};
  assert.deepEqual([bounds.length, bounds[0], bounds.at(-1)], [14, 0.01, 300]);
  const durations: CollectedPoint[] = collector.metrics.get("propelauth.introspection.duration") ??
    [];
  assert.deepEqual(durations.map(({ count }) => count), [1, 1, 1]);
  for (const { explicitBounds = [] } of durations) {
    assert.deepEqual([explicitBounds[0], explicitBounds.at(-1)], [0.005, 10]);
  }
  // No token of the kit, no secret, no user.
  assert.doesNotMatch(collector.raw.join(), /test_[0-9a-f]{8}-|test-secret|user-7/);
}

/** Of the two calls that reached the tool, the second one names the client's span as its parent. */
function assertCalls({ spans }: Collector): void {
  const byId = (id: string | undefined) => spans.find(({ spanId }) => spanId === id);
  const called = spans.filter(({ name }) => name === "tools/call search_notes");
  assert.deepEqual(called.map(({ kind }) => kind), [SERVER, SERVER]);
  for (const { spanId, attributes } of called) {
    const { "propelauth.client_id": _, ...others } = attributes;
    assert.deepEqual(others, {
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "search_notes",
      "gen_ai.operation.name": "execute_tool",
      "mcp.protocol.version": "2025-11-25",
      "propelauth.credential": "access_token",
      "jsonrpc.request.id": "1",
      "network.protocol.name": "http",
      "network.transport": "tcp",
    });
    const within = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    assert.deepEqual(within.map(({ name }) => name).sort(), ["SELECT notes", "propelauth.verify"]);
  }
  const remote = called.find(({ parentSpanId }) => parentSpanId === "00f067aa0ba902b7");
  assert.equal(remote?.traceId, "4bf92f3577b34da6a3ce929d0e0e4736");
  // Each of the others is within the HTTP request that the runtime itself traces.
  const verified = spans.filter(({ name, parentSpanId }) =>
    name === "propelauth.verify" && !called.some(({ spanId }) => spanId === parentSpanId)
  );
  const own = called.filter((span) => span !== remote);
  assert.deepEqual([own.length, verified.length, remote.links?.length], [1, 2, 1]);
  for (const span of [...own, ...verified, remote]) {
    const request = byId(span === remote ? remote.links?.[0]?.spanId : span.parentSpanId);
    assert.equal(request?.kind, SERVER);
    // Two clocks, of which ours counts milliseconds.
    const early = Number(BigInt(request.startTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
    const late = Number(BigInt(span.endTimeUnixNano) - BigInt(request.endTimeUnixNano)) / 1e6;
    assert(early < 5 && late < 5, `${early} ms, ${late} ms`);
  }
}

function sorted(points: [unknown, unknown][]): string[] {
  return points.map(([attributes, value]) => {
    const members = Object.entries(attributes as object).sort(([a], [b]) => a < b ? -1 : 1);
    return JSON.stringify([members, value]);
  }).sort();
}
