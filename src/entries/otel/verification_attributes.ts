/**
 * The attributes of verifications and introspections: OpenTelemetry's semantic conventions where they
 * have a name, else `propelauth.*`. Pure: no clock, no network.
 *
 * @module
 */

import type { PropelAuthEvent, TokenEvent } from "../../events/events.ts";
import type { OtelAttributes } from "./api.ts";

/** How a verification ended. */
type Outcome = "accepted" | "refused" | "unverified";

/** An event that ends a verification. */
export type VerificationEvent = Extract<
  PropelAuthEvent,
  { code: "token_accepted" | "token_refused" | "token_unverified" }
>;

/** An event that ends an introspection. */
export type IntrospectionEvent = Extract<
  PropelAuthEvent,
  { code: "introspection_completed" | "propelauth_unreachable" | "propelauth_misconfigured" }
>;

const OUTCOMES: Readonly<Record<VerificationEvent["code"], Outcome>> = {
  token_accepted: "accepted",
  token_refused: "refused",
  token_unverified: "unverified",
};

/**
 * Describes a verification for its span and its counter: few values each, and nothing about a person.
 */
export function describeVerification(event: VerificationEvent): OtelAttributes {
  return {
    "propelauth.outcome": OUTCOMES[event.code],
    ...("source" in event && event.source !== undefined && { "propelauth.source": event.source }),
    ...describeCredential(event),
    ...("reason" in event && { "error.type": event.reason }),
  };
}

/**
 * Describes an introspection for its span and its histogram: few values each, and nothing about a
 * person.
 */
export function describeIntrospection(event: IntrospectionEvent): OtelAttributes {
  if (event.code === "introspection_completed") {
    return {
      "http.request.method": "POST",
      "propelauth.active": event.active,
      ...describeCredential(event),
    };
  }
  const { reason, status } = event;
  return {
    "http.request.method": "POST",
    "error.type": reason,
    ...describeCredential(event),
    ...(status !== undefined && { "http.response.status_code": status }),
  };
}

/** Names the kind of credential that an event is about, when it is known. */
export function describeCredential({ credential }: Pick<TokenEvent, "credential">): OtelAttributes {
  return credential === undefined ? {} : { "propelauth.credential": credential };
}
