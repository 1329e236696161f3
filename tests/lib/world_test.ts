import assert from "node:assert/strict";
import { test } from "node:test";
import { withDeadline } from "../../src/lib/world.ts";
import { createFakeWorld } from "../support/harness.ts";

const world = () => createFakeWorld(() => Promise.reject(new Error("no network")));
const never = () => new Promise<never>(() => {});

test("withDeadline() gives what the exchange gave, and stops its timer", async () => {
  const clock = world();
  assert.equal(await withDeadline(clock, 10, () => Promise.resolve("done")), "done");
  assert.equal(clock.timers, 0);
});

test("withDeadline() passes on what the exchange threw, and stops its timer", async () => {
  const clock = world();
  const failed = withDeadline(clock, 10, () => Promise.reject(new Error("failed")));
  await assert.rejects(failed, { message: "failed" });
  assert.equal(clock.timers, 0);
});

test("withDeadline() ends an exchange that ignores its signal", async () => {
  const clock = world();
  const ended = assert.rejects(withDeadline(clock, 10, never), { name: "DeadlineError" });
  clock.advance(10);
  await ended;
});

test("withDeadline() aborts the signal, and rejects with the deadline rather than the abort", async () => {
  const clock = world();
  let aborted = false;
  const ended = assert.rejects(
    withDeadline(clock, 10, (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        });
      })),
    { name: "DeadlineError" },
  );
  clock.advance(9);
  assert.equal(clock.timers, 1);
  clock.advance(1);
  await ended;
  assert.equal(aborted, true);
});
