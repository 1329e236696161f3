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
  }
  | {
    /** No scope would help this caller, so there is no challenge, which would ask for scopes. */
    readonly status: 403;
    readonly error: "access_denied" | "insufficient_scope";
    readonly description: string;
    readonly challenge: false;
  }
  | {
    /** PropelAuth cannot be reached: no challenge, or the client would drop a good token. */
    readonly status: 503;
    readonly error: "temporarily_unavailable";
    readonly description: string;
  }
  | {
    /** The server is set up wrongly: no challenge, since no other token would help. */
    readonly status: 500;
    readonly error: "server_error";
    readonly description: string;
  };

/**
 * Maps a private reason to the status and sentence of the response. The only such mapping.
 *
 * @param reason The private reason of an `AccessTokenError` or an `IntrospectionError`.
 * @returns The status; with it a code and a sentence, except for a request without credentials.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1 | RFC 6750 §3.1}
 */
export function refusalOf(reason: AccessTokenErrorReason | IntrospectionErrorReason): Refusal {
  switch (reason) {
    case "missing_credentials":
      // RFC 6750 §3: a request without credentials gets no error code.
      return { status: 401 };
    case "malformed_credentials":
      return {
        status: 400,
        error: "invalid_request",
        description: "The Authorization header must hold one well-formed Bearer token",
      };
    case "inactive":
    case "wrong_token_type":
    case "expired":
    case "not_yet_valid":
    case "audience_mismatch":
    case "api_key_user_disabled":
    case "api_key_maker_left":
    case "api_key_kind_refused":
      return {
        status: 401,
        error: "invalid_token",
        description: "The Bearer token is expired, revoked or not meant for this server",
      };
    case "org_claim_missing":
    case "org_mismatch":
    case "role_claim_missing":
    case "role_mismatch":
      return { status: 403, error: "access_denied", description: DENIED[reason], challenge: false };
    case "scope_missing":
      return {
        status: 403,
        error: "insufficient_scope",
        description: "The access token lacks a scope that this operation needs",
      };
    case "api_key_scope_missing":
      // A client with a fixed header cannot ask for scopes. A challenge has mcp-remote start a login,
      // whose token the header then overwrites, and the call hangs.
      return {
        status: 403,
        error: "insufficient_scope",
        description: "The API key lacks a scope that this operation needs",
        challenge: false,
      };
    case "timeout":
    case "network":
    case "unavailable":
    case "overloaded":
    case "breaker_open":
    case "closed":
    case "api_key_rate_limited":
      return {
        status: 503,
        error: "temporarily_unavailable",
        description: "The access token could not be verified now; keep it and try again",
      };
    case "client_refused":
    case "malformed_response":
      return {
        status: 500,
        error: "server_error",
        description: "This server could not verify the access token; its operator has to act",
      };
  }
}

const DENIED = {
  org_claim_missing: "This operation needs a token issued for an organization (org_id is missing)",
  org_mismatch: "The access token is for another organization; log in again and choose this one",
  role_claim_missing:
    "This operation needs a token with a role in an organization (org_role is missing)",
  role_mismatch: "The role of this user in the organization does not allow this operation",
} as const;
