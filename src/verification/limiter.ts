/**
 * A cap on what runs at once, with a queue that is bounded in number and in time.
 *
 * @module
 */

import { IntrospectionError } from "../oauth/errors.ts";
import type { World } from "../lib/world.ts";

/** How many questions may wait for their turn; past it the next one is refused at once. */
export const MAX_QUEUED_INTROSPECTIONS = 1_000;
/** Seconds after which those may come again who found the queue full or too slow. */
export const OVERLOADED_RETRY_SECONDS = 1;

/** Lets some run, has some wait, refuses the rest. */
export interface Limiter {
  /**
   * Runs a task when its turn comes, first come, first served.
   *
   * @param task The task; its place is free again when it settles.
   * @returns What the task gave.
   * @throws {IntrospectionError} `overloaded`: the queue is full, or the turn did not come in time.
   */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/**
 * Creates a limiter.
 *
 * @param world Gives the timers, one for each that waits.
 * @param maxRunning How many tasks run at once.
 * @param maxWaitSeconds How long one waits for its turn.
 * @returns The limiter.
 */
export function createLimiter(world: World, maxRunning: number, maxWaitSeconds: number): Limiter {
  let running = 0;
  const waiting = new Set<() => void>();

  function waitForTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopTimer = world.startTimer(maxWaitSeconds, () => {
        waiting.delete(start);
        reject(overloaded());
      });
      function start(): void {
        waiting.delete(start);
        stopTimer();
        resolve();
      }
      waiting.add(start);
    });
  }

  function leave(): void {
    // The place goes to the one that has waited longest, without being free in between.
    for (const start of waiting) return start();
    running--;
  }

  return {
    async run<T>(task: () => Promise<T>): Promise<T> {
      if (running < maxRunning) running++;
      else if (waiting.size < MAX_QUEUED_INTROSPECTIONS) await waitForTurn();
      else throw overloaded();
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}

function overloaded(): IntrospectionError {
  return new IntrospectionError("overloaded", { retryAfterSeconds: OVERLOADED_RETRY_SECONDS });
}
