import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventFacts } from "../../src/events/events.ts";
import { createSharedCacheGuard, LOST } from "../../src/shared_cache/guard.ts";
import { LEASE_SECONDS } from "../../src/lib/lease.ts";
import { createFakeWorld } from "../support/harness.ts";

const SHARED_CACHE_TIMEOUT_SECONDS = 0.25;
const SHARED_CACHE_RETRY_SECONDS = 1;

function createGuarded() {
  const events: EventFacts["code"][] = [];
  const world = createFakeWorld(() => assert.fail("nobody is asked"));
  return { world, events, guard: createSharedCacheGuard(world, ({ code }) => events.push(code)) };
}

const fail = () => Promise.reject(new Error("connection refused"));
const stuck = () => new Promise<never>(() => {});

test("the guard gives the result, and stops its timer", async () => {
  const { guard, world, events } = createGuarded();
  assert.equal(await guard(() => Promise.resolve("value")), "value");
  assert.equal(world.timers, 0);
  assert.deepEqual(events, []);
});

for (
  const [how, call] of [
    ["rejects", fail],
    ["throws", () => {
      throw new Error("closed");
    }],
  ] as const
) {
  test(`the guard gives LOST when a call ${how}, and reports it once`, async () => {
    const { guard, events, world } = createGuarded();
    assert.deepEqual(await Promise.all([guard(call), guard(call)]), [LOST, LOST]);
    assert.deepEqual(events, ["shared_cache_lost"]);
    assert.equal(world.timers, 0);
  });
}

test("the guard gives LOST when a call takes too long", async () => {
  const { guard, events, world } = createGuarded();
  const result = guard(stuck);
  world.advance(SHARED_CACHE_TIMEOUT_SECONDS);
  assert.equal(await result, LOST);
  assert.deepEqual(events, ["shared_cache_lost"]);
});

test("the guard tries nothing for a while after a loss, then one call at a time", async () => {
  const { guard, events, world } = createGuarded();
  await guard(fail);
  let tried = 0;
  const attempt = () => guard(() => Promise.resolve(++tried));
  assert.equal(await attempt(), LOST);
  world.advance(SHARED_CACHE_RETRY_SECONDS);
  const probe = guard(stuck);
  assert.equal(await attempt(), LOST);
  assert.equal(tried, 0);
  world.advance(SHARED_CACHE_TIMEOUT_SECONDS);
  assert.equal(await probe, LOST);
  world.advance(SHARED_CACHE_RETRY_SECONDS);
  assert.equal(await attempt(), 1);
  assert.equal(await attempt(), 2);
  assert.deepEqual(events, ["shared_cache_lost", "shared_cache_recovered"]);
});

test("the guard takes no late success for a recovery", async () => {
  const { guard, events } = createGuarded();
  let succeed = (_: string): void => {};
  const late = guard(() => new Promise<string>((resolve) => succeed = resolve));
  await guard(fail);
  succeed("late");
  assert.equal(await late, "late");
  assert.deepEqual(events, ["shared_cache_lost"]);
});

test("the guard looks for a lost cache again when the clock jumps back", async () => {
  const { guard, world } = createGuarded();
  await guard(fail);
  world.advance(-3600);
  assert.equal(await guard(() => Promise.resolve("back")), "back");
});

test("the guard looks for a lost cache again when the request that did so is gone", async () => {
  const { guard, world } = createGuarded();
  await guard(fail);
  world.advance(SHARED_CACHE_RETRY_SECONDS);
  void guard(stuck);
  world.endRequests();
  const attempt = () => guard(() => Promise.resolve("back"));
  world.advance(LEASE_SECONDS / 2);
  assert.equal(await attempt(), LOST);
  world.advance(LEASE_SECONDS / 2);
  assert.equal(await attempt(), "back");
  assert.equal(world.timers, 0);
});
