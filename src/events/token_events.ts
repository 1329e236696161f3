/**
 * Builds the events about one token. Pure: no clock, no network.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import type { AccessTokenError, IntrospectionError } from "../oauth/errors.ts";
import type { AccessTokenErrorReason } from "../oauth/refusal_sentences.ts";
import { sha256 } from "../lib/digest.ts";
import { kindOfFailure } from "./messages.ts";
import { type EventFacts, shortDigest, showForeign, type TokenEvent } from "./events.ts";
import type { CredentialType } from "../oauth/api_key.ts";
import type { ActiveFacts, Answer, FactsSource, IntrospectionFacts } from "../oauth/facts.ts";

/** A token that is being verified, and since when. */
export interface TokenInHand {
  readonly token: string;
  /** The token's SHA-256 in hex. */
  readonly digest: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
}

/** Builds the members of every event about a token, the argument `token` of the functions below. */
export function describeToken(
  { digest, startedAt }: Pick<TokenInHand, "digest" | "startedAt">,
  now: number,
): TokenEvent {
  // A clock may jump back, and a difference of large numbers has digits that mean nothing.
  const durationSeconds = Math.max(0, Math.round((now - startedAt) * 1e6) / 1e6);
  return { tokenDigest: shortDigest(digest), durationSeconds };
}

/** Builds the event of a token that was accepted; `source` is that of the facts. */
export function buildAccepted(
  token: TokenEvent,
  accessToken: AccessToken,
  source: FactsSource,
): EventFacts {
  return { code: "token_accepted", ...token, source, ...identify(accessToken) };
}

/** Builds the event of a refused token: which rule of `policy` it broke, and what it has instead. */
export function buildRefused(
  token: TokenEvent,
  error: AccessTokenError,
  policy: AccessTokenPolicy,
  { facts, source }: Pick<Answer, "facts" | "source">,
  now: number,
): EventFacts {
  const { reason } = error;
  const credential = credentialOf(facts);
  const [expected, received] = facts.active ? compare(error, policy, facts, now) : [];
  return {
    code: "token_refused",
    ...token,
    ...(credential !== undefined && { credential }),
    source,
    reason,
    ...(expected !== undefined && { expected, received }),
  };
}

/** The value that the token had to match, and the one that it has instead, for some reasons. */
function compare(
  { reason, scopes }: AccessTokenError,
  policy: AccessTokenPolicy,
  { claims, scopes: granted, tokenType }: ActiveFacts,
  now: number,
): readonly [expected?: string, received?: string] {
  if (isScopeMissing(reason)) return [showScopes(scopes), showScopes(granted)];
  switch (reason) {
    case "audience_mismatch":
      return [showForeign(policy.resource), showForeign(claims.aud ?? claims.resource)];
    case "org_claim_missing":
    case "org_mismatch":
      return [showForeign(policy.orgId), showForeign(claims.org_id)];
    case "expired":
      return [`exp after ${now}`, showForeign(claims.exp)];
    case "not_yet_valid":
      return [`nbf up to ${now}`, showForeign(claims.nbf)];
    case "wrong_token_type":
      return ["Bearer or access_token", tokenType === null ? "no text" : showForeign(tokenType)];
    default:
      return [];
  }
}

/** Whether scopes are missing, those of a token or those of an API key. */
function isScopeMissing(reason: AccessTokenErrorReason): boolean {
  return reason.endsWith("scope_missing");
}

function showScopes(scopes: readonly string[]): string {
  return showForeign(scopes.join(" "));
}

/** Of credentials that are not active, only an API key has a reason. */
function credentialOf(facts: IntrospectionFacts): CredentialType | undefined {
  if (!facts.active) return facts.reason && "api_key";
  return facts.apiKey === undefined ? "access_token" : "api_key";
}

/** Builds the event of a question that PropelAuth did not answer. */
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

/** Builds the event of a verification that ended without a verdict. */
export function buildUnverified(token: TokenEvent, { reason }: IntrospectionError): EventFacts {
  return { code: "token_unverified", ...token, reason };
}

/**
 * Builds the event of a call that the caller's token does not allow.
 *
 * @param caller The caller.
 * @param error Why the call was refused, with the scopes that it needs.
 * @param operation The refused operation; `undefined` when it is not known.
 * @param challenged Whether the client is sent a challenge that names the missing scopes.
 * @returns The event.
 */
export function buildCallRefused(
  caller: AccessToken,
  error: AccessTokenError,
  operation: { readonly method: string; readonly name: string } | undefined,
  challenged: boolean,
): EventFacts {
  const { reason, scopes } = error;
  const { org_id: org, org_role: role } = caller.claims;
  const lacksScope = isScopeMissing(reason);
  const received = lacksScope ? caller.scopes.join(" ") : reason.startsWith("org_") ? org : role;
  return {
    code: "call_refused",
    ...describeCaller(caller),
    reason,
    ...(operation && {
      method: operation.method,
      operation: showForeign(operation.name),
    }),
    // No login gives an API key a scope, so it gets no challenge.
    challenged: challenged && reason === "scope_missing",
    ...(lacksScope && { expected: showScopes(scopes) }),
    received: showForeign(received),
  };
}

/** Builds the event of a call of an operation that no rule allows. */
export function buildOperationRefused(caller: AccessToken, name: string): EventFacts {
  return {
    code: "request_refused",
    reason: "operation",
    ...describeCaller(caller),
    received: showForeign(name),
  };
}

/** Builds the event of a caller who presented another caller's session. */
export function buildSessionRefused(caller: AccessToken): EventFacts {
  return { code: "session_refused", ...describeCaller(caller) };
}

/** Builds the event of a rule that matches nothing in a complete list. */
export function buildRuleUnmatched({ kind, name, nearest }: {
  readonly kind: "tools" | "resources" | "prompts";
  readonly name: string;
  readonly nearest: string | undefined;
}): EventFacts {
  const rule = showForeign(name);
  return {
    code: "rule_unmatched",
    kind,
    rule,
    ...(nearest !== undefined && { nearest: showForeign(nearest) }),
  };
}

function describeCaller(caller: AccessToken) {
  return { tokenDigest: shortDigest(sha256(caller.token)), ...identify(caller) };
}

function identify({ credential, clientId, subject }: AccessToken) {
  return { credential, clientId, ...(subject !== undefined && { subject }) };
}
