/**
 * A cap on how many tasks run at once, with a queue that is bounded in number and in time.
 *
 * @module
 */

import { IntrospectionError } from "../oauth/errors.ts";
import { type Lease, RENEWAL_SECONDS, takeLease } from "../lib/lease.ts";
import type { World } from "../lib/world.ts";

/** How many introspections may wait for their turn; when the queue is full, the next is refused. */
export const MAX_QUEUED_INTROSPECTIONS = 1_000;
/** `Retry-After`, in seconds, for requests refused because the queue is full or too slow. */
const OVERLOADED_RETRY_SECONDS = 1;

/** Runs tasks, a bounded number at once. */
interface Limiter {
  /**
   * Runs a task when its turn comes, first come, first served.
   *
   * @param task The task; is told whether it had to wait. Its place is free again when it settles, or
   * when the request that called `run` is gone.
   * @returns What the task gave.
   * @throws {IntrospectionError} `overloaded`: the queue is full, or the turn did not come in time.
   */
  run<T>(task: (hasWaited: boolean) => Promise<T>): Promise<T>;
}

/**
 * Creates a limiter.
 *
 * @param world The clock and the timers.
 * @param maxRunning How many tasks run at once.
 * @param maxWaitSeconds How long a task waits for its turn.
 * @returns The limiter.
 */
export function createLimiter(world: World, maxRunning: number, maxWaitSeconds: number): Limiter {
  const running = new Set<Lease>();
  /** Waiting requests, longest first, each with the function that lets it go on. */
  const waiting = new Map<Lease, () => void>();
  let lookedAt = -Infinity;

  function fillPlaces(): void {
    for (const [lease, goOn] of waiting) {
      if (running.size >= maxRunning) return;
      waiting.delete(lease);
      running.add(lease);
      if (world.wakesOthers !== false) goOn();
    }
  }

  /** Takes places from requests that are gone; looks no more often than leases are renewed. */
  function removeLost(): void {
    const now = world.now();
    if (Math.abs(now - lookedAt) < RENEWAL_SECONDS) return;
    lookedAt = now;
    for (const leases of [running, waiting]) {
      for (const lease of leases.keys()) if (!lease.held) leases.delete(lease);
    }
    fillPlaces();
  }

  return {
    async run<T>(task: (hasWaited: boolean) => Promise<T>): Promise<T> {
      if (running.size >= maxRunning) removeLost();
      const mustWait = running.size >= maxRunning;
      if (mustWait && waiting.size >= MAX_QUEUED_INTROSPECTIONS) throw overloaded();
      let goOn = (): void => {};
      const lease = takeLease(world, () => {
        removeLost();
        // Where no other request may wake this one, it looks for a free place by its own timer.
        if (running.has(lease)) goOn();
      });
      let stopTimer = (): void => {};
      try {
        if (mustWait) {
          await new Promise<void>((resolve, reject) => {
            goOn = resolve;
            waiting.set(lease, resolve);
            stopTimer = world.startTimer(maxWaitSeconds, () => {
              if (running.has(lease)) resolve();
              else reject(overloaded());
            });
          });
        } else running.add(lease);
        return await task(mustWait);
      } finally {
        stopTimer();
        lease.release();
        waiting.delete(lease);
        running.delete(lease);
        fillPlaces();
      }
    },
  };
}

function overloaded(): IntrospectionError {
  return new IntrospectionError("overloaded", { retryAfterSeconds: OVERLOADED_RETRY_SECONDS });
}
