import assert from "node:assert/strict";
import { test } from "node:test";
import type { World } from "../../src/lib/world.ts";
import { IntrospectionError } from "../../src/oauth/errors.ts";
import { createAskRepeatedly } from "../../src/verification/session_start.ts";

const MAX_WAIT_SECONDS = 7;
const RENEWAL_SECONDS = 0.25;

test("a request waits no longer than its bound when the clock jumps back", async () => {
  let [clock, waited, tries] = [10_000, 0, 0];
  const world: World = {
    fetch: () => assert.fail("It is not called here"),
    now: () => clock,
    // A real timer runs on when the clock is set.
    startTimer(seconds, onEnd) {
      if (seconds === RENEWAL_SECONDS) return () => {};
      waited += seconds;
      clock += seconds;
      queueMicrotask(onEnd);
      return () => {};
    },
  };
  const ask = () => {
    if (++tries === 2) clock -= 3600;
    return Promise.reject(new IntrospectionError("network"));
  };
  await assert.rejects(createAskRepeatedly(world)(() => true, ask), { reason: "network" });
  assert(tries > 2 && waited <= MAX_WAIT_SECONDS, `${tries} tries in ${waited} seconds`);
});
