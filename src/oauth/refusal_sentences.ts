/**
 * Every private reason for a refusal, and the status, code and sentence that the client gets for it.
 * Pure: no clock, no network.
 *
 * @module
 */

/** Why an `Authorization` header or its access token was refused. Private: no client learns it. */
export type AccessTokenErrorReason =
  | "missing_credentials"
  | "malformed_credentials"
  | "inactive"
  | "wrong_token_type"
  | "expired"
  | "not_yet_valid"
  | "audience_mismatch"
  | "org_claim_missing"
  | "org_mismatch"
  | "role_claim_missing"
  | "role_mismatch"
  | "scope_missing"
  | "api_key_user_disabled"
  | "api_key_maker_left"
  | "api_key_kind_refused"
  | "api_key_scope_missing";

/** Why an API key was refused that PropelAuth calls valid. */
export type ApiKeyRefusal = Extract<AccessTokenErrorReason, `api_key_${string}`>;

/**
 * Why PropelAuth gave no usable answer, or was not asked. Private: no client learns it.
 *
 * `overloaded`: too many introspections at once. `breaker_open`: PropelAuth failed again and again.
 * `closed`: this server is shutting down. `api_key_rate_limited`: PropelAuth limits how often this
 * API key is used.
 */
export type IntrospectionErrorReason =
  | "timeout"
  | "network"
  | "unavailable"
  | "overloaded"
  | "breaker_open"
  | "closed"
  | "api_key_rate_limited"
  | "client_refused"
  | "malformed_response";

type Reason = AccessTokenErrorReason | IntrospectionErrorReason;

/** An error code that a challenge may carry (RFC 6750 §3.1). */
export type BearerErrorCode = "invalid_request" | "invalid_token" | "insufficient_scope";

/**
 * The part of an error that the client learns: a status, a code and a fixed sentence. The sentences
 * hold no `=` and no `"`, since clients look for parameters with loose expressions.
 */
export type Refusal =
  | {
    /** The client's fault: the response has a challenge. */
    readonly status: 400 | 401 | 403;
    /** Absent when the client sent no credentials. */
    readonly error?: BearerErrorCode;
    readonly description?: string;
    readonly scope?: never;
    readonly hasNoChallenge?: never;
  }
  | {
    /**
     * 403: no scope would help this caller, and a challenge would ask for scopes. 503: PropelAuth
     * cannot be reached, and a challenge would have the client drop a good token. 500: the server is
     * set up wrongly, and no other token would help.
     */
    readonly status: 403 | 503 | 500;
    readonly error: string;
    readonly description: string;
    /** The scopes that are missing, separated by spaces. */
    readonly scope?: string;
    readonly hasNoChallenge: true;
  };

const withoutChallenge = (
  status: 403 | 503 | 500,
  error: string,
  description: string,
): Refusal => ({
  status,
  error,
  description,
  hasNoChallenge: true,
});
const INVALID_TOKEN: Refusal = {
  status: 401,
  error: "invalid_token",
  description: "The Bearer token is expired, revoked or not meant for this server",
};
const MALFORMED_DESCRIPTION =
  "The Authorization header must hold one well-formed Bearer token, not a placeholder";

/** The refusal of `Bearer undefined` and the like: the token is malformed (RFC 6750 §3.1). */
export const PLACEHOLDER_REFUSAL: Refusal = {
  ...INVALID_TOKEN,
  description: MALFORMED_DESCRIPTION,
};

const UNAVAILABLE = withoutChallenge(
  503,
  "temporarily_unavailable",
  "The access token could not be verified now; keep it and try again",
);
const MISCONFIGURED = withoutChallenge(
  500,
  "server_error",
  "This server could not verify the access token; its operator has to act",
);
const denied = (description: string) => withoutChallenge(403, "access_denied", description);

// A record, so that a reason that is forgotten here does not compile.
const REFUSALS: Record<Exclude<Reason, ApiKeyRefusal>, Refusal> = {
  // RFC 6750 §3: a request without credentials gets no error code.
  missing_credentials: { status: 401 },
  malformed_credentials: {
    status: 400,
    error: "invalid_request",
    description: MALFORMED_DESCRIPTION,
  },
  inactive: INVALID_TOKEN,
  wrong_token_type: INVALID_TOKEN,
  expired: INVALID_TOKEN,
  not_yet_valid: INVALID_TOKEN,
  audience_mismatch: INVALID_TOKEN,
  org_claim_missing: denied(
    "This operation needs a token issued for an organization (org_id is missing)",
  ),
  org_mismatch: denied(
    "The access token is for another organization; log in again and choose this one",
  ),
  role_claim_missing: denied(
    "This operation needs a token with a role in an organization (org_role is missing)",
  ),
  role_mismatch: denied("The role of this user in the organization does not allow this operation"),
  scope_missing: {
    status: 403,
    error: "insufficient_scope",
    description: "The access token lacks a scope that this operation needs",
  },
  timeout: UNAVAILABLE,
  network: UNAVAILABLE,
  unavailable: UNAVAILABLE,
  overloaded: UNAVAILABLE,
  breaker_open: UNAVAILABLE,
  closed: UNAVAILABLE,
  api_key_rate_limited: UNAVAILABLE,
  client_refused: MISCONFIGURED,
  malformed_response: MISCONFIGURED,
};

/**
 * Maps a private reason to the status and sentence of the response. The only such mapping; single errors
 * may have a refusal of their own (`ownRefusals`).
 *
 * @param reason The private reason of an `AccessTokenError` or an `IntrospectionError`.
 * @returns The status; with it a code and a sentence, except for a request without credentials. An API
 * key that is refused gets the sentence of a token, unless its error has one of its own.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1 | RFC 6750 §3.1}
 */
export function refusalOf(reason: Reason): Refusal {
  const refusals: Partial<Record<Reason, Refusal>> = REFUSALS;
  return refusals[reason] ?? INVALID_TOKEN;
}
