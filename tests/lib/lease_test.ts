import assert from "node:assert/strict";
import { test } from "node:test";
import { LEASE_SECONDS, RENEWAL_SECONDS, takeLease } from "../../src/lib/lease.ts";
import { createFakeWorld } from "../support/harness.ts";

const createWorld = () => createFakeWorld(() => assert.fail("nobody is asked"));

test("takeLease() gives a lease that is held until it is released", () => {
  const world = createWorld();
  let renewals = 0;
  const lease = takeLease(world, () => renewals++);
  world.advance(60);
  assert.deepEqual([lease.held, renewals, world.timers], [true, 60 / RENEWAL_SECONDS, 1]);
  lease.release();
  assert.deepEqual([lease.held, world.timers], [false, 0]);
});

test("takeLease() gives a lease that its own renewal may release", () => {
  const world = createWorld();
  const lease = takeLease(world, () => lease.release());
  world.advance(60);
  assert.deepEqual([lease.held, world.timers], [false, 0]);
});

test("takeLease() gives a lease that is lost soon after the request that took it", () => {
  const world = createWorld();
  const lease = takeLease(world);
  world.advance(RENEWAL_SECONDS);
  world.endRequests();
  world.advance(LEASE_SECONDS - 0.01);
  assert.equal(lease.held, true);
  world.advance(0.01);
  assert.equal(lease.held, false);
});

test("takeLease() gives a lease that a clock that jumps back does not keep held", () => {
  let [now, renew] = [4e9, () => {}];
  const lease = takeLease({
    ...createWorld(),
    now: () => now,
    startTimer: (_seconds, onEnd) => (renew = onEnd, () => {}),
  });
  now -= 3600;
  assert.equal(lease.held, false);
  renew();
  assert.equal(lease.held, true);
});
