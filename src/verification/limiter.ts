/**
 * A cap on how many tasks run at once, with a queue that is bounded in number and in time. While
 * nothing is answered, tasks start slowly, however many places are free.
 *
 * @module
 */

import { IntrospectionError, isLimitOfKey, isOutage } from "../oauth/errors.ts";
import { type Lease, RENEWAL_SECONDS, takeLease } from "../lib/lease.ts";
import type { World } from "../lib/world.ts";

/** How many introspections may wait for their turn; when the queue is full, the next is refused. */
const MAX_QUEUED_INTROSPECTIONS = 1_000;
/** `Retry-After`, in seconds, for requests refused because the queue is full or too slow. */
const OVERLOADED_RETRY_SECONDS = 1;
/** PropelAuth counts as silent when so many introspections have run this long with no answer since. */
const SILENT_INTROSPECTIONS = 10;
/** Seconds without an answer; also from one introspection to the next while PropelAuth is silent. */
const SILENCE_SECONDS = 1;

/**
 * The refusals for want of a place while PropelAuth answers. They are not an outage: a caller can cause
 * them by sending enough made-up tokens.
 */
const floods = new WeakSet<IntrospectionError>();

/** Whether an error is the refusal of a flood that PropelAuth answers as fast as ever. */
export function isFlood(error: IntrospectionError): boolean {
  return floods.has(error);
}

/** Runs tasks, a bounded number at once. */
export interface Limiter {
  /**
   * Runs a task when its turn comes, first come, first served.
   *
   * @param task The task; receives whether it had to wait. Its place is free again when it settles, or
   * when the request that called `run` is gone.
   * @returns The result of the task.
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
  /** When each running task began, the oldest first. */
  const running = new Map<Lease, number>();
  /** Waiting requests, longest first, each with the function that lets it go on. */
  const waiting = new Map<Lease, () => void>();
  let lookedAt = -Infinity;
  let startedAt = -Infinity;
  let answeredAt = -Infinity;
  let isUnreachable = false;
  /** When places were counted last: a flood that is refused need not look at the clock each time. */
  let countedAt = -Infinity;

  /** Refuses a task. While nothing is answered, as in an outage, that is no sign of a flood. */
  function overloaded(now: number): IntrospectionError {
    const error = new IntrospectionError("overloaded", {
      retryAfterSeconds: OVERLOADED_RETRY_SECONDS,
    });
    const [begun = Infinity] = running.values();
    const isAnswered = !isUnreachable && now - Math.max(begun, answeredAt) < SILENCE_SECONDS;
    if (isAnswered) floods.add(error);
    return error;
  }

  /** While nothing answers, one new task a second is enough to notice when that changes. */
  function hasPlace(): boolean {
    const now = countedAt = world.now();
    const begun = [...running.values()][SILENT_INTROSPECTIONS - 1];
    const isSilent = begun !== undefined && now - Math.max(begun, answeredAt) >= SILENCE_SECONDS;
    return running.size < maxRunning && !(isSilent && now - startedAt < SILENCE_SECONDS);
  }

  function start(lease: Lease): void {
    startedAt = world.now();
    running.set(lease, startedAt);
  }

  function fillPlaces(): void {
    for (const [lease, goOn] of waiting) {
      if (!hasPlace()) return;
      waiting.delete(lease);
      start(lease);
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
      if (!hasPlace()) removeLost();
      if (waiting.size > 0) fillPlaces();
      const mustWait = !hasPlace();
      if (mustWait && waiting.size >= MAX_QUEUED_INTROSPECTIONS) throw overloaded(countedAt);
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
              else reject(overloaded(world.now()));
            });
          });
        } else start(lease);
        const result = await task(mustWait);
        answeredAt = world.now();
        isUnreachable = false;
        return result;
      } catch (error) {
        if (running.has(lease)) isUnreachable = isOutage(error) && !isLimitOfKey(error);
        throw error;
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
