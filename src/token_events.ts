/**
 * What the verifier tells of one token. Pure: no clock, no network.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "./access_token.ts";
import type { AccessTokenError, IntrospectionError } from "./errors.ts";
import {
  type EventFacts,
  type FactsSource,
  shortDigest,
  showForeign,
  type TokenEvent,
} from "./events.ts";
import type { IntrospectionFacts } from "./facts.ts";

/**
 * Says which token, and how long it took.
 *
 * @param digest The token's SHA-256 in hex.
 * @param startedAt Seconds since 1970.
 * @param now Seconds since 1970.
 * @returns What every event about the token has.
 */
export function describeToken(digest: string, startedAt: number, now: number): TokenEvent {
  // A clock may jump back.
  return { tokenDigest: shortDigest(digest), durationSeconds: Math.max(0, now - startedAt) };
}

/**
 * Tells of a token that was accepted.
 *
 * @param token Which one, and how long it took.
 * @param accepted What the caller gets.
 * @param source Where the facts came from.
 * @returns The event.
 */
export function buildAccepted(
  token: TokenEvent,
  { clientId, subject }: AccessToken,
  source: FactsSource,
): EventFacts {
  const whose = subject === undefined ? { clientId } : { clientId, subject };
  return { code: "token_accepted", ...token, source, ...whose };
}

/**
 * Tells of a token that was refused: what it had to satisfy, and what it has instead.
 *
 * @param token Which one, and how long it took.
 * @param error Why it was refused.
 * @param facts What PropelAuth says of it.
 * @param policy What it had to satisfy.
 * @param now Seconds since 1970.
 * @returns The event.
 */
export function buildRefused(
  token: TokenEvent,
  error: AccessTokenError,
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  now: number,
): EventFacts {
  const { reason } = error;
  const event = { code: "token_refused", ...token, reason } as const;
  if (!facts.active) return event;
  const { claims } = facts;
  switch (reason) {
    case "audience_mismatch":
      return {
        ...event,
        expected: showForeign(policy.resource),
        received: showForeign(claims.aud ?? claims.resource),
      };
    case "scope_missing":
      return {
        ...event,
        expected: showForeign(error.scopes.join(" ")),
        received: showForeign(facts.scopes.join(" ")),
      };
    case "expired":
      return { ...event, expected: `exp after ${now}`, received: showForeign(claims.exp) };
    case "not_yet_valid":
      return { ...event, expected: `nbf up to ${now}`, received: showForeign(claims.nbf) };
    case "wrong_token_type":
      return {
        ...event,
        expected: "Bearer or access_token",
        received: facts.tokenType === null ? "no text" : showForeign(facts.tokenType),
      };
    case "missing_credentials":
    case "malformed_credentials":
    case "inactive":
      return event;
  }
}

/**
 * Tells of a question that PropelAuth did not answer.
 *
 * @param token Which one, and how long it took.
 * @param error Why there is no answer.
 * @returns The event.
 */
export function buildFailed(
  token: TokenEvent,
  { reason, status }: IntrospectionError,
): EventFacts {
  const misconfigured = reason === "client_refused" || reason === "malformed_response";
  return {
    code: misconfigured ? "propelauth_misconfigured" : "propelauth_unreachable",
    ...token,
    reason,
    ...(status !== undefined && { status }),
  };
}
