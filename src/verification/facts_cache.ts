/**
 * What is known of tokens here, and for how long. The clock is an argument.
 *
 * @module
 */

import type { Answer, IntrospectionFacts } from "../oauth/facts.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** Seconds for which a dead token is not asked about again. */
export const INACTIVE_TTL_SECONDS = 5;
/** How many dead tokens are remembered at most; in a cache of their own, away from live ones. */
export const MAX_INACTIVE_CACHE_SIZE = 10_000;

/** For how long and how much is known. */
export interface KnownFactsOptions {
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly staleIfErrorSeconds: number;
}

/** Facts under the digests of their tokens: never a token, never a verdict. */
export interface KnownFacts {
  /** What may be used at `now` (seconds since 1970) without asking. */
  get(digest: string, now: number): IntrospectionFacts | undefined;
  /** The last answer, for while PropelAuth cannot be asked. */
  getLast(digest: string, now: number): Answer | undefined;
  /** Keeps an answer for as long as it may be used, if at all. */
  remember(digest: string, answer: Answer, now: number): void;
  /** Knows nothing of a token any more. */
  forget(digest: string): void;
  /** Knows nothing of a user's tokens any more. */
  forgetSubject(subject: string): void;
  /** What is known of live tokens is not used without asking any more. */
  distrust(): void;
}

/**
 * Creates what knows nothing yet.
 *
 * @param options Checked options.
 * @returns The known facts, bounded in number and in time.
 */
export function createKnownFacts(options: KnownFactsOptions): KnownFacts {
  const { cacheTtlSeconds, maxCacheSize, staleIfErrorSeconds } = options;
  const active = createTtlCache<IntrospectionFacts>(cacheTtlSeconds > 0 ? maxCacheSize : 0);
  const recent = createTtlCache<Answer>(staleIfErrorSeconds > 0 ? maxCacheSize : 0);
  const inactive = createTtlCache<IntrospectionFacts>(MAX_INACTIVE_CACHE_SIZE);
  const shareList = createListPool();

  /** Most tokens have the same lists, and what is read with every token stays near the processor. */
  function shareLists(facts: IntrospectionFacts): IntrospectionFacts {
    if (!facts.active) return facts;
    const [scopes, audience] = [shareList(facts.scopes), shareList(facts.audience)];
    return Object.freeze({ ...facts, scopes, audience });
  }

  return {
    get(digest: string, now: number): IntrospectionFacts | undefined {
      return active.get(digest, now) ?? inactive.get(digest, now);
    },
    getLast(digest: string, now: number): Answer | undefined {
      return recent.get(digest, now);
    },
    remember(digest: string, answer: Answer, now: number): void {
      // Counted from the question: a token that was revoked since is stale that much earlier.
      const { askedAt } = answer;
      const facts = shareLists(answer.facts);
      // RFC 7662 §4: not kept past the token's own expiry.
      const expiresAt = facts.active ? facts.expiresAt ?? Infinity : -Infinity;
      if (expiresAt > askedAt) {
        // Of two answers on their way the older one may come last.
        if (inactive.get(digest, now) !== undefined) return;
        const [cachedUntil, staleUntil] = [
          askedAt + cacheTtlSeconds,
          askedAt + staleIfErrorSeconds,
        ];
        active.set(digest, facts, Math.min(cachedUntil, expiresAt), askedAt);
        recent.set(digest, { ...answer, facts }, Math.min(staleUntil, expiresAt), askedAt);
      } else {
        // Dead from now on, whatever was known before.
        active.delete(digest);
        recent.delete(digest);
        inactive.set(digest, facts, askedAt + INACTIVE_TTL_SECONDS, askedAt);
      }
    },
    forget(digest: string): void {
      for (const cache of [active, recent, inactive]) cache.delete(digest);
    },
    forgetSubject(subject: string): void {
      const isTheirs = (facts: IntrospectionFacts) => facts.active && facts.subject === subject;
      active.deleteWhere(isTheirs);
      recent.deleteWhere(({ facts }) => isTheirs(facts));
    },
    distrust(): void {
      active.deleteWhere(() => true);
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
