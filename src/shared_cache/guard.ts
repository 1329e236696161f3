/**
 * The guard that keeps a shared cache's faults away from requests.
 *
 * @module
 */

import { type Lease, takeLease } from "../lib/lease.ts";
import { withDeadline, type World } from "../lib/world.ts";
import type { Emit } from "../events/events.ts";

/** Seconds that one call of the shared cache may take; then the request goes on without it. */
const SHARED_CACHE_TIMEOUT_SECONDS = 0.25;
/** Seconds for which a lost shared cache is left alone; then one call at a time looks for it. */
const SHARED_CACHE_RETRY_SECONDS = 1;

/** Runs a call of the shared cache; gives {@linkcode LOST} instead of an error or a long wait. */
export type SharedCacheGuard = <T>(call: () => Promise<T>) => Promise<T | typeof LOST>;

/** In place of a result: the shared cache cannot be used now. */
export const LOST: unique symbol = Symbol("lost");

/**
 * Creates the guard of a shared cache.
 *
 * Never rejects. Each call has a short deadline of its own. Once one fails, no other is tried for a
 * second; from then on a single one at a time finds out whether the cache is back, so a cache that
 * does not answer delays one request a second and none for longer than the deadline.
 *
 * @param world The clock and the timers.
 * @param emit Reports that the cache was lost, or is back.
 * @returns The guard.
 */
export function createSharedCacheGuard(world: World, emit: Emit): SharedCacheGuard {
  let lostAt: number | undefined;
  let lastProbe: Lease | undefined;

  return async (call) => {
    let probe: Lease | undefined;
    if (lostAt !== undefined) {
      // A clock may jump back.
      const waited = Math.abs(world.now() - lostAt);
      if (lastProbe?.held || waited < SHARED_CACHE_RETRY_SECONDS) return LOST;
      probe = lastProbe = takeLease(world);
    }
    try {
      const result = await withDeadline(world, SHARED_CACHE_TIMEOUT_SECONDS, call);
      // A late success of a call that began before the loss proves nothing.
      if (probe !== undefined) {
        lostAt = undefined;
        emit?.({ code: "shared_cache_recovered" });
      }
      return result;
    } catch {
      if (lostAt === undefined) emit?.({ code: "shared_cache_lost" });
      lostAt = world.now();
      return LOST;
    } finally {
      probe?.release();
    }
  };
}
