/**
 * Lets the first request of a session outlast a short outage of PropelAuth.
 *
 * Clients give up on a server whose session does not start: Claude Code after three tries in four
 * seconds, Codex after three in two. A 503 there costs the user every tool of the session, while a
 * request that waits for some seconds costs nothing.
 *
 * @module
 */

import { isOutage } from "../oauth/errors.ts";
import { type Lease, takeLease } from "../lib/lease.ts";
import type { World } from "../lib/world.ts";

/**
 * Seconds between the tries, which come after 0, 1, 2.5, 4 and 7 seconds: several clients give up
 * after 5 seconds, Codex after 10. A fifth failure in a row has the token paused alone.
 */
const PAUSES_SECONDS: readonly number[] = [1, 1.5, 1.5, 3];
/** Seconds that a request may wait. */
const MAX_WAIT_SECONDS = 7;
/** How many requests may wait at once; further ones are refused at once. */
const MAX_WAITING_REQUESTS = 100;

/**
 * Tells whether a request may wait: it starts a session, and its client is still there. A function,
 * because both take time to find out, and no request of a known token needs them.
 */
export type MayWait = () => boolean;

/** Asks PropelAuth again and again while it is out of reach, for a bounded time. */
type AskRepeatedly = <T>(mayWait: MayWait, ask: () => Promise<T>) => Promise<T>;

/**
 * Creates the function that asks again.
 *
 * @param world The clock and the timers.
 * @returns A function that gives the first answer, or throws the last error: at once when no other
 * try would help, when the client has left, or when too many requests wait.
 */
export function createAskRepeatedly(world: World): AskRepeatedly {
  const waiting = new Set<Lease>();

  /** The seconds until the next try; `undefined` when the last error is the result. */
  function pauseAfter(
    error: unknown,
    tries: number,
    until: number,
    mayWait: MayWait,
  ): number | undefined {
    if (!isOutage(error) || world.runs === false) return undefined;
    if (!mayWait()) return undefined;
    // Waiting would add to the flood, or hold up the end of the process.
    if (error.reason === "overloaded" || error.reason === "closed") return undefined;
    for (const lease of waiting) if (!lease.held) waiting.delete(lease);
    if (waiting.size >= MAX_WAITING_REQUESTS) return undefined;
    const next = PAUSES_SECONDS[tries - 1];
    // Counted in tries too: a clock may jump back.
    if (next === undefined) return undefined;
    const left = Math.min(until - world.now(), MAX_WAIT_SECONDS);
    const usual = Math.min(next, left);
    const pause = Math.max(usual, error.retryAfterSeconds ?? 0);
    return pause > 0 && pause <= left ? pause : undefined;
  }

  async function wait(seconds: number): Promise<void> {
    const lease = takeLease(world);
    waiting.add(lease);
    try {
      await new Promise<void>((resolve) => world.startTimer(seconds, resolve));
    } finally {
      lease.release();
      waiting.delete(lease);
    }
  }

  return async (mayWait, ask) => {
    const until = world.now() + MAX_WAIT_SECONDS;
    for (let tries = 1;; tries++) {
      try {
        return await ask();
      } catch (error) {
        const pause = pauseAfter(error, tries, until, mayWait);
        if (pause === undefined) throw error;
        await wait(pause);
      }
    }
  };
}
