/**
 * Facts that many instances share: one asks PropelAuth, the others read its answer.
 *
 * @module
 */

import { type Emit, shortDigest } from "../events/events.ts";
import { type Answer, type Lookup, readFacts, writeFacts } from "../oauth/facts.ts";
import { createSealer, type Seal } from "./seal.ts";
import type { SharedCache } from "./shared_cache.ts";
import { createSharedCacheGuard, LOST } from "./guard.ts";
import {
  createSharedForgetting,
  MAX_CLOCK_SKEW_SECONDS,
  type SharedForgettingOptions,
  type Told,
} from "./forgetting.ts";
import type { World } from "../lib/world.ts";

/** Seconds for which one instance may keep the others from asking about a token. */
export const LOCK_SECONDS = 2;

const FIRST_WAIT_SECONDS = 0.01;
const MAX_WAIT_SECONDS = 0.1;

/** What the shared facts are made of. */
export interface SharedFactsOptions extends SharedForgettingOptions {
  readonly introspectionEndpoint: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  /** For how long an inactive token is not asked about again. */
  readonly inactiveTtlSeconds: number;
}

/** This instance is the one to ask, with the lock or without. */
interface Turn {
  readonly lockedAt: number | undefined;
}

/** Facts that many instances share, and what they were told to forget. */
export interface SharedFacts {
  /**
   * Looks at the shared cache, and asks if it has to; while one instance asks, the others wait for
   * what it hears, at most {@linkcode LOCK_SECONDS}. Rejects as the question does, and for no other
   * reason.
   */
  readonly lookup: Lookup;
  /** Asks whatever is known, and tells the others. */
  readonly lookupNow: Lookup;
  /** Looks whether something was forgotten elsewhere; `undefined` when it is too early to. */
  refresh(): Promise<void> | undefined;
  /** Whether an answer is older than an order to forget its token or its user. */
  isForgotten(answer: Told, digest: string): Promise<boolean>;
  /** Has every instance forget a token. Rejects when the shared cache cannot be told. */
  forgetToken(digest: string): Promise<void>;
  /** Has every instance forget a user. Rejects when the shared cache cannot be told. */
  forgetSubject(subject: string): Promise<void>;
}

/**
 * Creates the shared facts of an instance.
 *
 * The shared cache is an economy, never an authority: an entry that does not open, is too old or
 * was forgotten counts as absent, and a cache that is lost is done without. The lock only saves
 * questions: whoever loses it early asks once more.
 *
 * @param cache The shared cache.
 * @param options The secret, and how long answers may be used.
 * @param world The clock and the timers.
 * @param emit Tells of entries that do not open, and of a cache that is lost.
 * @param ask Asks PropelAuth.
 * @returns The shared facts.
 */
export function createSharedFacts(
  cache: SharedCache,
  options: SharedFactsOptions,
  world: World,
  emit: Emit,
  ask: Lookup,
): SharedFacts {
  const { cacheTtlSeconds, inactiveTtlSeconds } = options;
  const { introspectionEndpoint, introspectionClientId } = options;
  const context = JSON.stringify(["shared cache, 1", introspectionEndpoint, introspectionClientId]);
  const sealOf = createSealer(options.introspectionClientSecret, context);
  const guard = createSharedCacheGuard(world, emit);
  const forgetting = createSharedForgetting({ cache, guard, sealOf }, options, world);

  /** Until when an answer may be used, counted from the question (seconds since 1970). */
  function freshUntil({ facts, askedAt }: Told): number {
    if (!facts.active) return askedAt + inactiveTtlSeconds;
    return Math.min(askedAt + cacheTtlSeconds, facts.expiresAt ?? Infinity);
  }

  /** The answer; `undefined`: there is none. `"unusable"`: there is one that nobody can use. */
  async function read(seal: Seal, digest: string): Promise<Answer | "unusable" | undefined> {
    const value = await guard(() => cache.get(seal.name));
    if (value === LOST || value === null || value === undefined) return undefined;
    const told = parseTold(seal.open(value));
    if (told === undefined) {
      emit?.({ code: "shared_cache_entry_rejected", tokenDigest: shortDigest(digest) });
      return "unusable";
    }
    const now = world.now();
    if (freshUntil(told) <= now) return undefined;
    if (told.askedAt > now + MAX_CLOCK_SKEW_SECONDS) return "unusable";
    if (await forgetting.isForgotten(told, digest)) return "unusable";
    // By this clock, no question was asked in the future.
    return { facts: told.facts, askedAt: Math.min(told.askedAt, now), source: "shared_cache" };
  }

  /** Keeps an answer for the others; tells whether it outlives the lock. */
  async function write(seal: Seal, answer: Answer): Promise<boolean> {
    const ttlSeconds = freshUntil(answer) - world.now();
    const value = ttlSeconds > 0 ? sealTold(seal, answer) : undefined;
    if (value === undefined) return false;
    await guard(() => cache.set(seal.name, value, { ttlSeconds }));
    return ttlSeconds >= LOCK_SECONDS;
  }

  /** Waits until there is an answer, or until this instance is the one to ask. */
  async function awaitTurn(seal: Seal, lock: string, digest: string): Promise<Answer | Turn> {
    let wait = FIRST_WAIT_SECONDS;
    for (let waited = 0; waited < LOCK_SECONDS; waited += wait) {
      const found = await read(seal, digest);
      if (found === "unusable") break;
      if (found !== undefined) return found;
      const lockedAt = world.now();
      const ttl = { ttlSeconds: LOCK_SECONDS, onlyIfAbsent: true };
      const won = await guard(() => cache.set(lock, "1", ttl));
      if (won === true) return { lockedAt };
      if (won !== false) break;
      wait = Math.min(2 * wait, MAX_WAIT_SECONDS);
      await new Promise<void>((resolve) => world.startTimer(wait, resolve));
    }
    return { lockedAt: undefined };
  }

  return {
    async lookup(token, digest) {
      await forgetting.refresh();
      const seal = sealOf(tokenEntry(digest));
      const lock = `${seal.name}:lock`;
      const turn = await awaitTurn(seal, lock, digest);
      if ("facts" in turn) return turn;
      const { lockedAt } = turn;
      const release = async (): Promise<void> => {
        // After that time it may be another's.
        if (lockedAt === undefined || world.now() - lockedAt >= LOCK_SECONDS) return;
        await guard(() => cache.delete(lock));
      };
      try {
        const answer = await ask(token, digest);
        // Nobody waits for it. A lock that the answer outlives may lapse: nobody will want it.
        void write(seal, answer).then((outlivesLock) => outlivesLock ? undefined : release());
        return answer;
      } catch (error) {
        void release();
        throw error;
      }
    },
    async lookupNow(token, digest) {
      const answer = await ask(token, digest);
      void write(sealOf(tokenEntry(digest)), answer);
      return answer;
    },
    refresh: forgetting.refresh,
    isForgotten: forgetting.isForgotten,
    forgetToken(digest: string): Promise<void> {
      const entry = sealOf(tokenEntry(digest)).name;
      return forgetting.forgetToken(digest, [entry, `${entry}:lock`]);
    },
    forgetSubject: forgetting.forgetSubject,
  };
}

const tokenEntry = (digest: string): string => `token ${digest}`;

function sealTold(seal: Seal, { facts, askedAt }: Told): string | undefined {
  try {
    return seal.seal(`${askedAt} ${writeFacts(facts)}`);
  } catch {
    // Nested deeper than JSON can be written: it is not shared.
    return undefined;
  }
}

function parseTold(text: string | undefined): Told | undefined {
  const space = text?.indexOf(" ") ?? -1;
  if (text === undefined || space < 0) return undefined;
  const askedAt = Number(text.slice(0, space));
  if (!Number.isFinite(askedAt)) return undefined;
  try {
    return { facts: readFacts(text.slice(space + 1)), askedAt };
  } catch {
    return undefined;
  }
}
