/**
 * The answers about tokens in the shared cache: how they are kept, and which of them count.
 *
 * @module
 */

import { type Emit, shortDigest } from "../events/events.ts";
import type { Answer, FactsFormat } from "../oauth/facts.ts";
import { TOKEN_FACTS } from "../oauth/read_facts.ts";
import { type DatedFacts, freshUntil } from "../oauth/answer_freshness.ts";
import type { Seal } from "./seal.ts";
import type { SharedForgetting, SharedStore } from "./forgetting.ts";
import { LOST } from "./guard.ts";
import { isOvertaken, keptSeconds, type Lifetimes, MAX_CLOCK_SKEW_SECONDS } from "./lifetimes.ts";
import type { World } from "../lib/world.ts";

/** For how long answers may be used, and how long it may take to get one. */
export interface EntriesOptions extends Lifetimes {
  /** A question waits for half of this time at most, and takes all of it at most. */
  readonly timeoutSeconds: number;
  /**
   * How facts are kept.
   *
   * @default {TOKEN_FACTS}
   */
  readonly factsFormat?: FactsFormat;
}

/** The keys under which the shared cache keeps the values about one token. */
export interface TokenKeys {
  readonly digest: string;
  /** The newest answer that the token is active. */
  readonly live: Seal;
  /** The newest answer that it is inactive; its `askedAt` is when that was heard. */
  readonly inactive: Seal;
  readonly lock: string;
}

/** The answers that the shared cache holds about one token. */
export interface Shared {
  /** Usable without a question. */
  readonly answer?: Answer;
  /** There are answers, and no instance may use them: it makes no sense to wait for a better one. */
  readonly isUnusable?: boolean;
  /** When an instance last heard that the token is inactive. */
  readonly inactiveAt?: number | undefined;
}

/** The answers in the shared cache. */
interface Entries {
  /** The keys of a token. */
  keysOf(digest: string): TokenKeys;
  /** When an instance last heard that the token is inactive, as far as the shared cache knows. */
  readInactiveAt(keys: TokenKeys): Promise<number | undefined>;
  /** Everything that the shared cache holds about a token. */
  read(keys: TokenKeys): Promise<Shared>;
  /**
   * Shares an answer; `inactiveAt` is the value that was read before its question. Reports to
   * `onTokenForgotten` when another instance has heard since that the token is inactive.
   */
  write(keys: TokenKeys, answer: Answer, inactiveAt: number | undefined): Promise<void>;
  /** Has every instance forget a token. Rejects when the order cannot be written. */
  forget(keys: TokenKeys): Promise<void>;
}

/**
 * Creates the answers in the shared cache.
 *
 * Active and inactive answers have keys of their own, so that an older one cannot overwrite a newer one of
 * the other kind. Each instance writes its answer first and then reads the other key: of two
 * instances that write at once at least one sees the other's answer.
 *
 * @param store The shared cache.
 * @param forgetting The orders to forget.
 * @param options For how long answers may be used.
 * @param world The clock.
 * @param emit Reports entries that do not open.
 * @param onTokenForgotten Called with the digest of a token that is inactive.
 * @returns The answers.
 */
export function createEntries(
  { cache, guard, sealOf }: SharedStore,
  forgetting: SharedForgetting,
  options: EntriesOptions,
  world: World,
  emit: Emit,
  onTokenForgotten: (digest: string) => void,
): Entries {
  const { cacheTtlSeconds, factsFormat = TOKEN_FACTS } = options;
  const { subject } = factsFormat;
  /** Outlasts each older question, and each older answer in the shared cache while it is fresh. */
  const inactiveTtlSeconds = Math.max(cacheTtlSeconds, 2 * options.timeoutSeconds) +
    MAX_CLOCK_SKEW_SECONDS;

  function keysOf(digest: string): TokenKeys {
    const live = sealOf(`${subject} ${digest}`);
    return {
      digest,
      live,
      inactive: sealOf(`inactive ${subject} ${digest}`),
      lock: `${live.name}:lock`,
    };
  }

  /** The answer under a key; `undefined`: none. `"unreadable"`: a value that holds none. */
  async function get(seal: Seal, digest: string): Promise<DatedFacts | "unreadable" | undefined> {
    const value = await guard(() => cache.get(seal.name));
    if (value === LOST || value === null || value === undefined) return undefined;
    const text = seal.open(value);
    const answer = text === undefined ? undefined : parseAnswer(text, digest, factsFormat);
    if (answer === undefined && text !== "") {
      emit?.({ code: "shared_cache_entry_rejected", tokenDigest: shortDigest(digest) });
    }
    return answer ?? "unreadable";
  }

  const isFresh = (answer: DatedFacts) => freshUntil(answer, cacheTtlSeconds) > world.now();
  const isFromFuture = ({ askedAt }: DatedFacts) => askedAt > world.now() + MAX_CLOCK_SKEW_SECONDS;

  /** By this clock, no question was asked in the future. */
  function use({ facts, askedAt }: DatedFacts): Answer {
    return { facts, askedAt: Math.min(askedAt, world.now()), source: "shared_cache" };
  }

  async function read(
    { digest, live: liveKey, inactive: inactiveKey }: TokenKeys,
  ): Promise<Shared> {
    const [live, inactive] = await Promise.all([get(liveKey, digest), get(inactiveKey, digest)]);
    if (inactive === "unreadable") return { isUnusable: true };
    const inactiveAt = inactive?.askedAt;
    if (inactive !== undefined && isFresh(inactive) && !isFromFuture(inactive)) {
      return { answer: use(inactive) };
    }
    if (live === undefined || live !== "unreadable" && !isFresh(live)) return { inactiveAt };
    const isUnusable = live === "unreadable" || isFromFuture(live) ||
      inactiveAt !== undefined && isOvertaken(live, inactiveAt) ||
      await forgetting.isForgotten(live, digest);
    if (isUnusable) return { isUnusable, inactiveAt };
    // Its time may be over by now.
    return isFresh(live) ? { answer: use(live) } : { inactiveAt };
  }

  /** Has every instance forget older answers that call the token active. */
  async function shareInactive(keys: TokenKeys, { facts }: Answer): Promise<void> {
    forgetting.noteInactive(keys.digest);
    const dated = { facts, askedAt: world.now() };
    const value = keys.inactive.seal(writeAnswer(dated, factsFormat) ?? "");
    if (value === undefined) return;
    await guard(() => cache.set(keys.inactive.name, value, { ttlSeconds: inactiveTtlSeconds }));
    const live = await guard(() => cache.get(keys.live.name));
    // Without a live answer no instance has one either: most inactive tokens never were active.
    if (live === LOST || live === null || live === undefined) return;
    // If the cache fails now, it is read again when the token is next asked about.
    await forget(keys).catch(() => {});
  }

  /** Shares an active answer; reports a newer one that the token is inactive. */
  async function shareLive(
    keys: TokenKeys,
    answer: Answer,
    inactiveAt: number | undefined,
  ): Promise<void> {
    const { digest, live } = keys;
    const ttlSeconds = freshUntil(answer, keptSeconds(options)) - world.now();
    // An answer that cannot be written leaves an entry without one, by which shareInactive() sees it.
    const value = live.seal(writeAnswer(answer, factsFormat) ?? "") ?? live.seal("");
    if (ttlSeconds <= 0 || value === undefined) return;
    const isWritten = await guard(() => cache.set(live.name, value, { ttlSeconds }));
    if (isWritten === LOST) return forgetting.noteUnshared();
    const inactive = await get(keys.inactive, digest);
    // A value that somebody else wrote would keep this answer from being used.
    if (inactive === "unreadable") await guard(() => cache.delete(keys.inactive.name));
    if (inactive === undefined || inactive === "unreadable") return;
    if (inactive.askedAt === inactiveAt || !isOvertaken(answer, inactive.askedAt)) return;
    onTokenForgotten(digest);
    // Nothing is left for this question to keep others from asking.
    await Promise.all([live.name, keys.lock].map((key) => guard(() => cache.delete(key))));
  }

  function forget({ digest, live, lock }: TokenKeys): Promise<void> {
    return forgetting.forgetToken(digest, [live.name, lock]);
  }

  return {
    keysOf,
    async readInactiveAt({ inactive, digest }) {
      const found = await get(inactive, digest);
      return found === "unreadable" ? undefined : found?.askedAt;
    },
    read,
    write: (keys, answer, inactiveAt) =>
      // By the clock of another instance, an expired token may still be live.
      answer.facts.active ? shareLive(keys, answer, inactiveAt) : shareInactive(keys, answer),
    forget,
  };
}

function writeAnswer({ facts, askedAt }: DatedFacts, format: FactsFormat): string | undefined {
  try {
    return `${askedAt} ${format.write(facts)}`;
  } catch {
    // Nested deeper than JSON can be written.
    return undefined;
  }
}

function parseAnswer(text: string, digest: string, format: FactsFormat): DatedFacts | undefined {
  const space = text.indexOf(" ");
  const askedAt = Number(text.slice(0, space));
  if (space < 0 || !Number.isFinite(askedAt)) return undefined;
  try {
    return { facts: format.read(text.slice(space + 1), digest), askedAt };
  } catch {
    return undefined;
  }
}
