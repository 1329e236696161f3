/**
 * The level of each event. Pure: no clock, no network.
 *
 * @module
 */

import type { EventFacts } from "../../events/events.ts";

/** `info`: all is well. `warn`: a client was refused. `error`: somebody has to look. */
export type EventLevel = "info" | "warn" | "error";

/** The level of each event; {@linkcode levelOf} knows the exception. */
export const EVENT_LEVELS: Readonly<Record<EventFacts["code"], EventLevel>> = {
  token_accepted: "info",
  token_refused: "warn",
  token_unverified: "warn",
  call_refused: "warn",
  introspection_completed: "info",
  propelauth_unreachable: "error",
  propelauth_misconfigured: "error",
  metadata_unavailable: "error",
  breaker_opened: "error",
  breaker_closed: "info",
  shared_cache_lost: "error",
  shared_cache_recovered: "info",
  shared_cache_order_lost: "error",
  shared_cache_entry_rejected: "error",
  operations_unjudged: "error",
  rule_unmatched: "warn",
  calls_unaudited: "error",
  session_refused: "warn",
  request_refused: "warn",
};

/**
 * Says how much an event matters.
 *
 * @param facts The event; one of a later version may have a code that is unknown here.
 * @returns Its level; `error` for an unknown code.
 */
export function levelOf(facts: EventFacts): EventLevel {
  return isLoginStart(facts) ? "info" : EVENT_LEVELS[facts.code] ?? "error";
}

/**
 * Whether an event is the normal first step of a login: a client calls without a token, to learn
 * where its user can log in.
 */
export function isLoginStart(facts: EventFacts): boolean {
  return facts.code === "token_refused" && facts.reason === "missing_credentials";
}
