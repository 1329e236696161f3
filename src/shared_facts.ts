/**
 * Facts that many instances share: one asks PropelAuth, the others read its answer.
 *
 * @module
 */

import { hash, randomUUID } from "node:crypto";
import { withDeadline } from "./deadline.ts";
import { type Emit, shortDigest } from "./events.ts";
import { readFacts, writeFacts } from "./facts.ts";
import type { Answer, Lookup } from "./introspector.ts";
import { createSealer, type Seal } from "./seal.ts";
import type { SharedCache } from "./shared_cache.ts";
import { createSharedCacheGuard, LOST } from "./shared_cache_guard.ts";
import { createTtlCache } from "./ttl_cache.ts";
import type { World } from "./world.ts";

/** Seconds for which one instance may keep the others from asking about a token. */
export const LOCK_SECONDS = 2;
/** Seconds after which an instance looks whether another one was told to forget something. */
export const FORGET_CHECK_SECONDS = 1;
/** By how many seconds the clocks of two instances may differ. */
export const MAX_CLOCK_SKEW_SECONDS = 5;

const FORGET_TIMEOUT_SECONDS = 2;
const FIRST_WAIT_SECONDS = 0.01;
const MAX_WAIT_SECONDS = 0.1;
/** How many orders to forget an instance remembers itself, beside the marks. */
const MAX_FORGOTTEN_HERE = 10_000;

/** What the shared facts are made of. */
export interface SharedFactsOptions {
  readonly introspectionEndpoint: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  readonly cacheTtlSeconds: number;
  readonly staleIfErrorSeconds: number;
  /** For how long an inactive token is not asked about again. */
  readonly inactiveTtlSeconds: number;
  /** Another instance was told to forget something: what this one knows is no longer certain. */
  readonly onForgotten: () => void;
}

/** What an entry holds. */
type Told = Pick<Answer, "facts" | "askedAt">;

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
 * Forgetting leaves a mark with the time of day for as long as older answers could be used, and
 * changes one key that every instance reads once a second while it is in use.
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
  const { cacheTtlSeconds, staleIfErrorSeconds, inactiveTtlSeconds } = options;
  const { introspectionEndpoint, introspectionClientId } = options;
  const context = JSON.stringify(["shared cache, 1", introspectionEndpoint, introspectionClientId]);
  const sealOf = createSealer(options.introspectionClientSecret, context);
  const guard = createSharedCacheGuard(world, emit);
  const changeKey = sealOf("change").name;
  const markTtlSeconds = Math.max(cacheTtlSeconds, staleIfErrorSeconds) + MAX_CLOCK_SKEW_SECONDS;
  /** When this instance itself was told to forget what: its marks come later, or never. */
  const forgottenHere = createTtlCache<number>(MAX_FORGOTTEN_HERE);
  /** Changes when something is forgotten; absent while nothing was, for as long as it matters. */
  let change: unknown;
  let checkedAt = -Infinity;
  let lost = false;
  let checking: Promise<void> | undefined;

  /** Until when an answer may be used, counted from the question (seconds since 1970). */
  function freshUntil({ facts, askedAt }: Told): number {
    if (!facts.active) return askedAt + inactiveTtlSeconds;
    return Math.min(askedAt + cacheTtlSeconds, facts.expiresAt ?? Infinity);
  }

  async function check(): Promise<void> {
    const found = await guard(() => cache.get(changeKey));
    lost = found === LOST;
    if (found === LOST) return;
    checkedAt = world.now();
    const changed = found !== null && found !== undefined && found !== change;
    change = found ?? undefined;
    if (changed) options.onForgotten();
  }

  function refresh(): Promise<void> | undefined {
    // A clock may jump back.
    if (Math.abs(world.now() - checkedAt) < FORGET_CHECK_SECONDS) return undefined;
    checking ??= check().finally(() => checking = undefined);
    // A cache that was lost is looked for in the background: what is known here goes on to count.
    return lost ? undefined : checking;
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
    if (await isForgotten(told, digest)) return "unusable";
    // By this clock, no question was asked in the future.
    return { facts: told.facts, askedAt: Math.min(told.askedAt, now), source: "shared_cache" };
  }

  async function isForgotten({ facts, askedAt }: Told, digest: string): Promise<boolean> {
    if (!facts.active) return false;
    const isOlder = (forgottenAt: number) => !(askedAt > forgottenAt + MAX_CLOCK_SKEW_SECONDS);
    const names = [tokenMark(digest)];
    if (facts.subject !== undefined) names.push(subjectMark(facts.subject));
    const now = world.now();
    if (names.some((name) => isOlder(forgottenHere.get(name, now) ?? -Infinity))) return true;
    if (change === undefined) return false;
    const covered = await Promise.all(
      names.map(sealOf).map(async (mark) => {
        const value = await guard(() => cache.get(mark.name));
        if (value === null || value === undefined) return false;
        // What cannot be read might have been a mark.
        return isOlder(value === LOST ? NaN : Number(mark.open(value) ?? NaN));
      }),
    );
    return covered.includes(true);
  }

  /** Keeps an answer for the others; tells whether it outlives the lock. */
  async function write(seal: Seal, answer: Answer): Promise<boolean> {
    const ttlSeconds = freshUntil(answer) - world.now();
    const value = ttlSeconds > 0 ? sealTold(seal, answer) : undefined;
    if (value === undefined) return false;
    await guard(() => cache.set(seal.name, value, { ttlSeconds }));
    return ttlSeconds >= LOCK_SECONDS;
  }

  async function forget(name: string, also: readonly string[]): Promise<void> {
    const now = world.now();
    forgottenHere.set(name, now, now + markTtlSeconds);
    const mark = sealOf(name);
    const value = mark.seal(String(now));
    if (value === undefined) return;
    const ttl = { ttlSeconds: markTtlSeconds };
    try {
      await withDeadline(world, FORGET_TIMEOUT_SECONDS, async () => {
        // First the mark: who sees the change has to find it.
        await cache.set(mark.name, value, ttl);
        await Promise.all(also.map((key) => cache.delete(key)));
        // Not noted here, so that it is noticed here too: it may stand in place of another's that
        // this instance has not seen yet.
        await cache.set(changeKey, randomUUID(), ttl);
      });
    } catch {
      throw new Error("The shared cache could not be told what to forget: try again");
    }
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
      await refresh();
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
    refresh,
    isForgotten,
    forgetToken(digest: string): Promise<void> {
      const entry = sealOf(tokenEntry(digest)).name;
      return forget(tokenMark(digest), [entry, `${entry}:lock`]);
    },
    forgetSubject: (subject: string): Promise<void> => forget(subjectMark(subject), []),
  };
}

const tokenEntry = (digest: string): string => `token ${digest}`;
const tokenMark = (digest: string): string => `forgotten token ${digest}`;
/** A subject has no length of its own. */
const subjectMark = (subject: string): string =>
  `forgotten subject ${hash("sha256", subject, "hex")}`;

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
