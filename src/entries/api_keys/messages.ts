/**
 * The meaning and the remedy of events about API keys, where they differ from those about tokens.
 * Pure: no clock, no network.
 *
 * @module
 */

import type { EventFacts } from "../../events/events.ts";
import type { ApiKeyRefusal, IntrospectionErrorReason } from "../../oauth/refusal_sentences.ts";

const REFUSED: Readonly<Record<ApiKeyRefusal, string>> = {
  api_key_user_disabled: "The user of an API key is disabled or locked.",
  api_key_maker_left: "The user who made an organization's API key is not in it any more.",
  api_key_kind_refused: "An API key is of a kind that apiKeys.kinds does not let in.",
  api_key_scope_missing:
    "An API key lacks a scope: look at apiKeys.scopes, which gives keys theirs.",
};

const FAILED: Partial<Readonly<Record<IntrospectionErrorReason, string>>> = {
  api_key_rate_limited:
    "PropelAuth limits how often an API key is used: its requests get 503 until " +
    "the limit is over; those of others are not held up.",
  client_refused:
    "PropelAuth refused the backend API key (PROPELAUTH_API_KEY): it is wrong, or of " +
    "another environment (Backend Integration > API keys).",
  malformed_response: "PropelAuth's answer about an API key could not be read: look at the Auth " +
    "URL, and at any proxy on the way.",
};

/**
 * Says what an event about an API key means and what to do about it, in whole sentences; `undefined`
 * where the sentences about tokens hold.
 */
export function messageOfKeyEvent(facts: EventFacts): string | undefined {
  switch (facts.code) {
    case "token_refused":
    case "call_refused":
      return isOfKey(facts.reason) ? REFUSED[facts.reason] : undefined;
    case "token_unverified":
      return facts.reason === "api_key_rate_limited" ? FAILED[facts.reason] : undefined;
    case "propelauth_unreachable":
    case "propelauth_misconfigured":
      return facts.credential === "api_key" ? FAILED[facts.reason] : undefined;
    case "introspection_completed":
      return facts.credential === "api_key"
        ? "PropelAuth answered a question about an API key."
        : undefined;
    case "token_accepted":
      return facts.credential === "api_key" ? "An API key was accepted." : undefined;
    default:
      return undefined;
  }
}

function isOfKey(reason: string): reason is ApiKeyRefusal {
  return Object.hasOwn(REFUSED, reason);
}
