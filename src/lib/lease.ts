/**
 * Tells whether the request that holds something in common with others is still there.
 *
 * A runtime may end a request in the middle: Cloudflare Workers do when its client closes the
 * connection. None of that request's code runs any more then, its `finally` included.
 *
 * @module
 */

import type { World } from "./world.ts";

/** Seconds after its last renewal when a lease counts as lost with the request that took it. */
export const LEASE_SECONDS = 1;
/** Seconds from one renewal to the next. */
export const RENEWAL_SECONDS = LEASE_SECONDS / 4;

/** A thing that one request holds and others wait for: a place, a probe, work under way. */
export interface Lease {
  /** Whether it is neither released nor lost. */
  readonly held: boolean;
  /** Ends it, and its timer. */
  release(): void;
}

/**
 * Takes a lease that is renewed by a timer until it is released. The timer belongs to the request
 * that calls this, and ends with it.
 *
 * @param world The clock and the timers.
 * @param onRenewal Called with each renewal, every {@linkcode RENEWAL_SECONDS}.
 * @returns The lease.
 */
export function takeLease(world: World, onRenewal: () => void = () => {}): Lease {
  let renewedAt = world.now();
  let stopTimer = startTimer();
  let released = false;

  function startTimer(): () => void {
    return world.startTimer(RENEWAL_SECONDS, () => {
      renewedAt = world.now();
      stopTimer = startTimer();
      onRenewal();
    });
  }

  return {
    get held(): boolean {
      // A clock may jump back; then it is not held until the next renewal.
      return !released && Math.abs(world.now() - renewedAt) < LEASE_SECONDS;
    },
    release(): void {
      released = true;
      stopTimer();
    },
  };
}
