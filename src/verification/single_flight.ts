/**
 * One introspection for all requests that wait for the same token.
 *
 * @module
 */

import { IntrospectionError } from "../oauth/errors.ts";
import type { Answer } from "../oauth/facts.ts";
import { createSharedWork } from "../lib/shared_work.ts";
import type { World } from "../lib/world.ts";

/** An answer as one waiter gets it: `source` is `flight` for those who joined. */
type Found = Omit<Answer, "askedAt">;

/** The introspections under way, by key. */
interface Flights {
  /**
   * Waits for the introspection under way for `key`, or asks. A failure reaches all who waited for
   * it and is not kept. If the request that asked is gone, one of those who wait asks again.
   *
   * @throws {IntrospectionError} `closed`, or whatever `ask` throws.
   */
  join(key: string, ask: () => Promise<Answer>): Promise<Found>;
  /** Detaches the introspection under way for `key`: later callers ask again, earlier ones wait. */
  detach(key: string): void;
  /** Detaches every introspection under way. */
  detachAll(): void;
  /** Asks no more from now on, and settles when the introspections under way have ended. */
  close(): Promise<void>;
}

/**
 * Creates an empty set of introspections.
 *
 * @param world The clock and the timers.
 * @returns The set.
 */
export function createFlights(world: World): Flights {
  const work = createSharedWork<Answer>(world);
  let closed = false;
  return {
    async join(key: string, ask: () => Promise<Answer>): Promise<Found> {
      const { value, joined } = await work.join(key, async () => {
        if (closed) throw new IntrospectionError("closed");
        return await ask();
      });
      return joined ? { facts: value.facts, source: "flight" } : value;
    },
    detach: work.detach,
    detachAll: work.detachAll,
    async close(): Promise<void> {
      closed = true;
      await work.ended();
    },
  };
}
