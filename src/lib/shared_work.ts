/**
 * Work that one request does and others wait for.
 *
 * @module
 */

import { type Lease, LEASE_SECONDS, takeLease } from "./lease.ts";
import { withDeadline, type World } from "./world.ts";

/** The result of shared work, and whether another request did the work. */
interface Joined<T> {
  readonly value: T;
  readonly joined: boolean;
}

/** Work under way, by key. */
interface SharedWork<T> {
  /**
   * Waits for the work under way for `key`, or runs it. A failure reaches all who waited for it and
   * is not kept. If the request that does the work is gone, one of those who wait runs it again.
   */
  join(key: string, run: () => Promise<T>): Promise<Joined<T>>;
  /** Detaches the work under way for `key`: later callers run it again, earlier ones keep waiting. */
  detach(key: string): void;
  /** Detaches all work under way. */
  detachAll(): void;
  /** Settles when all work under way has ended. Never rejects. */
  ended(): Promise<void>;
}

interface Work<T> {
  readonly key: string;
  readonly lease: Lease;
  readonly result: Promise<T>;
  ended: boolean;
}

/** Creates an empty set of shared work. */
export function createSharedWork<T>(world: World): SharedWork<T> {
  const joinable = new Map<string, Work<T>>();
  /** All of it, the oldest first; detached work too. */
  const underWay = new Set<Work<T>>();

  function remove(work: Work<T>): void {
    underWay.delete(work);
    if (joinable.get(work.key) === work) joinable.delete(work.key);
  }

  /** Removes the work of lost requests, oldest first: no later request may ask for its key. */
  function removeLost(): void {
    for (const work of underWay) {
      if (work.lease.held) return;
      remove(work);
    }
  }

  return {
    async join(key: string, run: () => Promise<T>): Promise<Joined<T>> {
      for (let work = joinable.get(key); work !== undefined; work = joinable.get(key)) {
        const outcome = await outcomeOf(work, world);
        if (outcome !== undefined) return { value: outcome.value, joined: true };
        remove(work);
      }
      removeLost();
      const lease = takeLease(world);
      const work: Work<T> = {
        key,
        lease,
        ended: false,
        result: run().finally(() => {
          work.ended = true;
          lease.release();
          remove(work);
        }),
      };
      underWay.add(work);
      joinable.set(key, work);
      return { value: await work.result, joined: false };
    },
    detach(key: string): void {
      joinable.delete(key);
    },
    detachAll(): void {
      joinable.clear();
    },
    async ended(): Promise<void> {
      await Promise.allSettled(Array.from(underWay, ({ result }) => result));
    },
  };
}

/**
 * Waits for another request's work by a timer of the request that waits: on Cloudflare Workers the
 * promise of a request that has ended never settles, or rejects with an error of the runtime.
 *
 * @returns The result, or `undefined` when the request that does the work is gone.
 * @throws Whatever the work throws.
 */
async function outcomeOf<T>(
  work: Work<T>,
  world: World,
): Promise<{ readonly value: T } | undefined> {
  for (;;) {
    const outcome = await withDeadline(
      world,
      LEASE_SECONDS,
      () => work.result.then((value) => ({ value }), (error: unknown) => ({ error })),
    ).catch(() => undefined);
    if (outcome !== undefined && "value" in outcome) return outcome;
    if (outcome !== undefined && work.ended) throw outcome.error;
    if (outcome !== undefined || !(work.lease.held || work.ended)) return undefined;
  }
}
