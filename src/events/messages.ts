/**
 * The meaning and the remedy of each event. Pure: no clock, no network.
 *
 * @module
 */

import type {
  AccessTokenErrorReason,
  ApiKeyRefusal,
  IntrospectionErrorReason,
} from "../oauth/refusal_sentences.ts";
import type { Emit, EventFacts, EventListener } from "./events.ts";

/** Gives the sentences of the events that only a further kind of credential has. */
export type MessageOf = (facts: EventFacts) => string | undefined;

/**
 * Tells whether a failed introspection may recover by itself.
 *
 * @param reason Why there is no usable answer.
 * @returns `unreachable`: it may recover by itself. `misconfigured`: somebody has to act.
 */
export function kindOfFailure(reason: IntrospectionErrorReason): "unreachable" | "misconfigured" {
  const ours = reason === "client_refused" || reason === "malformed_response";
  return ours ? "misconfigured" : "unreachable";
}

/**
 * Says what an event means and what to do about it.
 *
 * @param facts What happened.
 * @returns Whole sentences, the same for all events of a kind; empty where only a
 * {@linkcode MessageOf} has some.
 */
export function messageOf(facts: EventFacts): string {
  switch (facts.code) {
    case "call_refused":
      if (facts.reason === "scope_missing" && !facts.challenged) return REFUSED_IN_TOOL;
      return REFUSED[facts.reason] ?? "";
    case "token_refused":
      return REFUSED[facts.reason] ?? "";
    case "token_unverified":
      return UNASKED.includes(facts.reason)
        ? FAILED[facts.reason] ?? ""
        : UNVERIFIED[kindOfFailure(facts.reason)];
    case "propelauth_unreachable":
    case "propelauth_misconfigured":
      // All of PropelAuth's OAuth is 404 in an environment without MCP.
      return facts.status === 404 ? NOT_ENABLED : FAILED[facts.reason] ?? "";
    case "metadata_unavailable":
      return facts.status === 404 ? NOT_ENABLED : MESSAGES.metadata_unavailable;
    case "request_refused":
      return REQUEST_REFUSED[facts.reason];
    default:
      return MESSAGES[facts.code];
  }
}

/** The codes whose sentence depends on a reason. */
type ReasonedCode = Extract<EventFacts, { readonly reason: string }>["code"];

/** By code, where no reason changes the sentence. */
const MESSAGES: Readonly<Record<Exclude<EventFacts["code"], ReasonedCode>, string>> = {
  token_accepted: "An access token was accepted.",
  introspection_completed: "PropelAuth answered an introspection request.",
  metadata_unavailable:
    "PropelAuth's metadata could not be forwarded, so clients of the protocol 2025-03-26 " +
    "cannot log in: run the doctor.",
  breaker_opened:
    "PropelAuth failed again and again, or wants a pause: requests get 503 at once until it " +
    "answers a probe. Look at its status page and this server's network.",
  breaker_closed: "PropelAuth answers again.",
  shared_cache_lost: "The shared cache cannot be used: every instance asks PropelAuth by itself. " +
    "Look at the cache's server, and at setOptions of createRedisCache().",
  shared_cache_recovered: "The shared cache can be used again.",
  shared_cache_order_lost:
    "An order to forget a token or a user is gone from the shared cache: revoked tokens may pass " +
    "for cacheTtlSeconds. Redis must keep all keys (maxmemory-policy noeviction), over a restart " +
    "too, and must be read from its primary.",
  shared_cache_entry_rejected:
    "An entry of the shared cache was not written with this introspection secret: it was " +
    "ignored. Find out who else writes there.",
  operations_unjudged: "A token was verified by verifier or authenticate(), which see no call: " +
    "operations has no effect there, and every tool runs. Put auth.handler() or requireAuth() in " +
    "front of the MCP server, or give authenticate() the parsedBody.",
  rule_unmatched:
    "A rule of operations matches nothing in the MCP server's complete list, so it protects " +
    "nothing: compare its name with the list. If other callers see more, the rule may be right.",
  calls_unaudited:
    "A request was let in whose calls the option audit does not record: verifier sees no call, " +
    "or authenticate() could not read the body. Put auth.handler() or requireAuth() in front of " +
    "the MCP server.",
  session_refused: "A caller presented another caller's MCP session, and got 404.",
};

/** A sentence for each reason but those that concern API keys alone. */
type Sentences<Reason extends string, Further extends string> =
  & Readonly<Record<Exclude<Reason, Further>, string>>
  & { readonly [further in Further]?: string };

const REFUSED: Sentences<AccessTokenErrorReason, ApiKeyRefusal> = {
  missing_credentials: "A request without an access token was sent to log in.",
  malformed_credentials:
    "A request's Authorization header did not hold one well-formed Bearer token: if it holds a " +
    "placeholder such as ${TOKEN} or undefined, set the token in the client's configuration.",
  inactive:
    "PropelAuth calls a token inactive: expired, revoked, or never issued here. If it says so of " +
    "every token, compare the Auth URL with the environment that clients log in to.",
  wrong_token_type: "A client sent a token of another type, probably its refresh token.",
  expired:
    "A token that PropelAuth calls active has expired by this machine's clock: compare the " +
    "clocks.",
  not_yet_valid: "A token is not valid yet by this machine's clock: compare the clocks.",
  audience_mismatch:
    "A token was issued for another resource than this server: compare baseUrl and mcpPath with the " +
    "URL that clients use.",
  org_claim_missing: "A token names no organization (org_id), and one is needed. If PropelAuth " +
    "never names one, look membership up in its backend API.",
  org_mismatch:
    "A token is for another organization than the called one: the user has to log in again and " +
    "choose this one.",
  role_claim_missing: "A token names no role (org_role), and one is needed. If PropelAuth " +
    "never names one, look roles up in its backend API.",
  role_mismatch: "A caller's role (org_role) is not one that the tool asks for.",
  scope_missing:
    "A token lacks a scope: the client was told which to ask for. If users cannot get " +
    "it, look at their role, and in PropelAuth at MCP > Scopes.",
};

const REFUSED_IN_TOOL =
  "A tool refused a caller whose token lacks a scope. MCP SDKs make a tool result of that " +
  "error, so the client does not ask for the scope by itself: name the tool's scopes in the " +
  "option operations.";

const UNVERIFIED: Readonly<Record<"unreachable" | "misconfigured", string>> = {
  unreachable: "A request got 503, since PropelAuth could not be asked about its token; " +
    "the client may try again.",
  misconfigured: "A request got 500, since PropelAuth and this server's options do not " +
    "fit together: look at the event propelauth_misconfigured.",
};

/** The reasons for which PropelAuth is not asked, so that no other event reports them. */
const UNASKED: readonly IntrospectionErrorReason[] = ["overloaded", "breaker_open", "closed"];

const REQUEST_REFUSED = {
  origin: "A browser page called whose origin is not allowed: add it to allowedOrigins if it may.",
  host: "A request named a host that is not on loopback: set baseUrl to the URL that clients use.",
  operation:
    "A caller asked for an operation without a rule, which defaultOperation refuses: add a rule if " +
    "it may be used.",
} as const;

const NOT_ENABLED =
  "PropelAuth answered 404: MCP is not enabled in this environment (MCP > Enable MCP), or " +
  "PROPELAUTH_AUTH_URL belongs to another one.";

const FAILED: Sentences<IntrospectionErrorReason, "api_key_rate_limited"> = {
  timeout: "PropelAuth did not answer in time: look at its status page, or raise timeoutSeconds.",
  network: "PropelAuth cannot be reached: look at the Auth URL, DNS and this server's network.",
  unavailable:
    "PropelAuth is not available, or limits the rate (429): look at its status page, or set " +
    "cacheTtlSeconds to ask it less.",
  overloaded: "A request got 503, since too many tokens wait for PropelAuth's answer: unless " +
    "it is a flood, raise maxConcurrentIntrospections, or set cacheTtlSeconds.",
  breaker_open: "A request got 503 at once, since PropelAuth failed again and again: look " +
    "at the event breaker_opened.",
  closed: "A request got 503, since this server is shutting down.",
  client_refused:
    "PropelAuth refused the introspection credentials: they are wrong, or of another " +
    "environment (MCP > Request Validation).",
  malformed_response:
    "PropelAuth's answer was not an introspection response: look at the Auth URL, and at " +
    "proxies on the way.",
};

/**
 * Creates the function that the parts of the package report events with.
 *
 * @param listener The option `onEvent`.
 * @param now The clock, in seconds since 1970.
 * @param furtherMessageOf Gives sentences in place of those about tokens.
 * @returns A function that never throws, or `undefined` without a listener.
 */
export function createEmit(
  listener: EventListener | undefined,
  now: () => number,
  furtherMessageOf?: MessageOf,
): Emit {
  if (listener === undefined) return undefined;
  return (facts) => {
    try {
      const event = {
        ...facts,
        message: furtherMessageOf?.(facts) ?? messageOf(facts),
        occurredAt: now(),
      };
      const returned: unknown = listener(Object.freeze(event));
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // An error of the listener must not fail the request.
    }
  };
}
