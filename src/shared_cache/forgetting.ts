/**
 * What instances that share a cache were told to forget.
 *
 * @module
 */

import { hash, randomUUID } from "node:crypto";
import { withDeadline, type World } from "../lib/world.ts";
import type { Answer } from "../oauth/facts.ts";
import type { Seal } from "./seal.ts";
import type { SharedCache } from "./shared_cache.ts";
import { LOST, type SharedCacheGuard } from "./guard.ts";
import { createSharedWork } from "../lib/shared_work.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** Seconds after which an instance looks whether another one was told to forget something. */
export const FORGET_CHECK_SECONDS = 1;
/** By how many seconds the clocks of two instances may differ. */
export const MAX_CLOCK_SKEW_SECONDS = 5;

const FORGET_TIMEOUT_SECONDS = 2;
/** How many orders to forget an instance remembers itself, beside the marks. */
const MAX_FORGOTTEN_HERE = 10_000;

/** What an entry of the shared cache holds. */
export type Told = Pick<Answer, "facts" | "askedAt">;

/** Where orders to forget are kept. */
export interface SharedStore {
  readonly cache: SharedCache;
  readonly guard: SharedCacheGuard;
  /** Names and seals what is kept about a subject. */
  readonly sealOf: (subject: string) => Seal;
}

/** For how long orders to forget matter, and whom they concern. */
export interface SharedForgettingOptions {
  readonly cacheTtlSeconds: number;
  readonly staleIfErrorSeconds: number;
  /** Another instance was told to forget something: what this one knows is no longer certain. */
  readonly onForgotten: () => void;
}

/** The orders to forget, of all instances. */
export interface SharedForgetting {
  /** Looks whether something was forgotten elsewhere; `undefined` when it is too early to. */
  refresh(): Promise<void> | undefined;
  /** Whether an answer is older than an order to forget its token or its user. */
  isForgotten(answer: Told, digest: string): Promise<boolean>;
  /** Has every instance forget a token, and drops keys. Rejects when they cannot be told. */
  forgetToken(digest: string, keys: readonly string[]): Promise<void>;
  /** Has every instance forget a user. Rejects when they cannot be told. */
  forgetSubject(subject: string): Promise<void>;
}

/**
 * Creates an instance's side of forgetting.
 *
 * Forgetting leaves a mark with the time of day for as long as older answers could be used, and
 * changes one key that every instance reads once a second while it is in use.
 *
 * @param store Where the orders are kept.
 * @param options For how long they matter, and whom they concern.
 * @param world The clock and the timers.
 * @returns This instance's side.
 */
export function createSharedForgetting(
  { cache, guard, sealOf }: SharedStore,
  options: SharedForgettingOptions,
  world: World,
): SharedForgetting {
  const { cacheTtlSeconds, staleIfErrorSeconds } = options;
  const changeKey = sealOf("change").name;
  const markTtlSeconds = Math.max(cacheTtlSeconds, staleIfErrorSeconds) + MAX_CLOCK_SKEW_SECONDS;
  /** When this instance itself was told to forget what: its marks come later, or never. */
  const forgottenHere = createTtlCache<number>(MAX_FORGOTTEN_HERE);
  /** Changes when something is forgotten; absent while nothing was, for as long as it matters. */
  let change: unknown;
  let checkedAt = -Infinity;
  let lost = false;
  /** One request reads the key for all that wait. */
  const checks = createSharedWork<void>(world);

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
    const checking = checks.join(changeKey, check).then(() => {});
    // A cache that was lost is looked for in the background: what is known here goes on to count.
    return lost ? undefined : checking;
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

  return {
    refresh,
    isForgotten,
    forgetToken: (digest: string, keys: readonly string[]): Promise<void> =>
      forget(tokenMark(digest), keys),
    forgetSubject: (subject: string): Promise<void> => forget(subjectMark(subject), []),
  };
}

const tokenMark = (digest: string): string => `forgotten token ${digest}`;
/** A subject has no length of its own. */
const subjectMark = (subject: string): string =>
  `forgotten subject ${hash("sha256", subject, "hex")}`;
