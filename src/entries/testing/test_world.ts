/**
 * The world of a server that goes by the test's clock.
 *
 * @module
 */

import type { World } from "../../lib/world.ts";
import type { TestClock, TestTimer } from "./test_clock.ts";
import type { TestNetwork } from "./test_network.ts";

/**
 * Puts a clock and a network together.
 *
 * A test moves the clock at once, while an answer takes a few turns of the event loop. So the
 * deadline of a question runs only while the test holds its answer back; else an answer that is on
 * its way would be late whenever the clock is moved.
 *
 * @param clock The test's clock.
 * @param network The test's network.
 * @returns The world.
 */
export function createTestWorld(clock: TestClock, network: TestNetwork): World {
  const deadlines = new WeakMap<object, TestTimer>();
  let latest: TestTimer | undefined;
  return {
    runs: false,
    now: clock.now,
    startTimer(seconds: number, onEnd: () => void): () => void {
      const timer = clock.startTimer(seconds, onEnd);
      latest = timer;
      return timer.stop;
    },
    fetch(url: string, init: RequestInit): Promise<Response> {
      const { signal } = init;
      // A deadline is started right before its first question is asked.
      const deadline = signal ? deadlines.get(signal) ?? latest : undefined;
      if (signal && deadline) deadlines.set(signal, deadline);
      return network.fetch(url, init, (held) => {
        if (deadline) deadline.running = held;
      });
    },
  };
}
