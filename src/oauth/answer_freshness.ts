/**
 * For how long the answer to an introspection may be used. Pure: no clock, no network.
 *
 * @module
 */

import type { Answer, IntrospectionFacts } from "./facts.ts";

/** Seconds for which a dead token is not asked about again. */
export const INACTIVE_TTL_SECONDS = 5;

/** The part of an answer that decides for how long it may be used. */
export type DatedFacts = Pick<Answer, "facts" | "askedAt">;

/**
 * Whether an answer refuses the token whatever the policy: the token is inactive, or had expired when
 * the question was asked.
 */
export function isDead({ facts, askedAt }: DatedFacts): boolean {
  return expiryOf(facts) <= askedAt;
}

/**
 * Computes until when an answer may be used instead of a new question. Counted from its own
 * question, since a revocation after that is not in it.
 *
 * @param answer The answer.
 * @param ttlSeconds For how long an answer about a live token may be used.
 * @returns Seconds since 1970, exclusive; for a live token at the latest its expiry.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-4 | RFC 7662 §4}
 */
export function freshUntil(answer: DatedFacts, ttlSeconds: number): number {
  if (isDead(answer)) return answer.askedAt + INACTIVE_TTL_SECONDS;
  return Math.min(answer.askedAt + ttlSeconds, expiryOf(answer.facts));
}

function expiryOf(facts: IntrospectionFacts): number {
  return facts.active ? facts.expiresAt ?? Infinity : -Infinity;
}
