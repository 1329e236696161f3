/**
 * What an operator can be told of: a closed union of events, each with a stable code and a sentence
 * that says what to do. Pure: no clock, no network.
 *
 * @module
 */

import type { AccessTokenErrorReason, IntrospectionErrorReason } from "./errors.ts";

/** Where the facts about a token came from. */
export type FactsSource = "cache" | "introspection" | "flight" | "shared_cache" | "stale";

/** What every event about one token has. */
export interface TokenEvent {
  /** The first 12 hex digits of the token's SHA-256: to correlate by, of no use to a thief. */
  readonly tokenDigest: string;
  /** Seconds that it took, with fractions. */
  readonly durationSeconds: number;
}

/** What happened, without the sentence. */
export type EventFacts =
  | TokenEvent & {
    readonly code: "token_accepted";
    /**
     * `flight`: another request was asking already. `shared_cache`: another instance had asked.
     * `stale`: an older answer, since PropelAuth cannot be asked.
     */
    readonly source: FactsSource;
    readonly clientId: string;
    readonly subject?: string;
  }
  | Partial<TokenEvent> & {
    readonly code: "token_refused";
    /** Private: the client learns a code at most. */
    readonly reason: AccessTokenErrorReason;
    /** What the token had to satisfy, for people: an audience, scopes, a time. */
    readonly expected?: string;
    /** What it has instead, for people: cut to 200 characters, escaped. */
    readonly received?: string;
  }
  | TokenEvent & {
    /** PropelAuth answered a question. */
    readonly code: "introspection_completed";
    readonly active: boolean;
  }
  | TokenEvent & {
    /** `unreachable`: it may recover by itself. `misconfigured`: somebody has to act. */
    readonly code: "propelauth_unreachable" | "propelauth_misconfigured";
    readonly reason: IntrospectionErrorReason;
    /** The HTTP status, when there was one. */
    readonly status?: number;
  }
  | {
    /** From now on requests are refused at once, without a question, until a probe is answered. */
    readonly code: "breaker_opened";
    /** How many questions failed in a row. */
    readonly failures: number;
    /** Seconds until the next probe. */
    readonly retryAfterSeconds: number;
  }
  | { readonly code: "breaker_closed" }
  | { readonly code: "shared_cache_lost" | "shared_cache_recovered" }
  | { readonly code: "shared_cache_entry_rejected"; readonly tokenDigest: string }
  | {
    /** A caller presented the session of another one. */
    readonly code: "session_refused";
    readonly clientId: string;
    readonly subject?: string;
  }
  | {
    /** A browser origin or a host that is not allowed. */
    readonly code: "request_refused";
    readonly reason: "origin" | "host";
    /** What the header said, cut to 200 characters, escaped. */
    readonly received: string;
  };

/**
 * What happened, and what an operator does about it. Tell events apart by `code`; a later version
 * may add codes. Never holds a token, a secret or a header of ours.
 */
export type PropelAuthEvent = EventFacts & {
  /** A sentence for the operator. */
  readonly message: string;
};

/** Receives events. What it throws is ignored. */
export type EventListener = (event: PropelAuthEvent) => void;

/** Tells of an event; `undefined` where nobody listens, so that nothing is put together in vain. */
export type Emit = ((facts: EventFacts) => void) | undefined;

const MAX_SHOWN_LENGTH = 200;
const DIGEST_LENGTH = 12;

/**
 * Creates what the parts tell events with.
 *
 * @param listener The option `onEvent`.
 * @returns A function that never throws, or `undefined` when nobody listens.
 */
export function createEmit(listener: EventListener | undefined): Emit {
  if (listener === undefined) return undefined;
  return (facts) => {
    try {
      const returned: unknown = listener(Object.freeze({ ...facts, message: messageOf(facts) }));
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // A listener's fault is not the caller's.
    }
  };
}

/**
 * Shortens a digest to what events show.
 *
 * @param digest The SHA-256 of a token in hex.
 * @returns Its first 12 digits.
 */
export function shortDigest(digest: string): string {
  return digest.slice(0, DIGEST_LENGTH);
}

/**
 * Makes text from outside fit for a log: cut, and without control characters.
 *
 * @param value What came.
 * @returns Printable ASCII in quotes, at most 200 characters of it.
 */
export function showForeign(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.slice(0, MAX_SHOWN_LENGTH).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function messageOf(facts: EventFacts): string {
  switch (facts.code) {
    case "token_accepted":
      return "An access token was accepted.";
    case "token_refused":
      return REFUSED[facts.reason];
    case "introspection_completed":
      return "PropelAuth answered an introspection request.";
    case "propelauth_unreachable":
    case "propelauth_misconfigured":
      return FAILED[facts.reason];
    case "breaker_opened":
      return "PropelAuth failed again and again: requests get 503 at once until a probe is answered. " +
        "Look at PropelAuth's status page and at this server's network.";
    case "breaker_closed":
      return "PropelAuth answers again.";
    case "shared_cache_lost":
      return "The shared cache cannot be used: every instance asks PropelAuth by itself. " +
        "Look at the cache's server.";
    case "shared_cache_recovered":
      return "The shared cache can be used again.";
    case "shared_cache_entry_rejected":
      return "An entry of the shared cache was not written with this introspection secret: it was " +
        "ignored. Find out who else writes there.";
    case "session_refused":
      return "A caller presented another caller's MCP session: it was answered like an unknown one.";
    case "request_refused":
      return facts.reason === "origin"
        ? "A browser page of an origin that is not allowed called: add it to allowedOrigins if it may."
        : "A request named a host that is not on loopback: set baseUrl to the URL that clients use.";
  }
}

const REFUSED: Readonly<Record<AccessTokenErrorReason, string>> = {
  missing_credentials: "A request without an access token was sent to log in.",
  malformed_credentials: "A request's Authorization header was not one well-formed Bearer token.",
  inactive: "PropelAuth says that a token is not active: expired, revoked, or never issued here. " +
    "If every token is, compare the Auth URL with the environment that the clients log in to.",
  wrong_token_type:
    "A token is no access token: a client sends its refresh token, or another kind.",
  expired: "A token has expired: the client should refresh it. If new ones do, compare the clocks.",
  not_yet_valid: "A token is not valid yet: compare this machine's clock.",
  audience_mismatch: "A token was issued for another server: clients have to log in with the " +
    "resource that this server publishes. Compare baseUrl and mcpPath with the URL in use.",
  scope_missing:
    "A token lacks a scope: the client was told which to ask for. If users cannot get " +
    "it, look at their role and at MCP > Scopes in PropelAuth's dashboard.",
};

const FAILED: Readonly<Record<IntrospectionErrorReason, string>> = {
  timeout: "PropelAuth did not answer in time.",
  network: "PropelAuth cannot be reached: look at the Auth URL, DNS and this server's network.",
  unavailable: "PropelAuth is not available, or limits the rate.",
  client_refused: "PropelAuth refused the introspection request: the credentials are wrong or of " +
    "another environment (MCP > Request Validation), or MCP is not enabled there (404).",
  malformed_response:
    "PropelAuth's answer was no introspection response: look at the Auth URL, and " +
    "at what stands between.",
};
