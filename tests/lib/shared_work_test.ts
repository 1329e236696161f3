import assert from "node:assert/strict";
import { test } from "node:test";
import { LEASE_SECONDS } from "../../src/lib/lease.ts";
import { createSharedWork } from "../../src/lib/shared_work.ts";
import { DeadlineError } from "../../src/lib/world.ts";
import { createFakeWorld, settle } from "../support/harness.ts";

function setUp() {
  const world = createFakeWorld(() => assert.fail("nobody is asked"));
  return { world, work: createSharedWork<string>(world) };
}

/** Work that ends when the test says so. */
function createTask() {
  let [resolve, reject] = [(_: string): void => {}, (_: Error): void => {}];
  const promise = new Promise<string>((yes, no) => [resolve, reject] = [yes, no]);
  const task = {
    runs: 0,
    run: () => {
      task.runs++;
      return promise;
    },
    end: (value: string) => resolve(value),
    fail: (error: Error) => reject(error),
  };
  return task;
}

test("join() runs once for all that wait, and says who ran", async () => {
  const { work, world } = setUp();
  const task = createTask();
  const all = [1, 2, 3].map(() => work.join("key", task.run));
  task.end("value");
  assert.deepEqual(await Promise.all(all), [
    { value: "value", joined: false },
    { value: "value", joined: true },
    { value: "value", joined: true },
  ]);
  assert.deepEqual([task.runs, world.timers], [1, 0]);
});

test("join() waits for slow work as long as it takes", async () => {
  const { work, world } = setUp();
  const task = createTask();
  const all = [1, 2].map(() => work.join("key", task.run));
  for (let i = 0; i < 30; i++) {
    world.advance(LEASE_SECONDS);
    await settle();
  }
  const late = work.join("key", task.run);
  task.end("value");
  for (const one of [...all, late]) assert.equal((await one).value, "value");
  assert.deepEqual([task.runs, world.timers], [1, 0]);
});

for (const error of [new Error("failed"), new DeadlineError()]) {
  test(`join() gives a failure to all that wait, and keeps none: ${error.name}`, async () => {
    const { work } = setUp();
    const [failing, task] = [createTask(), createTask()];
    const all = [1, 2].map(() => work.join("key", failing.run));
    await settle();
    failing.fail(error);
    for (const one of all) await assert.rejects(one, error);
    task.end("value");
    assert.deepEqual(await work.join("key", task.run), { value: "value", joined: false });
  });
}

test("join() runs again, once, for those that wait for a request that is gone", async () => {
  const { work, world } = setUp();
  const [lost, task] = [createTask(), createTask()];
  void work.join("key", lost.run);
  world.endRequests();
  const all = [1, 2, 3].map(() => work.join("key", task.run));
  await settle();
  assert.equal(task.runs, 0);
  world.advance(LEASE_SECONDS);
  await settle();
  assert.equal(task.runs, 1);
  task.end("value");
  assert.deepEqual((await Promise.all(all)).map(({ joined }) => joined), [false, true, true]);
  assert.deepEqual([lost.runs, world.timers], [1, 0]);
});

test("join() runs again at once when the runtime rejects the promise of a lost request", async () => {
  const { work, world } = setUp();
  const [lost, task] = [createTask(), createTask()];
  // As workerd does: for those that wait, without running any code of the request itself.
  const promise = new Promise<string>(() => {});
  promise.then = (_, onRejected) =>
    Promise.resolve().then(() => onRejected?.(new Error("ended")) as never);
  promise.finally = () => promise;
  void work.join("key", () => promise).catch(() => {});
  const again = work.join("key", task.run);
  task.end("value");
  assert.deepEqual(await again, { value: "value", joined: false });
  assert.deepEqual([lost.runs, world.now()], [0, 4e9]);
});

test("join() keeps nothing of requests that are gone, whatever their keys", async () => {
  const { work, world } = setUp();
  for (let i = 0; i < 100; i++) void work.join(`key-${i}`, createTask().run);
  world.endRequests();
  world.advance(LEASE_SECONDS);
  const task = createTask();
  const last = work.join("key", task.run);
  let ended = false;
  const ending = work.ended().then(() => ended = true);
  await settle();
  assert.equal(ended, false);
  task.end("value");
  await Promise.all([last, ending]);
});

for (const how of ["detach", "detachAll"] as const) {
  test(`${how}() lets later callers run again, and earlier ones wait`, async () => {
    const { work } = setUp();
    const [before, after] = [createTask(), createTask()];
    const first = [1, 2].map(() => work.join("key", before.run));
    work[how]("key");
    const second = work.join("key", after.run);
    before.end("before");
    for (const one of first) assert.equal((await one).value, "before");
    // The end of the older work does not detach the newer one.
    const third = work.join("key", after.run);
    after.end("after");
    assert.deepEqual([(await second).joined, (await third).joined], [false, true]);
  });
}

test("ended() waits for work that was detached, and for work that fails", async () => {
  const { work } = setUp();
  const task = createTask();
  const failed = assert.rejects(work.join("key", task.run), { message: "failed" });
  work.detachAll();
  let ended = false;
  const ending = work.ended().then(() => ended = true);
  await settle();
  assert.equal(ended, false);
  task.fail(new Error("failed"));
  await Promise.all([failed, ending]);
});
