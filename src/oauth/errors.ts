/**
 * The two errors of a request, and what the wire may say of them. Pure: no clock, no network.
 *
 * @module
 */

/** Why an access token, or what stood in its place, was refused. Private: it never reaches the client. */
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
  | "scope_missing";

/**
 * Why PropelAuth gave no usable answer, or was not asked. Private: it never reaches the client.
 *
 * `overloaded`: too many questions at once. `breaker_open`: it failed again and again. `closed`:
 * this server is shutting down.
 */
export type IntrospectionErrorReason =
  | "timeout"
  | "network"
  | "unavailable"
  | "overloaded"
  | "breaker_open"
  | "closed"
  | "client_refused"
  | "malformed_response";

/** An error code that a challenge may carry (RFC 6750 §3.1). */
export type BearerErrorCode = "invalid_request" | "invalid_token" | "insufficient_scope";

/**
 * What the client learns: a status, a code and a fixed sentence. The sentences hold no `=` and no
 * `"`, since clients look for parameters with loose expressions.
 */
export type Refusal =
  | {
    /** The client's fault: goes with a challenge. */
    readonly status: 400 | 401 | 403;
    /** Absent when the client sent no credentials at all. */
    readonly error?: BearerErrorCode;
    readonly description?: string;
  }
  | {
    /** The caller may not, whatever the scopes: never a challenge, which would ask for more. */
    readonly status: 403;
    readonly error: "access_denied";
    readonly description: string;
  }
  | {
    /** PropelAuth is out of reach: never a challenge. */
    readonly status: 503;
    readonly error: "temporarily_unavailable";
    readonly description: string;
  }
  | {
    /** Our set-up is wrong: never a challenge. */
    readonly status: 500;
    readonly error: "server_error";
    readonly description: string;
  };

/**
 * The client's fault: no credentials, or credentials that are refused.
 *
 * Tell it apart by `name` and `reason`; `instanceof` breaks across copies of a package.
 * Holds neither the token nor anything that was read from it.
 */
export class AccessTokenError extends Error {
  /** Always `"AccessTokenError"`. */
  override readonly name = "AccessTokenError";
  /** Why the credentials were refused. */
  readonly reason: AccessTokenErrorReason;
  /** With `scope_missing`: every scope that the operation needs. Else empty. */
  readonly scopes: readonly string[];

  /**
   * Creates the error. Its message holds the reason and, since an MCP SDK shows the client what a
   * tool throws, where it is a 403 the sentence that the wire may say of it.
   *
   * @param reason Why the credentials were refused.
   * @param scopes With `scope_missing`: every scope that the operation needs.
   */
  constructor(reason: AccessTokenErrorReason, scopes: readonly string[] = []) {
    super(`The access token was refused: ${reason}${explain(reason, scopes)}`);
    this.reason = reason;
    this.scopes = scopes;
  }
}

/**
 * PropelAuth's fault, or that of our credentials there: the token could not be looked at.
 *
 * It says nothing about the token; the client keeps it and may try again.
 * `cause` is a network error's message at most, never a header, a body, a token or a secret.
 */
export class IntrospectionError extends Error {
  /** Always `"IntrospectionError"`. */
  override readonly name = "IntrospectionError";
  /** Why there is no usable answer. */
  readonly reason: IntrospectionErrorReason;
  /** The HTTP status of PropelAuth's answer, when there was one. */
  declare readonly status?: number;
  /** Seconds after which it may be tried again, when that is known; with fractions, at most 60. */
  declare readonly retryAfterSeconds?: number;

  /**
   * Creates the error; its message holds the reason and nothing else.
   *
   * @param reason Why there is no usable answer.
   * @param options `cause`: a network error without secrets. `status`: that of the answer.
   * `retryAfterSeconds`: when it may be tried again.
   */
  constructor(
    reason: IntrospectionErrorReason,
    options?: { cause?: Error; status?: number; retryAfterSeconds?: number | undefined },
  ) {
    super(`The access token could not be introspected: ${reason}`, options);
    this.reason = reason;
    if (options?.status !== undefined) this.status = options.status;
    if (options?.retryAfterSeconds !== undefined) {
      this.retryAfterSeconds = options.retryAfterSeconds;
    }
  }
}

/**
 * Says what the wire may tell of a reason. The one place where reasons become statuses.
 *
 * @param reason The private reason of an `AccessTokenError` or an `IntrospectionError`.
 * @returns The status, and the code with its sentence where there is one.
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
      return {
        status: 401,
        error: "invalid_token",
        description: "The access token is expired, revoked or not meant for this server",
      };
    case "org_claim_missing":
    case "org_mismatch":
    case "role_claim_missing":
    case "role_mismatch":
      return { status: 403, error: "access_denied", description: DENIED[reason] };
    case "scope_missing":
      return {
        status: 403,
        error: "insufficient_scope",
        description: "The access token lacks a scope that this operation needs",
      };
    case "timeout":
    case "network":
    case "unavailable":
    case "overloaded":
    case "breaker_open":
    case "closed":
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

/**
 * Tells whether PropelAuth could not be asked, so that waiting may help.
 *
 * @param error What a question ended with.
 * @returns Whether it is answered with 503.
 */
export function isOutage(error: unknown): error is IntrospectionError {
  return error instanceof IntrospectionError && refusalOf(error.reason).status === 503;
}

const DENIED = {
  org_claim_missing: "The access token names no organization, and this needs one",
  org_mismatch: "The access token is for another organization; log in again and choose this one",
  role_claim_missing: "The access token names no role in an organization, and this needs one",
  role_mismatch: "The role of this user in the organization does not allow this",
} as const;

function explain(reason: AccessTokenErrorReason, scopes: readonly string[]): string {
  const { status, description } = refusalOf(reason);
  if (status !== 403) return "";
  return `. ${description}${scopes.length > 0 ? `: ${scopes.join(" ")}` : ""}`;
}
