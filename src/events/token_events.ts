/**
 * What is told of one token. Pure: no clock, no network.
 *
 * @module
 */

import { hash } from "node:crypto";
import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import type { AccessTokenError, IntrospectionError } from "../oauth/errors.ts";
import { kindOfFailure } from "./messages.ts";
import { type EventFacts, shortDigest, showForeign, type TokenEvent } from "./events.ts";
import type { FactsSource, IntrospectionFacts } from "../oauth/facts.ts";

/**
 * Says which token, and how long it took.
 *
 * @param digest The token's SHA-256 in hex.
 * @param startedAt Seconds since 1970.
 * @param now Seconds since 1970.
 * @returns What every event about the token has.
 */
export function describeToken(digest: string, startedAt: number, now: number): TokenEvent {
  // A clock may jump back, and a difference of large numbers has digits that mean nothing.
  const durationSeconds = Math.max(0, Math.round((now - startedAt) * 1e6) / 1e6);
  return { tokenDigest: shortDigest(digest), durationSeconds };
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
 * @param source Where the facts came from.
 * @returns The event.
 */
export function buildRefused(
  token: TokenEvent,
  error: AccessTokenError,
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  now: number,
  source: FactsSource,
): EventFacts {
  const { reason } = error;
  const event = { code: "token_refused", ...token, source, reason } as const;
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
    case "org_claim_missing":
    case "org_mismatch":
      return {
        ...event,
        expected: showForeign(policy.orgId),
        received: showForeign(claims.org_id),
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
    case "role_claim_missing":
    case "role_mismatch":
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
  { reason, status, cause }: IntrospectionError,
): EventFacts {
  return {
    code: `propelauth_${kindOfFailure(reason)}`,
    ...token,
    reason,
    ...(status !== undefined && { status }),
    ...(cause instanceof Error && { detail: showForeign(cause.message) }),
  };
}

/**
 * Tells of a verification that ended without a verdict.
 *
 * @param token Which one, and how long it took.
 * @param error Why there is none.
 * @returns The event.
 */
export function buildUnverified(token: TokenEvent, { reason }: IntrospectionError): EventFacts {
  return { code: "token_unverified", ...token, reason };
}

/**
 * Tells of a caller who asked for more than its token is good for.
 *
 * @param caller Who did.
 * @param error What the call needs.
 * @returns The event.
 */
export function buildCallRefused(caller: AccessToken, error: AccessTokenError): EventFacts {
  const { reason, scopes } = error;
  const { org_id: org, org_role: role } = caller.claims;
  const received = reason === "scope_missing"
    ? caller.scopes.join(" ")
    : reason.startsWith("org_")
    ? org
    : role;
  return {
    code: "call_refused",
    ...describeCaller(caller),
    reason,
    ...(reason === "scope_missing" && { expected: showForeign(scopes.join(" ")) }),
    received: showForeign(received),
  };
}

/**
 * Tells of a caller who asked for an operation that no rule is for.
 *
 * @param caller Who did.
 * @param name What was asked for.
 * @returns The event.
 */
export function buildOperationRefused(caller: AccessToken, name: string): EventFacts {
  return {
    code: "request_refused",
    reason: "operation",
    ...describeCaller(caller),
    received: showForeign(name),
  };
}

/**
 * Tells of a caller who presented another caller's session.
 *
 * @param caller Who did.
 * @returns The event.
 */
export function buildSessionRefused(caller: AccessToken): EventFacts {
  return { code: "session_refused", ...describeCaller(caller) };
}

function describeCaller({ token, clientId, subject }: AccessToken) {
  const tokenDigest = shortDigest(hash("sha256", token, "hex"));
  return subject === undefined ? { tokenDigest, clientId } : { tokenDigest, clientId, subject };
}
