/**
 * Holds up single API keys whose use PropelAuth limits. The clock is an argument.
 *
 * @module
 */

import { createTtlCache } from "../../lib/ttl_cache.ts";
import type { World } from "../../lib/world.ts";
import { IntrospectionError } from "../../oauth/errors.ts";
import type { Introspect } from "../../oauth/facts.ts";
import { BREAKER_PAUSE_SECONDS } from "../../verification/breaker.ts";

/** How many limited keys are remembered. */
const MAX_LIMITED_KEYS = 1_000;

/**
 * Wraps a question about keys: after PropelAuth has limited a key, its requests are refused without a
 * question, for as long as PropelAuth says, else for {@linkcode BREAKER_PAUSE_SECONDS}.
 *
 * @param ask Asks about a key.
 * @param world The clock.
 * @returns The question.
 */
export function holdUpLimited(ask: Introspect, world: Pick<World, "now">): Introspect {
  /** When each limit is over, by the key's digest. */
  const limits = createTtlCache<number>(MAX_LIMITED_KEYS);
  return async (key, digest) => {
    const now = world.now();
    const until = limits.get(digest, now);
    if (until !== undefined) {
      throw new IntrospectionError("api_key_rate_limited", { retryAfterSeconds: until - now });
    }
    return await ask(key, digest).catch((error) => {
      if (error instanceof IntrospectionError && error.reason === "api_key_rate_limited") {
        const limitedAt = world.now();
        const isOver = limitedAt + (error.retryAfterSeconds || BREAKER_PAUSE_SECONDS);
        limits.set(digest, isOver, isOver, limitedAt);
      }
      throw error;
    });
  };
}
