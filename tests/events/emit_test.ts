import assert from "node:assert/strict";
import { test } from "node:test";
import { createEmit } from "../../src/events/emit.ts";
import type { PropelAuthEvent } from "../../src/events/events.ts";

test("createEmit() is undefined when nobody listens, so that nothing is put together", () => {
  assert.equal(createEmit(undefined, () => 1), undefined);
});

test("createEmit() adds the sentence and the time, and freezes the event", () => {
  const events: PropelAuthEvent[] = [];
  createEmit((event) => events.push(event), () => 17)?.({ code: "breaker_closed" });
  assert.deepEqual(events, [
    { code: "breaker_closed", message: "PropelAuth answers again.", occurredAt: 17 },
  ]);
  assert(Object.isFrozen(events[0]));
});

const FAULTS: [string, () => unknown][] = [
  ["throws", () => {
    throw new Error("listener");
  }],
  ["rejects", () => Promise.reject(new Error("listener"))],
];

for (const [does, listener] of FAULTS) {
  test(`createEmit() is not disturbed by a listener that ${does}`, async () => {
    const emit = createEmit(listener, () => 1);
    assert.equal(emit?.({ code: "breaker_closed" }), undefined);
    // An unhandled rejection would end the process in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  });
}
