/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import { refuseAs } from "../../lib/broken_rule.ts";
import { requireNumber } from "../../lib/check_option.ts";

/** 2100-01-01: later than any real clock shows, so that only the test makes a token expire. */
const START_SECONDS = 4_102_444_800;

/** A clock that the test moves, with the timers that run by it. */
export interface TestClock {
  /** Seconds since 1970. */
  now(): number;
  /** Starts a timer, which ends once. */
  startTimer(seconds: number, onEnd: () => void): TestTimer;
  /** Moves the clock forward; timers that end on the way run, each at its own time. */
  advance(seconds: number): void;
}

/** A timer that runs by the clock. */
export interface TestTimer {
  /** While it is false the timer does not end, however late it is. */
  running: boolean;
  /** Ends it for good, without a call. */
  readonly stop: () => void;
}

interface Timer extends TestTimer {
  readonly endsAt: number;
  readonly onEnd: () => void;
}

/** Creates a clock that shows the first second of 2100. */
export function createTestClock(): TestClock {
  let now = START_SECONDS;
  const timers = new Set<Timer>();

  function nextTimer(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (!timer.running || timer.endsAt > until) continue;
      if (next === undefined || timer.endsAt < next.endsAt) next = timer;
    }
    return next;
  }

  return {
    now: () => now,
    startTimer(seconds: number, onEnd: () => void): TestTimer {
      const stop = (): void => void timers.delete(timer);
      const timer: Timer = { endsAt: now + seconds, onEnd, running: true, stop };
      timers.add(timer);
      return timer;
    },
    advance(seconds: number): void {
      refuseAs(
        "Cannot advance the clock",
        () => requireNumber("seconds", seconds, "a finite number >= 0", (value) => value >= 0),
      );
      const end = now + seconds;
      for (let timer = nextTimer(end); timer !== undefined; timer = nextTimer(end)) {
        timers.delete(timer);
        now = Math.max(now, timer.endsAt);
        timer.onEnd();
      }
      now = end;
    },
  };
}
