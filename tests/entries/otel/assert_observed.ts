/**
 * Checks the spans and metrics of the five calls that `server.ts` and `server_node.ts` make.
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
  // Within the request that the runtime itself traces.
  for (const span of verified) {
    const request = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
    assert.equal(request?.kind, SERVER);
    // Two clocks, of which ours counts milliseconds.
    const early = Number(BigInt(request.startTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
    const late = Number(BigInt(span.endTimeUnixNano) - BigInt(request.endTimeUnixNano)) / 1e6;
    assert(early < 5 && late < 5, `${early} ms, ${late} ms`);
  }

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
  const durations: CollectedPoint[] = collector.metrics.get("propelauth.introspection.duration") ??
    [];
  assert.deepEqual(durations.map(({ count }) => count), [1, 1, 1]);
  for (const { explicitBounds = [] } of durations) {
    assert.deepEqual([explicitBounds[0], explicitBounds.at(-1)], [0.005, 10]);
  }
  // No token of the kit, no secret, no user.
  assert.doesNotMatch(collector.raw.join(), /test_[0-9a-f]{8}-|test-secret|user-7/);
}

function sorted(points: [unknown, unknown][]): string[] {
  return points.map(([attributes, value]) => {
    const members = Object.entries(attributes as object).sort(([a], [b]) => a < b ? -1 : 1);
    return JSON.stringify([members, value]);
  }).sort();
}
