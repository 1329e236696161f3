/**
 * The introspection facts that this instance keeps, and for how long. The clock is an argument.
 *
 * @module
 */

import type { Answer, IntrospectionFacts } from "../oauth/facts.ts";
import { freshUntil, isDead } from "../oauth/answer_freshness.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";
import { type CompactFacts, createCompactor } from "./compact_facts.ts";
import { createDigestPlaces } from "./digest_places.ts";

/** How many dead tokens are kept at most; in a cache of their own, away from live ones. */
const MAX_INACTIVE_CACHE_SIZE = 10_000;

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

/** Creates an empty cache of introspection facts, bounded in number and in time. */
export function createFactsCache(options: FactsCacheOptions): FactsCache {
  const { cacheTtlSeconds, maxCacheSize, staleIfErrorSeconds } = options;
  const createCache = <Value extends object>(maxSize: number) =>
    createTtlCache<Value>(maxSize, createDigestPlaces());
  const active = createCache<CompactFacts>(cacheTtlSeconds > 0 ? maxCacheSize : 0);
  const recent = createCache<Answer>(staleIfErrorSeconds > 0 ? maxCacheSize : 0);
  const inactive = createCache<IntrospectionFacts>(MAX_INACTIVE_CACHE_SIZE);
  const { compact, restore, subjectOf } = createCompactor();

  function forget(digest: string): void {
    for (const cache of [active, recent, inactive]) cache.delete(digest);
  }

  function distrust(): void {
    active.deleteWhere(() => true);
  }

  return {
    get(digest: string, now: number): IntrospectionFacts | undefined {
      const kept = active.get(digest, now);
      return kept === undefined ? inactive.get(digest, now) : restore(kept);
    },
    getLast(digest: string, now: number): Answer | undefined {
      return recent.get(digest, now);
    },
    remember(digest: string, answer: Answer): void {
      const { askedAt, facts } = answer;
      forget(digest);
      if (!facts.active || isDead(answer)) {
        inactive.set(digest, facts, freshUntil(answer, 0), askedAt);
        return;
      }
      if (cacheTtlSeconds <= 0 && staleIfErrorSeconds <= 0) return;
      const kept = compact(facts);
      active.set(digest, kept, freshUntil(answer, cacheTtlSeconds), askedAt);
      if (staleIfErrorSeconds <= 0) return;
      const last = { ...answer, facts: restore(kept) };
      recent.set(digest, last, freshUntil(answer, staleIfErrorSeconds), askedAt);
    },
    forget,
    forgetSubject(subject: string): void {
      active.deleteWhere((kept) => subjectOf(kept) === subject);
      recent.deleteWhere(({ facts }) => facts.active && facts.subject === subject);
    },
    distrust,
    forgetLive(): void {
      distrust();
      recent.deleteWhere(() => true);
    },
  };
}
