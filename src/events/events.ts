/**
 * The events for the operator: a closed union, each with a stable code. Pure: no
 * clock, no network.
 *
 * @module
 */

import type {
  AccessTokenErrorReason,
  IntrospectionErrorReason,
} from "../oauth/refusal_sentences.ts";
import type { CredentialType } from "../oauth/api_key.ts";
import type { FactsSource } from "../oauth/facts.ts";

/** The members of every event about one token. */
export interface TokenEvent {
  /** The first 12 hex digits of the token's SHA-256: to correlate by, of no use to a thief. */
  readonly tokenDigest: string;
  /** Seconds that it took, with fractions. */
  readonly durationSeconds: number;
  /**
   * The kind of credential; of an introspection, the kind that the asked endpoint knows. Absent when
   * the kind is not known, as for a credential that PropelAuth never issued.
   */
  readonly credential?: CredentialType;
}

/** The members of an event without its sentence and time. */
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
    /** Absent without an answer about the token: it is missing, or malformed. */
    readonly source?: FactsSource;
    /** The audience, the scopes or the time that the token had to match, for people. */
    readonly expected?: string;
    /** The value that the token has instead, for people: cut to 200 characters, escaped. */
    readonly received?: string;
  }
  | {
    /** The token is valid, and the call needs more than the token allows. */
    readonly code: "call_refused";
    readonly tokenDigest: string;
    readonly credential: CredentialType;
    readonly reason: AccessTokenErrorReason;
    readonly clientId: string;
    readonly subject?: string;
    /** The JSON-RPC method; absent with a body that was not parsed, or that has several calls. */
    readonly method?: string;
    /**
     * With `method`: the tool, prompt or resource, else the method again; cut to 200 characters,
     * escaped.
     */
    readonly operation?: string;
    /**
     * Whether the client was sent a challenge that names the missing scopes. It was not when
     * `requireScopes()` threw inside a tool: the MCP SDKs make a tool result of that error.
     */
    readonly challenged: boolean;
    /** With `scope_missing` and `api_key_scope_missing`: all scopes that the call needs, for people. */
    readonly expected?: string;
    /** The value that the caller has instead, for people: cut to 200 characters, escaped. */
    readonly received?: string;
  }
  | TokenEvent & {
    /** Neither accepted nor refused: the request got 503 or 500. */
    readonly code: "token_unverified";
    readonly reason: IntrospectionErrorReason;
  }
  | TokenEvent & {
    /** PropelAuth answered an introspection request. */
    readonly code: "introspection_completed";
    readonly active: boolean;
  }
  | TokenEvent & {
    /** `unreachable`: it may recover by itself. `misconfigured`: somebody has to act. */
    readonly code: "propelauth_unreachable" | "propelauth_misconfigured";
    readonly reason: IntrospectionErrorReason;
    /** The HTTP status, when there was one. */
    readonly status?: number;
    /** The message of the network error, for people: cut to 200 characters, escaped. */
    readonly detail?: string;
  }
  | {
    /** PropelAuth's metadata could not be forwarded, and a client got 502. */
    readonly code: "metadata_unavailable";
    /** The HTTP status, when there was one. */
    readonly status?: number;
    /** Without a status: the fault, for people: cut to 200 characters, escaped. */
    readonly detail?: string;
  }
  | {
    /** From now on requests are refused at once, without a question, until a probe is answered. */
    readonly code: "breaker_opened";
    /** The kind of credential that is not asked about. */
    readonly credential: CredentialType;
    /** How many distinct tokens introspection failed for, with no answer between. */
    readonly failures: number;
    /** Seconds until the next probe. */
    readonly retryAfterSeconds: number;
  }
  | { readonly code: "breaker_closed"; readonly credential: CredentialType }
  | { readonly code: "shared_cache_lost" | "shared_cache_recovered" }
  | {
    /** An order to forget was written to the shared cache, and is not there. */
    readonly code: "shared_cache_order_lost";
  }
  | { readonly code: "shared_cache_entry_rejected"; readonly tokenDigest: string }
  | {
    /**
     * A token was verified by `verifier`, or by `authenticate()` without `parsedBody`, which see no
     * call: the option `operations` has no effect there. Reported once.
     */
    readonly code: "operations_unjudged";
  }
  | {
    /**
     * A rule of the option `operations` matches nothing in a complete list of the MCP server, so its
     * name is probably mistyped. Reported once for each rule.
     */
    readonly code: "rule_unmatched";
    readonly kind: "tools" | "resources" | "prompts";
    /** The key of the rule, for people: cut to 200 characters, escaped. */
    readonly rule: string;
    /** The name in the list that is most like it, for people: cut to 200 characters, escaped. */
    readonly nearest?: string;
  }
  | {
    /**
     * The option `audit` is set, and calls are not recorded: a token was verified by `verifier`, or the
     * body that `authenticate()` was given could not be read. Reported once.
     */
    readonly code: "calls_unaudited";
  }
  | {
    /** A caller presented the session of another one. */
    readonly code: "session_refused";
    readonly tokenDigest: string;
    readonly credential: CredentialType;
    readonly clientId: string;
    readonly subject?: string;
  }
  | {
    /** A browser origin or a host that is not allowed. */
    readonly code: "request_refused";
    readonly reason: "origin" | "host";
    /** The value of the header, cut to 200 characters, escaped. */
    readonly received: string;
  }
  | {
    /** An operation that is in no rule, where `defaultOperation` is `"deny"`. */
    readonly code: "request_refused";
    readonly reason: "operation";
    readonly tokenDigest: string;
    readonly credential: CredentialType;
    readonly clientId: string;
    readonly subject?: string;
    /** The operation that the caller asked for, cut to 200 characters, escaped. */
    readonly received: string;
  };

/**
 * An event, with its meaning and the remedy. Tell events apart by `code`; a later version
 * may add codes. Never holds a token, a secret or a header of ours.
 *
 * Each verification ends in one of `token_accepted`, `token_refused` and `token_unverified`; each
 * question to PropelAuth, which many of them may share, in one of `introspection_completed`,
 * `propelauth_unreachable` and `propelauth_misconfigured`.
 */
export type PropelAuthEvent = EventFacts & {
  /** The meaning and the remedy, for the operator. */
  readonly message: string;
  /** When it happened: seconds since 1970, with fractions. */
  readonly occurredAt: number;
};

/** Receives events. What it throws is ignored. */
export type EventListener = (event: PropelAuthEvent) => void;

/** Reports an event; `undefined` without a listener: then no event is built. */
export type Emit = ((facts: EventFacts) => void) | undefined;

const MAX_SHOWN_LENGTH = 200;
const DIGEST_LENGTH = 12;

/** Shortens a token's SHA-256 in hex to the 12 digits that events show. */
export function shortDigest(digest: string): string {
  return digest.slice(0, DIGEST_LENGTH);
}

/**
 * Makes text from outside fit for a log: cut, and without control characters.
 *
 * @param value The text from outside.
 * @returns Printable ASCII in quotes, at most 200 characters of it.
 */
export function showForeign(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.slice(0, MAX_SHOWN_LENGTH).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
