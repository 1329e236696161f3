import assert from "node:assert/strict";
import { test } from "node:test";
import { LEASE_SECONDS, RENEWAL_SECONDS } from "../../src/lib/lease.ts";
import { createLimiter } from "../../src/verification/limiter.ts";
import { createFakeWorld, settle } from "../support/harness.ts";

const MAX_QUEUED_INTROSPECTIONS = 1_000;
const SILENT_INTROSPECTIONS = 10;
const SILENCE_SECONDS = 1;

function setUp(maxRunning: number, wakesOthers = true) {
  const world = createFakeWorld(() => Promise.reject(new Error("no network")));
  const limiter = createLimiter({ ...world, wakesOthers }, maxRunning, 5);
  const started: number[] = [];
  const finish: (() => void)[] = [];
  /** Starts a task that runs until the test finishes it. */
  const start = (name: number) =>
    limiter.run(() => {
      started.push(name);
      return new Promise<number>((resolve) => finish[name] = () => resolve(name));
    });
  return { world, limiter, started, finish, start };
}

test("run() runs a bounded number at once, and the others in their order", async () => {
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

test("run() starts one task a second while ten run without an answer", async () => {
  const { world, started, finish, start } = setUp(100);
  const all = Array.from({ length: SILENT_INTROSPECTIONS }, (_, name) => start(name));
  world.advance(SILENCE_SECONDS);
  all.push(...[10, 11, 12].map(start));
  await settle();
  assert.deepEqual(started.length, 11, "one, since the last began a second ago");
  world.advance(SILENCE_SECONDS);
  await settle();
  assert.deepEqual(started.slice(10), [10, 11], "in their order");
  finish[3]?.();
  await settle();
  assert.deepEqual(started.slice(10), [10, 11, 12], "all, since there is an answer");
  all.push(start(13));
  await settle();
  assert.equal(started.length, 14);
  for (const end of finish) end();
  await Promise.all(all);
  assert.equal(world.timers, 0);
});

test("run() starts all tasks while fewer than ten run, or tasks end", async () => {
  const { world, started, finish, start } = setUp(100);
  const slow = Array.from({ length: SILENT_INTROSPECTIONS - 1 }, (_, name) => start(name));
  world.advance(60);
  slow.push(start(9), start(10), start(11));
  await settle();
  assert.equal(started.length, 12, "the tenth has only just begun");
  world.advance(SILENCE_SECONDS / 2);
  finish[11]?.();
  await settle();
  world.advance(SILENCE_SECONDS / 2);
  slow.push(start(12), start(13));
  await settle();
  assert.equal(started.length, 14, "the eleventh has an answer");
  for (const end of finish) end();
  await Promise.all(slow);
});

test("run() frees the place of a task that fails", async () => {
  const { limiter } = setUp(1);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(limiter.run(() => Promise.reject(new Error("failed"))));
  }
  assert.equal(await limiter.run(() => Promise.resolve("ran")), "ran");
});

test("run() refuses a task when the queue is full, and runs all that are in it", async () => {
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

test("run() refuses a task that has waited too long, and keeps no place for it", async () => {
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

test("run() lets a slow task keep its place as long as it takes", async () => {
  const { world, started, finish, start } = setUp(1);
  const slow = start(0);
  world.advance(60);
  const late = assert.rejects(start(1), { reason: "overloaded" });
  world.advance(5);
  await late;
  assert.deepEqual(started, [0]);
  finish[0]?.();
  await slow;
  assert.equal(world.timers, 0);
});

test("run() gives the places of requests that are gone to waiting requests", async () => {
  const { world, started, start } = setUp(2);
  for (const name of [0, 1]) void start(name);
  world.endRequests();
  void start(2);
  await settle();
  assert.deepEqual(started, [0, 1]);
  world.advance(LEASE_SECONDS);
  await settle();
  assert.deepEqual(started, [0, 1, 2]);
});

test("run() gives the places of requests that are gone to one that comes later", async () => {
  const { world, started, start } = setUp(1);
  void start(0);
  world.endRequests();
  world.advance(LEASE_SECONDS);
  void start(1);
  await settle();
  assert.deepEqual(started, [0, 1]);
});

test("run() empties a queue of requests that are gone", async () => {
  const { world, started, start, limiter } = setUp(1);
  for (let name = 0; name <= MAX_QUEUED_INTROSPECTIONS; name++) void start(name);
  await assert.rejects(limiter.run(() => Promise.resolve()), { reason: "overloaded" });
  world.endRequests();
  world.advance(LEASE_SECONDS);
  assert.equal(await limiter.run(() => Promise.resolve("ran")), "ran");
  assert.deepEqual(started, [0]);
});

test("run() goes on past a waiting request that is gone", async () => {
  const { world, started, finish, start } = setUp(1);
  const first = start(0);
  void start(1);
  // The one that runs goes on: its lease is not needed for that.
  world.endRequests();
  void start(2);
  finish[0]?.();
  await first;
  world.advance(2 * LEASE_SECONDS);
  await settle();
  assert(started.includes(2), `${started}`);
});

test("run() settles no promise of another request where a runtime forbids it", async () => {
  const { world, started, finish, start } = setUp(1, false);
  const first = start(0);
  const second = start(1);
  finish[0]?.();
  await first;
  await settle();
  assert.deepEqual(started, [0]);
  world.advance(RENEWAL_SECONDS);
  await settle();
  assert.deepEqual(started, [0, 1]);
  finish[1]?.();
  await second;
  assert.equal(world.timers, 0);
});

test("run() runs a task whose place came just before its time was up", async () => {
  const { world, started, finish, start } = setUp(1, false);
  const first = start(0);
  world.advance(RENEWAL_SECONDS / 2);
  const second = start(1);
  world.advance(5 - RENEWAL_SECONDS / 2);
  finish[0]?.();
  await first;
  world.advance(RENEWAL_SECONDS / 2);
  await settle();
  assert.deepEqual(started, [0, 1]);
  finish[1]?.();
  await second;
});

test("run() has room in the queue again when a waiting request runs", async () => {
  const { limiter, finish, start } = setUp(1);
  for (let name = 0; name <= MAX_QUEUED_INTROSPECTIONS; name++) void start(name);
  await settle();
  finish[0]?.();
  await settle();
  let refused = false;
  start(MAX_QUEUED_INTROSPECTIONS + 1).catch(() => refused = true);
  await assert.rejects(limiter.run(() => Promise.resolve()), { reason: "overloaded" });
  assert.equal(refused, false);
});

test("run() gives the places of requests that are gone on when the clock jumps back", async () => {
  const { world, started, start } = setUp(1);
  void start(0);
  // This one makes the limiter look, a moment before.
  void start(1);
  world.endRequests();
  world.advance(-3600);
  void start(2);
  world.advance(2 * LEASE_SECONDS);
  await settle();
  assert(started.includes(2), `${started}`);
});

test("run() does not look at all that wait each time that it refuses a task", async () => {
  const world = createFakeWorld(() => assert.fail("nobody is asked"));
  let looks = 0;
  const limiter = createLimiter({ ...world, now: () => (looks++, world.now()) }, 1, 5);
  const never = () => new Promise<never>(() => {});
  for (let i = 0; i <= MAX_QUEUED_INTROSPECTIONS; i++) limiter.run(never).catch(() => {});
  looks = 0;
  for (let i = 0; i < 1_000; i++) {
    await assert.rejects(limiter.run(never), { reason: "overloaded" });
  }
  assert(looks < 5_000, `${looks} looks at the clock`);
});
