/**
 * Facts that many instances share: one asks PropelAuth, the others read its answer.
 *
 * @module
 */

import type { Emit } from "../events/events.ts";
import type { Answer, Introspect } from "../oauth/facts.ts";
import { freshUntil } from "../oauth/answer_freshness.ts";
import { createEntries, type EntriesOptions, type Shared, type TokenKeys } from "./entries.ts";
import {
  createSharedForgetting,
  type ForgettingListener,
  type SharedForgetting,
} from "./forgetting.ts";
import { createSharedCacheGuard } from "./guard.ts";
import { createSealer } from "./seal.ts";
import type { SharedCache } from "./shared_cache.ts";
import type { World } from "../lib/world.ts";

/** Seconds for which one instance may keep the others from asking about a token. */
const LOCK_SECONDS = 2;

const FIRST_WAIT_SECONDS = 0.01;
const MAX_WAIT_SECONDS = 0.1;

/** The credentials that entries are sealed with, and for how long answers may be used. */
export interface SharedFactsOptions extends EntriesOptions {
  readonly introspectionEndpoint: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
}

/** The ways in which this instance learns that it must not use older answers. */
interface SharedFactsListener extends ForgettingListener {
  /** Another instance was told that a token is inactive, while this one asked about it. */
  readonly onTokenForgotten: (digest: string) => void;
}

/** Facts that many instances share, and the orders to forget them. */
interface SharedFacts extends Pick<SharedForgetting, "refresh" | "isForgotten" | "forgetSubject"> {
  /**
   * Reads the shared cache, and asks if there is no usable answer; while one instance asks, the
   * others wait for its answer, at most {@linkcode LOCK_SECONDS}. Rejects as the question does, and
   * for no other reason.
   */
  readonly introspect: Introspect;
  /** Asks even if there is an answer, and shares the new one. */
  readonly introspectNow: Introspect;
  /** Has every instance forget a token. Rejects when the order cannot be written. */
  forgetToken(digest: string): Promise<void>;
}

/**
 * Creates the shared facts of an instance.
 *
 * The shared cache saves questions and decides nothing: an entry that does not open, is too old or
 * was forgotten counts as absent, and while the cache is lost instances ask by themselves. So does
 * an instance that loses its lock early.
 *
 * @param cache The shared cache.
 * @param options The secret, and for how long answers may be used.
 * @param world The clock and the timers.
 * @param emit Reports entries that do not open, lost orders, and a cache that is lost.
 * @param ask Asks PropelAuth.
 * @param listener Called when answers of this instance must not be used any more.
 * @returns The shared facts.
 */
export function createSharedFacts(
  cache: SharedCache,
  options: SharedFactsOptions,
  world: World,
  emit: Emit,
  ask: Introspect,
  listener: SharedFactsListener,
): SharedFacts {
  const { cacheTtlSeconds, introspectionEndpoint, introspectionClientId } = options;
  const context = JSON.stringify(["shared cache, 2", introspectionEndpoint, introspectionClientId]);
  const guard = createSharedCacheGuard(world, emit);
  const sealOf = createSealer(options.introspectionClientSecret, context);
  const store = { cache, guard, sealOf };
  const forgetting = createSharedForgetting(store, options, world, emit, listener);
  const { onTokenForgotten } = listener;
  const entries = createEntries(store, forgetting, options, world, emit, onTokenForgotten);

  async function askAndShare(token: string, keys: TokenKeys, inactiveAt?: number): Promise<Answer> {
    const answer = await ask(token, keys.digest);
    await entries.write(keys, answer, inactiveAt);
    // Orders that were given while PropelAuth was slow.
    await forgetting.refresh();
    return answer;
  }

  /** Waits until there is an answer, or until this instance is the one to ask. */
  async function awaitTurn(keys: TokenKeys): Promise<Shared & { lockedAt?: number }> {
    let wait = FIRST_WAIT_SECONDS;
    let found: Shared = {};
    for (let waited = 0; waited < LOCK_SECONDS; waited += wait) {
      found = await entries.read(keys);
      if (found.answer !== undefined || found.isUnusable) return found;
      const lockedAt = world.now();
      const ttl = { ttlSeconds: LOCK_SECONDS, onlyIfAbsent: true };
      const isWon = await guard(() => cache.set(keys.lock, "1", ttl));
      if (isWon === true) return { ...found, lockedAt };
      if (isWon !== false) break;
      wait = Math.min(2 * wait, MAX_WAIT_SECONDS);
      await new Promise<void>((resolve) => world.startTimer(wait, resolve));
    }
    return found;
  }

  async function release(lock: string, lockedAt: number | undefined): Promise<void> {
    // After that time it may be another's.
    if (lockedAt === undefined || world.now() - lockedAt >= LOCK_SECONDS) return;
    await guard(() => cache.delete(lock));
  }

  return {
    async introspect(token, digest) {
      await forgetting.refresh();
      const keys = entries.keysOf(digest);
      const { answer: found, inactiveAt, lockedAt } = await awaitTurn(keys);
      if (found !== undefined) return found;
      try {
        const answer = await askAndShare(token, keys, inactiveAt);
        // A lock that the answer outlives may lapse: no request waits for it any more.
        const freshSeconds = freshUntil(answer, cacheTtlSeconds) - world.now();
        if (freshSeconds < LOCK_SECONDS) void release(keys.lock, lockedAt);
        return answer;
      } catch (error) {
        void release(keys.lock, lockedAt);
        throw error;
      }
    },
    async introspectNow(token, digest) {
      const keys = entries.keysOf(digest);
      return await askAndShare(token, keys, await entries.readInactiveAt(keys));
    },
    refresh: forgetting.refresh,
    isForgotten: forgetting.isForgotten,
    forgetToken: (digest: string): Promise<void> => entries.forget(entries.keysOf(digest)),
    forgetSubject: forgetting.forgetSubject,
  };
}
