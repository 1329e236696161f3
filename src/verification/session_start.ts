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

/** Seconds that a request may wait. Codex ends a start of 10 seconds by itself. */
const PATIENCE_SECONDS = 8;
/** How many requests may wait at once; further ones are refused at once. */
const MAX_PATIENT_REQUESTS = 100;

/**
 * Tells whether a request may wait: it starts a session, and its client is still there. A function,
 * because both take time to find out, and no request of a known token needs them.
 */
export type Patience = () => boolean;

/** Runs a question again and again while PropelAuth is out of reach, for a bounded time. */
type AskPatiently = <T>(patience: Patience, ask: () => Promise<T>) => Promise<T>;

/**
 * Creates the function that waits.
 *
 * @param world The clock and the timers.
 * @returns A function that gives the first answer, or throws the last error: at once when no other
 * try would help, when the client has left, or when too many requests wait.
 */
export function createPatience(world: World): AskPatiently {
  const patient = new Set<Lease>();

  /** The seconds until the next try; `undefined` when there is to be no other. */
  function pauseAfter(
    error: unknown,
    tries: number,
    until: number,
    patience: Patience,
  ): number | undefined {
    if (!isOutage(error) || world.runs === false) return undefined;
    if (!patience()) return undefined;
    // Waiting would add to the flood, or hold up the end of the process.
    if (error.reason === "overloaded" || error.reason === "closed") return undefined;
    for (const lease of patient) if (!lease.held) patient.delete(lease);
    if (patient.size >= MAX_PATIENT_REQUESTS) return undefined;
    const left = until - world.now();
    // Longer each time: five failures in a row would have the token paused alone.
    const pause = Math.max(Math.min(tries, left), error.retryAfterSeconds ?? 0);
    return pause > 0 && pause <= left ? pause : undefined;
  }

  async function wait(seconds: number): Promise<void> {
    const lease = takeLease(world);
    patient.add(lease);
    try {
      await new Promise<void>((resolve) => world.startTimer(seconds, resolve));
    } finally {
      lease.release();
      patient.delete(lease);
    }
  }

  return async (patience, ask) => {
    const until = world.now() + PATIENCE_SECONDS;
    for (let tries = 1;; tries++) {
      try {
        return await ask();
      } catch (error) {
        const pause = pauseAfter(error, tries, until, patience);
        if (pause === undefined) throw error;
        await wait(pause);
      }
    }
  };
}
