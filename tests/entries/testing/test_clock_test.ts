import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestClock } from "../../../src/entries/testing/test_clock.ts";

test("createTestClock() stands still until it is moved, and starts in 2100", () => {
  const clock = createTestClock();
  assert.equal(new Date(clock.now() * 1000).toISOString(), "2100-01-01T00:00:00.000Z");
  const start = clock.now();
  clock.advance(1.5);
  clock.advance(0);
  assert.equal(clock.now() - start, 1.5);
});

test("advance() runs timers in their order, each at its own time, those they start included", () => {
  const clock = createTestClock();
  const start = clock.now();
  const ran: [string, number][] = [];
  const note = (name: string) => () => void ran.push([name, clock.now() - start]);
  clock.startTimer(3, note("third"));
  clock.startTimer(1, () => {
    note("first")();
    clock.startTimer(1, note("second"));
  });
  clock.startTimer(2.5, note("stopped")).stop();
  const paused = clock.startTimer(4, note("paused"));
  paused.running = false;
  clock.startTimer(11, note("later"));
  clock.advance(10);
  assert.deepEqual(ran, [["first", 1], ["second", 2], ["third", 3]]);
  clock.advance(1);
  assert.deepEqual(ran[3], ["later", 11]);
  clock.advance(100);
  assert.equal(ran.length, 4);
  paused.running = true;
  clock.advance(0);
  assert.deepEqual(ran[4], ["paused", 111]);
});

for (const seconds of [-1, NaN, Infinity]) {
  test(`advance() refuses ${seconds}`, () => {
    assert.throws(() => createTestClock().advance(seconds), { name: "RangeError" });
  });
}
