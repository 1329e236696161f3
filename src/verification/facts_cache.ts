/**
 * The introspection facts that this instance keeps, and for how long. The clock is an argument.
 *
 * @module
 */

import type { Answer, IntrospectionFacts } from "../oauth/facts.ts";
import { freshUntil, isDead } from "../oauth/answer_freshness.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** How many dead tokens are kept at most; in a cache of their own, away from live ones. */
export const MAX_INACTIVE_CACHE_SIZE = 10_000;

/** How many facts are kept, and for how long. */
export interface FactsCacheOptions {
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly staleIfErrorSeconds: number;
}

/** Facts under the digests of their tokens: never a token, never a verdict. */
interface FactsCache {
  /** The facts that may be used at `now` (seconds since 1970) without a question. */
  get(digest: string, now: number): IntrospectionFacts | undefined;
  /** The last answer about a live token, for an outage of PropelAuth. */
  getLast(digest: string, now: number): Answer | undefined;
  /** Keeps an answer for as long as it may be used, in place of any earlier one. */
  remember(digest: string, answer: Answer): void;
  /** Drops the facts about a token. */
  forget(digest: string): void;
  /** Drops the facts about a user's tokens. */
  forgetSubject(subject: string): void;
  /** Drops what may be used without a question about live tokens; the last answers stay. */
  distrust(): void;
  /** Drops the last answers about live tokens too. */
  forgetLive(): void;
}

/**
 * Creates an empty cache of introspection facts.
 *
 * @param options Checked options.
 * @returns The cache, bounded in number and in time.
 */
export function createFactsCache(options: FactsCacheOptions): FactsCache {
  const { cacheTtlSeconds, maxCacheSize, staleIfErrorSeconds } = options;
  const active = createTtlCache<IntrospectionFacts>(cacheTtlSeconds > 0 ? maxCacheSize : 0);
  const recent = createTtlCache<Answer>(staleIfErrorSeconds > 0 ? maxCacheSize : 0);
  const inactive = createTtlCache<IntrospectionFacts>(MAX_INACTIVE_CACHE_SIZE);
  const shareList = createListPool();

  /** Most tokens have the same lists, and what is read with every token stays near the processor. */
  function shareLists(facts: IntrospectionFacts): IntrospectionFacts {
    if (!facts.active) return facts;
    const scopes = shareList(facts.scopes);
    const audience = facts.audience && shareList(facts.audience);
    return Object.freeze({ ...facts, scopes, audience });
  }

  function forget(digest: string): void {
    for (const cache of [active, recent, inactive]) cache.delete(digest);
  }

  function distrust(): void {
    active.deleteWhere(() => true);
  }

  return {
    get(digest: string, now: number): IntrospectionFacts | undefined {
      return active.get(digest, now) ?? inactive.get(digest, now);
    },
    getLast(digest: string, now: number): Answer | undefined {
      return recent.get(digest, now);
    },
    remember(digest: string, answer: Answer): void {
      const { askedAt } = answer;
      const facts = shareLists(answer.facts);
      forget(digest);
      if (isDead(answer)) inactive.set(digest, facts, freshUntil(answer, 0), askedAt);
      else {
        active.set(digest, facts, freshUntil(answer, cacheTtlSeconds), askedAt);
        const last = { ...answer, facts };
        recent.set(digest, last, freshUntil(answer, staleIfErrorSeconds), askedAt);
      }
    },
    forget,
    forgetSubject(subject: string): void {
      const isTheirs = (facts: IntrospectionFacts) => facts.active && facts.subject === subject;
      active.deleteWhere(isTheirs);
      recent.deleteWhere(({ facts }) => isTheirs(facts));
    },
    distrust,
    forgetLive(): void {
      distrust();
      recent.deleteWhere(() => true);
    },
  };
}

/** How many lists are kept; past it the pool starts anew. */
export const MAX_POOLED_LISTS = 1000;
/** The longest list that is kept, in characters of JSON. */
export const MAX_POOLED_LENGTH = 1024;

/**
 * Creates an empty pool.
 *
 * Bounded in number and length: what it does not take in is given back as it came.
 *
 * @returns Gives for a read-only list the first one that was equal to it, or the list itself.
 */
export function createListPool(): (list: readonly string[]) => readonly string[] {
  const lists = new Map<string, readonly string[]>();
  return (list) => {
    const key = JSON.stringify(list);
    const known = lists.get(key);
    if (known !== undefined || key.length > MAX_POOLED_LENGTH) return known ?? list;
    if (lists.size >= MAX_POOLED_LISTS) lists.clear();
    lists.set(key, list);
    return list;
  };
}
