/**
 * PropelAuth's answers about tokens: out of the caches, or by one question for all who wait for it.
 *
 * @module
 */

import type { Emit } from "../events/events.ts";
import type { TokenInHand } from "../events/token_events.ts";
import { createSharedWork } from "../lib/shared_work.ts";
import type { World } from "../lib/world.ts";
import { IntrospectionError, isLimitOfKey, isOutage } from "../oauth/errors.ts";
import type { Answer, Introspect, IntrospectionFacts } from "../oauth/facts.ts";
import { isDead } from "../oauth/answer_freshness.ts";
import type { SharedCache } from "../shared_cache/shared_cache.ts";
import { createSharedFacts, type SharedFactsOptions } from "../shared_cache/shared_facts.ts";
import { isFlood } from "./limiter.ts";
import { createFactsCache, type FactsCacheOptions } from "./facts_cache.ts";
import { createOrders } from "./orders.ts";

/** How many facts are kept and for how long, and the cache that instances share, if any. */
export interface AnswersOptions extends FactsCacheOptions, SharedFactsOptions {
  readonly sharedCache: SharedCache | undefined;
  /** Called with the digest of a token that this instance has to forget. */
  readonly onForget?: (digest: string) => void;
}

/** An answer as a request gets it; `source` is `flight` where another request had asked. */
export type FoundAnswer = Pick<Answer, "facts" | "source">;

/** Where answers are found. */
interface Answers {
  /** Looks for orders to forget of other instances; `undefined` when it is too early to. */
  refresh(): Promise<void> | undefined;
  /** The facts that may be used at `now` (seconds since 1970) without a question. */
  get(digest: string, now: number): IntrospectionFacts | undefined;
  /** An answer, or while PropelAuth cannot be asked the last one, if that may still be used. */
  find(token: TokenInHand): Promise<FoundAnswer>;
  /** PropelAuth's answer of now, perhaps to the question of another request. */
  findNow(token: TokenInHand): Promise<FoundAnswer>;
  /** Forgets older answers about a token, here and in the shared cache. */
  forget(digest: string): Promise<void>;
  /** Forgets older answers about a user's tokens, here and in the shared cache. */
  forgetSubject(subject: string): Promise<void>;
  /** Asks no more from now on, and settles when the questions under way have ended. */
  close(): Promise<void>;
}

/**
 * Creates the place where answers are found.
 *
 * Facts are kept under the token's digest. However many requests wait for one token, one question is
 * asked; a failure is shared by the requests that waited for it, and not kept.
 *
 * An order to forget, and an answer that a token is dead, shut out each answer to an older question
 * that calls the token active, kept or still on its way. An answer that it is dead is never dropped.
 *
 * @param options Checked options.
 * @param world The clock and the timers.
 * @param emit Reports the state of the shared cache.
 * @param ask Asks PropelAuth about a token.
 * @returns The answers.
 */
export function createAnswers(
  options: AnswersOptions,
  world: World,
  emit: Emit,
  ask: Introspect,
): Answers {
  const known = createFactsCache(options);
  /** The questions under way: one for all requests that wait under a key. */
  const flights = createSharedWork<Answer>(world);
  const orders = createOrders();
  /** How often another instance gave orders whose tokens this one does not know. */
  let unknownOrders = 0;
  let closed = false;
  const shared = options.sharedCache &&
    createSharedFacts(options.sharedCache, options, world, emit, ask, {
      onTokenForgotten: orders.addToken,
      onForgotten: () => distrust(known.distrust),
      onOrdersLost: () => distrust(known.forgetLive),
    });
  const { introspect, introspectNow } = shared ?? { introspect: ask, introspectNow: ask };

  function distrust(drop: () => void): void {
    unknownOrders++;
    drop();
    // Later requests ask by themselves: the answers on their way may be older than the order.
    flights.detachAll();
  }

  /** Introspects, and keeps the answer unless an order has overtaken it. */
  async function introspectAndKeep(introspect: Introspect, { token, digest }: TokenInHand) {
    const since = orders.last;
    let checked = unknownOrders;
    const answer = await introspect(token, digest);
    if (isDead(answer)) orders.addToken(digest);
    else {
      let isOvertaken = false;
      while (!isOvertaken && checked !== unknownOrders) {
        checked = unknownOrders;
        isOvertaken = await shared?.isForgotten(answer, digest) ?? false;
      }
      // No await from here on: no order may come between this look and the caches.
      if (isOvertaken || orders.overtake(digest, answer.facts, since)) throw new OvertakenError();
    }
    known.remember(digest, answer);
    return answer;
  }

  /** Introspects once for all requests that wait under `key`; once more after an order to forget. */
  async function introspectOnce(
    key: string,
    introspect: Introspect,
    token: TokenInHand,
  ): Promise<FoundAnswer> {
    const join = async (): Promise<FoundAnswer> => {
      const { value, joined } = await flights.join(key, async () => {
        if (closed) throw new IntrospectionError("closed");
        return await introspectAndKeep(introspect, token);
      });
      return joined ? { facts: value.facts, source: "flight" } : value;
    };
    try {
      return await join();
    } catch (error) {
      if (error instanceof OvertakenError) return await join();
      throw error;
    }
  }

  return {
    refresh: () => shared?.refresh(),
    get: known.get,
    async find(token: TokenInHand): Promise<FoundAnswer> {
      const { digest } = token;
      try {
        return await introspectOnce(digest, introspect, token);
      } catch (error) {
        const last = mayUseLast(error) ? known.getLast(digest, world.now()) : undefined;
        if (last === undefined || await shared?.isForgotten(last, digest)) throw error;
        // An order may have come while the shared cache was asked.
        if (known.getLast(digest, world.now()) !== last) throw error;
        return { facts: last.facts, source: "stale" };
      }
    },
    findNow(token: TokenInHand): Promise<FoundAnswer> {
      // Where the cache is shared, requests under the plain digest may wait for an older answer.
      const key = shared ? keyOfNow(token.digest) : token.digest;
      return introspectOnce(key, introspectNow, token);
    },
    async forget(digest: string): Promise<void> {
      orders.addToken(digest);
      known.forget(digest);
      options.onForget?.(digest);
      flights.detach(digest);
      flights.detach(keyOfNow(digest));
      await shared?.forgetToken(digest);
    },
    async forgetSubject(subject: string): Promise<void> {
      orders.addSubject(subject);
      known.forgetSubject(subject);
      // The user of a token that is being introspected is not known yet.
      flights.detachAll();
      await shared?.forgetSubject(subject);
    },
    async close(): Promise<void> {
      closed = true;
      await flights.ended();
    },
  };
}

/** Whether PropelAuth cannot be asked. A caller alone can bring about the two other kinds of 503. */
function mayUseLast(error: unknown): boolean {
  return isOutage(error) && !isLimitOfKey(error) && !isFlood(error);
}

const keyOfNow = (digest: string): string => `now ${digest}`;

/** An order to forget the token came after the question, so the answer must not be used. */
class OvertakenError extends IntrospectionError {
  constructor() {
    super("unavailable");
  }
}
