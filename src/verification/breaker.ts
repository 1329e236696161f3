/**
 * A circuit breaker: while PropelAuth is out of reach, requests are refused at once instead of each
 * waiting for it, and one introspection at a time finds out whether it is back.
 *
 * PropelAuth may also fail for single tokens, and a client may send such a token again and again. So
 * what counts is how many distinct tokens it failed for, and a token that keeps failing is refused
 * alone.
 *
 * @module
 */

import { IntrospectionError, isLimitOfKey, isOutage } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { CredentialType } from "../oauth/api_key.ts";
import { type Lease, takeLease } from "../lib/lease.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";
import type { World } from "../lib/world.ts";

/** The breaker opens when introspection has failed for so many tokens, with no answer between. */
export const BREAKER_TOKENS = 10;
/** After so many of them, introspections that had to wait for their turn are refused already. */
const DOUBTED_TOKENS = 5;
/** After so many failures in a row, a token is refused for {@linkcode BREAKER_PAUSE_SECONDS}. */
export const TOKEN_FAILURES = 5;
/** The longest pause, in seconds, unless PropelAuth sent `Retry-After`. */
export const BREAKER_PAUSE_SECONDS = 5;
/** The first pause after the breaker has opened, in seconds; each failed probe doubles it. */
export const FIRST_PAUSE_SECONDS = 1;
/** Seconds for which a failed token counts as failed, unless PropelAuth answers for it. */
const FAILURE_MEMORY_SECONDS = 600;
/** How many failed tokens are remembered. */
const MAX_FAILED_TOKENS = 1_000;
/** `Retry-After`, in seconds, for requests refused although no pause is left. */
const LEAST_RETRY_SECONDS = 1;

/** Decides whether PropelAuth may be asked about a token. */
interface Breaker {
  /**
   * Throws unless PropelAuth may be asked about a token now.
   *
   * @param digest The token's SHA-256 in hex.
   * @throws {IntrospectionError} `breaker_open`: with the seconds until it may.
   */
  refuseWhileOpen(digest: string): void;
  /**
   * Asks PropelAuth, and learns from the outcome. Any answer closes the breaker; a refusal of our
   * credentials is one too, since it shows that PropelAuth is there.
   *
   * @param digest The token's SHA-256 in hex.
   * @param hasWaited Whether the introspection had to wait for its turn: many others are under way
   * then, and will tell whether PropelAuth answers.
   * @param ask Introspects the token.
   * @returns The result of `ask`.
   * @throws {IntrospectionError} `breaker_open`, or whatever `ask` throws.
   */
  run<T>(digest: string, hasWaited: boolean, ask: () => Promise<T>): Promise<T>;
}

interface Pause {
  readonly since: number;
  readonly seconds: number;
}

/** A token for which PropelAuth failed. */
interface FailedToken extends Pause {
  readonly failures: number;
}

/** While the breaker is open: when the next probe may go, and the one under way. */
interface Lane {
  pause: Pause;
  failedProbes: number;
  probe: Lease | undefined;
}

/**
 * Creates a closed breaker. It has no timer but that of a probe: it looks at the clock when a
 * request comes.
 *
 * @param world The clock and the timers.
 * @param emit Reports when the breaker opens and closes.
 * @param credential The kind of credential that the endpoint behind the breaker knows.
 * @returns The breaker.
 */
export function createBreaker(world: World, emit: Emit, credential: CredentialType): Breaker {
  const failedTokens = createTtlCache<FailedToken>(MAX_FAILED_TOKENS);
  /** Tokens that failed for the first time since PropelAuth last answered. */
  let newlyFailed = 0;
  /**
   * Present while the breaker is open. Tokens that failed before have a lane of their own: their
   * probes neither hold up nor draw out those of other tokens.
   */
  let lanes: { readonly failed: Lane; readonly others: Lane } | undefined;

  function secondsLeft(pause: Pause | undefined): number {
    if (pause === undefined) return 0;
    const age = world.now() - pause.since;
    // A clock that jumped back cannot tell how long the pause has been: it is over.
    return age < 0 ? 0 : Math.max(0, pause.seconds - age);
  }

  /** The lane in which a token may probe; `undefined` while the breaker is closed. */
  function enter(digest: string): Lane | undefined {
    const failed = failedTokens.get(digest, world.now());
    const lane = failed === undefined ? lanes?.others : lanes?.failed;
    const left = Math.max(secondsLeft(failed), secondsLeft(lane?.pause));
    if (left <= 0 && !lane?.probe?.held) return lane;
    throw refused(lane ? Math.max(left, LEAST_RETRY_SECONDS) : left);
  }

  function open(): void {
    const pause = { since: world.now(), seconds: FIRST_PAUSE_SECONDS };
    const createLane = (): Lane => ({ pause, failedProbes: 0, probe: undefined });
    lanes = { failed: createLane(), others: createLane() };
    const retryAfterSeconds = FIRST_PAUSE_SECONDS;
    emit?.({ code: "breaker_opened", credential, failures: newlyFailed, retryAfterSeconds });
  }

  function onAnswer(digest: string): void {
    failedTokens.delete(digest);
    newlyFailed = 0;
    if (lanes === undefined) return;
    lanes = undefined;
    emit?.({ code: "breaker_closed", credential });
  }

  function onFailure(digest: string, error: IntrospectionError, lane: Lane | undefined): void {
    const now = world.now();
    const { retryAfterSeconds = 0 } = error;
    const longest = retryAfterSeconds > 0 ? retryAfterSeconds : BREAKER_PAUSE_SECONDS;
    const before = failedTokens.get(digest, now);
    const failures = (before?.failures ?? 0) + 1;
    const isPaused = retryAfterSeconds > 0 || failures >= TOKEN_FAILURES;
    const seconds = isPaused ? longest : 0;
    const until = now + FAILURE_MEMORY_SECONDS;
    failedTokens.set(digest, { since: now, seconds, failures }, until, now);
    if (lane !== undefined) {
      const doubled = FIRST_PAUSE_SECONDS * 2 ** ++lane.failedProbes;
      lane.pause = { since: now, seconds: Math.min(doubled, longest) };
    } else if (lanes === undefined && before === undefined && ++newlyFailed >= BREAKER_TOKENS) {
      open();
    }
  }

  return {
    refuseWhileOpen: enter,
    async run<T>(digest: string, hasWaited: boolean, ask: () => Promise<T>): Promise<T> {
      const lane = enter(digest);
      if (hasWaited && newlyFailed >= DOUBTED_TOKENS) throw refused(LEAST_RETRY_SECONDS);
      const probe = lane && (lane.probe = takeLease(world));
      try {
        const answer = await ask();
        onAnswer(digest);
        return answer;
      } catch (error) {
        // A limit of the key alone is an answer too: PropelAuth is there for all others.
        if (!isOutage(error) || isLimitOfKey(error)) onAnswer(digest);
        else onFailure(digest, error, lane);
        throw error;
      } finally {
        probe?.release();
      }
    },
  };
}

function refused(retryAfterSeconds: number): IntrospectionError {
  return new IntrospectionError("breaker_open", { retryAfterSeconds });
}
