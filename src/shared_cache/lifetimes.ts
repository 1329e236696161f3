/**
 * For how long answers and orders matter to instances that share a cache. Pure: no clock, no network.
 *
 * @module
 */

import type { DatedFacts } from "../oauth/answer_freshness.ts";

/** By how many seconds the clocks of two instances may differ. */
export const MAX_CLOCK_SKEW_SECONDS = 5;
/**
 * Seconds for which answers and orders stay in the shared cache, at least: instances may have
 * different lifetimes of answers, as during a rolling deploy.
 */
const MIN_KEPT_SECONDS = 3600;

/** For how long an instance uses answers. */
export interface Lifetimes {
  readonly cacheTtlSeconds: number;
  readonly staleIfErrorSeconds: number;
}

/**
 * Computes for how many seconds answers and orders stay in the shared cache: longer than any instance
 * may use an answer.
 */
export function keptSeconds({ cacheTtlSeconds, staleIfErrorSeconds }: Lifetimes): number {
  return Math.max(MIN_KEPT_SECONDS, cacheTtlSeconds, staleIfErrorSeconds) + MAX_CLOCK_SKEW_SECONDS;
}

/**
 * Tells whether an answer may be older than an order, by the clocks of two instances.
 *
 * @param answer The answer.
 * @param orderedAt Seconds since 1970; `NaN`: there is an order whose time cannot be read.
 * @returns Whether the order shuts the answer out.
 */
export function isOvertaken({ askedAt }: DatedFacts, orderedAt: number): boolean {
  return !(askedAt > orderedAt + MAX_CLOCK_SKEW_SECONDS);
}
