/**
 * The orders to forget that instances with one shared cache give each other.
 *
 * @module
 */

import { withDeadline, type World } from "../lib/world.ts";
import type { Emit } from "../events/events.ts";
import type { DatedFacts } from "../oauth/answer_freshness.ts";
import type { Seal } from "./seal.ts";
import type { SharedCache } from "./shared_cache.ts";
import { LOST, type SharedCacheGuard } from "./guard.ts";
import { isOvertaken, keptSeconds, type Lifetimes, MAX_CLOCK_SKEW_SECONDS } from "./lifetimes.ts";
import { createSharedWork } from "../lib/shared_work.ts";
import { sha256 } from "../lib/digest.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** Seconds after which an instance looks again for orders of other instances. */
export const FORGET_CHECK_SECONDS = 1;

/** Seconds for which a cache that was found lost counts as lost, unless it is found well. */
const LOST_SECONDS = 5;

const FORGET_TIMEOUT_SECONDS = 2;
/** How many orders an instance remembers itself, beside the marks; as many inactive tokens. */
const MAX_ORDERS_HERE = 10_000;

/** The shared cache, and the tools to use it with. */
export interface SharedStore {
  readonly cache: SharedCache;
  readonly guard: SharedCacheGuard;
  /** Names and seals the value about a subject. */
  readonly sealOf: (subject: string) => Seal;
}

/** The ways in which this instance learns that it must not use older answers. */
export interface ForgettingListener {
  /** Another instance gave an order, or was told that a token is inactive. */
  readonly onForgotten: () => void;
  /** Orders may be gone from the shared cache, or were given when it could not be used. */
  readonly onOrdersLost: () => void;
}

/** The orders to forget, of all instances. */
export interface SharedForgetting {
  /** Looks whether another instance gave an order; `undefined` when it is too early to. */
  refresh(): Promise<void> | undefined;
  /** Tells whether an answer is older than an order to forget its token or its user. */
  isForgotten(answer: DatedFacts, digest: string): Promise<boolean>;
  /** Has every instance forget a token, and drops keys. Rejects when the order cannot be written. */
  forgetToken(digest: string, keys: readonly string[]): Promise<void>;
  /** Has every instance forget a user. Rejects when the order cannot be written. */
  forgetSubject(subject: string): Promise<void>;
  /** Remembers here that a token is inactive. */
  noteInactive(digest: string): void;
  /** Remembers that an answer is kept here and could not be written to the shared cache. */
  noteUnshared(): void;
}

/**
 * Creates an instance's side of forgetting.
 *
 * An order leaves a mark with the time of day for as long as older answers may be used, and changes
 * one key, which every instance that is in use reads once a second.
 *
 * @param store Where the orders are kept.
 * @param lifetimes For how long this instance uses answers.
 * @param world The clock and the timers.
 * @param emit Reports that the shared cache has lost an order.
 * @param listener Receives the orders of other instances.
 * @returns This instance's side.
 */
export function createSharedForgetting(
  { cache, guard, sealOf }: SharedStore,
  lifetimes: Lifetimes,
  world: World,
  emit: Emit,
  listener: ForgettingListener,
): SharedForgetting {
  const ttlSeconds = keptSeconds(lifetimes);
  const change = sealOf("change");
  /** Orders given to this instance: writing their marks takes time and may fail. */
  const orderedHere = createTtlCache<number>(MAX_ORDERS_HERE);
  /** The same for inactive tokens; apart, so that a flood of them pushes no order out. */
  const inactiveHere = createTtlCache<number>(MAX_ORDERS_HERE);
  /** The last value under the key that changes. `undefined`: no order is in force. */
  let lastChange: string | undefined;
  let checkedAt = -Infinity;
  /** One request reads the key for all that wait. */
  const checks = createSharedWork<void>(world);
  /** When the cache was last found lost; -Infinity: not since it was last found well. */
  let lostAt = -Infinity;
  let isUnshared = false;
  /** An order of this instance whose mark is looked for when half of its life is over. */
  let watched: { readonly mark: Seal; readonly orderedAt: number } | undefined;

  function reportLostOrder(): void {
    emit?.({ code: "shared_cache_order_lost" });
  }

  /** Reports when the mark of an order that was given here is not there. */
  async function verifyMark(mark: Seal, orderedAt: number): Promise<void> {
    const value = await guard(() => cache.get(mark.name));
    if (value === LOST) return;
    // Another instance may have given the same order since.
    if (!(Number(mark.open(value) ?? NaN) > orderedAt - MAX_CLOCK_SKEW_SECONDS)) reportLostOrder();
  }

  async function check(): Promise<void> {
    const value = await guard(() => cache.get(change.name)) ?? undefined;
    const now = world.now();
    lostAt = value === LOST ? now : -Infinity;
    if (value === LOST) return;
    checkedAt = now;
    const until = Number(lastChange && change.open(lastChange));
    const isGone = value === undefined && now + MAX_CLOCK_SKEW_SECONDS < until;
    const isChanged = value !== undefined && value !== lastChange;
    lastChange = value;
    if (isGone) reportLostOrder();
    if (isGone || isUnshared) listener.onOrdersLost();
    else if (isChanged) listener.onForgotten();
    isUnshared = false;
    if (watched === undefined || now < watched.orderedAt + ttlSeconds / 2) return;
    const { mark, orderedAt } = watched;
    watched = undefined;
    if (now < orderedAt + ttlSeconds - MAX_CLOCK_SKEW_SECONDS) await verifyMark(mark, orderedAt);
  }

  function refresh(): Promise<void> | undefined {
    const now = world.now();
    // A clock may jump back.
    if (Math.abs(now - checkedAt) < FORGET_CHECK_SECONDS) return undefined;
    // A lost cache is looked for in the background; until then the answers kept here are used.
    const isLost = Math.abs(now - lostAt) < LOST_SECONDS;
    const checking = checks.join(change.name, check).then(() => {});
    return isLost ? undefined : checking;
  }

  async function isForgotten(answer: DatedFacts, digest: string): Promise<boolean> {
    const { facts } = answer;
    if (!facts.active) return false;
    // PropelAuth may have been slow since the last look.
    await refresh();
    const now = world.now();
    const names = [tokenMark(digest)];
    if (facts.subject !== undefined) names.push(subjectMark(facts.subject));
    const here = [
      inactiveHere.get(digest, now),
      ...names.map((name) => orderedHere.get(name, now)),
    ];
    if (here.some((at) => at !== undefined && isOvertaken(answer, at))) return true;
    if (lastChange === undefined) return false;
    const found = await Promise.all(
      names.map(sealOf).map(async (mark) => {
        const value = await guard(() => cache.get(mark.name));
        if (value === null || value === undefined) return false;
        // A value that cannot be read might have been a mark.
        return isOvertaken(answer, value === LOST ? NaN : Number(mark.open(value) ?? NaN));
      }),
    );
    return found.includes(true);
  }

  async function forget(name: string, also: readonly string[]): Promise<void> {
    const now = world.now();
    const until = now + ttlSeconds;
    orderedHere.set(name, now, until);
    const mark = sealOf(name);
    const [value, changed] = [mark.seal(String(now)), change.seal(String(until))];
    if (value === undefined || changed === undefined) return;
    try {
      await withDeadline(world, FORGET_TIMEOUT_SECONDS, async () => {
        // The mark first: an instance that sees the change has to find it.
        await cache.set(mark.name, value, { ttlSeconds });
        await Promise.all(also.map((key) => cache.delete(key)));
        // `lastChange` stays as it is: this value may stand in place of another instance's that was
        // not read yet, so it has to be noticed here too.
        await cache.set(change.name, changed, { ttlSeconds });
      });
    } catch {
      throw new Error("The order to forget could not be written to the shared cache: try again");
    }
    watched ??= { mark, orderedAt: now };
    await verifyMark(mark, now);
  }

  return {
    refresh,
    isForgotten,
    forgetToken: (digest: string, keys: readonly string[]): Promise<void> =>
      forget(tokenMark(digest), keys),
    forgetSubject: (subject: string): Promise<void> => forget(subjectMark(subject), []),
    noteInactive(digest: string): void {
      const now = world.now();
      inactiveHere.set(digest, now, now + ttlSeconds);
    },
    noteUnshared: (): void => void (isUnshared = true),
  };
}

const tokenMark = (digest: string): string => `forgotten token ${digest}`;
/** A subject has no length of its own. */
const subjectMark = (subject: string): string => `forgotten subject ${sha256(subject)}`;
