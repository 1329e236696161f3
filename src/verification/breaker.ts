/**
 * A circuit breaker: while PropelAuth is out of reach, requests are refused at once instead of each
 * waiting for it, and one question at a time finds out whether it is back.
 *
 * @module
 */

import { IntrospectionError, isOutage } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { World } from "../lib/world.ts";

/** After so many failed questions in a row, with no answer between them, the breaker opens. */
export const BREAKER_FAILURES = 5;
/** Seconds for which nobody asks once it has opened; PropelAuth's own `Retry-After` goes before. */
export const BREAKER_PAUSE_SECONDS = 5;
/** What those are told who come while a probe is under way: it may be over at any moment. */
const PROBING_RETRY_SECONDS = 1;

/** Stands before the questions. */
export interface Breaker {
  /**
   * Returns when a question may be asked now.
   *
   * @throws {IntrospectionError} `breaker_open`: it may not, with the seconds until it may.
   */
  refuseWhileOpen(): void;
  /**
   * Asks a question, and learns from how it ends: any answer closes the breaker, a refusal of our
   * credentials included, since it shows that PropelAuth is there.
   *
   * @param ask The question.
   * @returns What it gave.
   * @throws {IntrospectionError} `breaker_open`, or whatever the question ended with.
   */
  run<T>(ask: () => Promise<T>): Promise<T>;
}

/**
 * Creates a closed breaker. It has no timer: time is looked at when a request comes.
 *
 * @param world The clock.
 * @param emit Tells when it opens and closes.
 * @returns The breaker.
 */
export function createBreaker(world: World, emit: Emit): Breaker {
  let failures = 0;
  let open: { readonly since: number; readonly seconds: number } | undefined;
  let probing = false;

  function refuseWhileOpen(): void {
    if (open === undefined) return;
    const age = world.now() - open.since;
    // A clock that jumped back says nothing of how long it has been: then a probe may go.
    const left = age < 0 ? 0 : open.seconds - age;
    if (left <= 0 && !probing) return;
    const retryAfterSeconds = Math.max(left, PROBING_RETRY_SECONDS);
    throw new IntrospectionError("breaker_open", { retryAfterSeconds });
  }

  function onAnswer(): void {
    failures = 0;
    if (open === undefined) return;
    open = undefined;
    emit?.({ code: "breaker_closed" });
  }

  function onFailure({ retryAfterSeconds = 0 }: IntrospectionError, isProbe: boolean): void {
    // Whoever asked before it opened adds nothing: the pause is not drawn out by latecomers.
    if (open !== undefined && !isProbe) return;
    failures++;
    // "Come back in a minute" needs no repetition.
    if (open === undefined && failures < BREAKER_FAILURES && retryAfterSeconds <= 0) return;
    const seconds = retryAfterSeconds > 0 ? retryAfterSeconds : BREAKER_PAUSE_SECONDS;
    if (open === undefined) {
      emit?.({ code: "breaker_opened", failures, retryAfterSeconds: seconds });
    }
    open = { since: world.now(), seconds };
  }

  return {
    refuseWhileOpen,
    async run<T>(ask: () => Promise<T>): Promise<T> {
      refuseWhileOpen();
      const isProbe = open !== undefined;
      if (isProbe) probing = true;
      try {
        const answer = await ask();
        onAnswer();
        return answer;
      } catch (error) {
        if (isOutage(error)) onFailure(error, isProbe);
        else onAnswer();
        throw error;
      } finally {
        if (isProbe) probing = false;
      }
    },
  };
}
