import assert from "node:assert/strict";
import { test } from "node:test";
import { createLimiter, MAX_QUEUED_INTROSPECTIONS } from "../../src/verification/limiter.ts";
import { createFakeWorld, settle } from "../support/harness.ts";

function setUp(maxRunning: number) {
  const world = createFakeWorld(() => Promise.reject(new Error("no network")));
  const limiter = createLimiter(world, maxRunning, 5);
  const started: number[] = [];
  const finish: (() => void)[] = [];
  /** Starts a task that runs until it is told to finish. */
  const start = (name: number) =>
    limiter.run(() => {
      started.push(name);
      return new Promise<number>((resolve) => finish[name] = () => resolve(name));
    });
  return { world, limiter, started, finish, start };
}

test("run() runs so many at once, and the others in their order", async () => {
  const { world, started, finish, start } = setUp(2);
  const all = [0, 1, 2, 3].map(start);
  await settle();
  assert.deepEqual(started, [0, 1]);
  finish[1]?.();
  await settle();
  assert.deepEqual(started, [0, 1, 2]);
  finish[0]?.();
  finish[2]?.();
  await settle();
  finish[3]?.();
  assert.deepEqual(await Promise.all(all), [0, 1, 2, 3]);
  assert.equal(world.timers, 0);
});

test("run() frees the place of a task that fails", async () => {
  const { limiter } = setUp(1);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(limiter.run(() => Promise.reject(new Error("failed"))));
  }
  assert.equal(await limiter.run(() => Promise.resolve("ran")), "ran");
});

test("run() refuses whom the queue has no place for, and keeps its word to those in it", async () => {
  const { started, finish, start, limiter } = setUp(1);
  const all = Array.from({ length: 1 + MAX_QUEUED_INTROSPECTIONS }, (_, name) => start(name));
  await assert.rejects(limiter.run(() => Promise.resolve()), {
    reason: "overloaded",
    retryAfterSeconds: 1,
  });
  for (let name = 0; name < all.length; name++) {
    finish[name]?.();
    await all[name];
    await settle();
  }
  assert.equal(started.length, all.length);
});

test("run() refuses who has waited too long, and keeps no place for them", async () => {
  const { world, started, finish, start } = setUp(1);
  const first = start(0);
  const late = assert.rejects(start(1), { reason: "overloaded" });
  world.advance(4);
  const second = start(2);
  world.advance(1);
  await late;
  finish[0]?.();
  await first;
  await settle();
  finish[2]?.();
  await second;
  assert.deepEqual(started, [0, 2]);
  assert.equal(world.timers, 0);
});
