/**
 * The two errors in which verifying a token can end. Pure: no clock, no network.
 *
 * @module
 */

import {
  type AccessTokenErrorReason,
  type IntrospectionErrorReason,
  type Refusal,
  refusalOf,
} from "./refusal_sentences.ts";

/**
 * The client's fault: no credentials, or credentials that are refused.
 *
 * Recognize it by `name` and `reason`; `instanceof` fails across copies of a package. It holds
 * neither the token nor anything that was read from the token.
 */
export class AccessTokenError extends Error {
  /** Always `"AccessTokenError"`. */
  override readonly name = "AccessTokenError";
  /** Why the credentials were refused. */
  readonly reason: AccessTokenErrorReason;
  /** With `scope_missing`: every scope that the operation needs. Otherwise empty. */
  readonly scopes: readonly string[];

  /**
   * Creates the error. Its message holds the reason. For a 403 it also holds the sentence that the
   * client may read, since an MCP SDK shows the client the message of an error that a tool throws.
   *
   * @param reason Why the credentials were refused.
   * @param scopes With `scope_missing`: every scope that the operation needs.
   * @param message Another message, where no token was refused.
   */
  constructor(
    reason: AccessTokenErrorReason,
    scopes: readonly string[] = [],
    message: string = `The access token was refused: ${reason}${explain(reason, scopes)}`,
  ) {
    super(message);
    this.reason = reason;
    this.scopes = scopes;
  }
}

/**
 * PropelAuth's fault, or that of our credentials there: the token could not be introspected.
 *
 * It says nothing about the token: the client keeps it and may try again. `cause` is at most the
 * message of a network error, never a header, a body, a token or a secret.
 */
export class IntrospectionError extends Error {
  /** Always `"IntrospectionError"`. */
  override readonly name = "IntrospectionError";
  /** Why the token could not be introspected. */
  readonly reason: IntrospectionErrorReason;
  /** The HTTP status of PropelAuth's answer, when it answered. */
  declare readonly status?: number;
  /** Seconds after which another try makes sense, when that is known: a fraction, at most 60. */
  declare readonly retryAfterSeconds?: number;

  /**
   * Creates the error; its message holds the reason and nothing else.
   *
   * @param reason Why the token could not be introspected.
   * @param options `cause`: a network error without secrets. `status`: the HTTP status of the answer.
   * `retryAfterSeconds`: seconds after which another try makes sense.
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

/** The errors whose refusal is not that of their reason. */
export const ownRefusals: WeakMap<Error, Refusal> = new WeakMap();

/** Gives the status and sentence of the response that an error becomes. */
export function refusalFor(error: AccessTokenError | IntrospectionError): Refusal {
  return ownRefusals.get(error) ?? refusalOf(error.reason);
}

/** Whether PropelAuth could not be reached: another try may help, and the response is a 503. */
export function isOutage(error: unknown): error is IntrospectionError {
  return error instanceof IntrospectionError && refusalOf(error.reason).status === 503;
}

/** Whether PropelAuth limits the use of one API key: it is there for all others. */
export function isLimitOfKey(error: IntrospectionError): boolean {
  return error.reason === "api_key_rate_limited";
}

function explain(reason: AccessTokenErrorReason, scopes: readonly string[]): string {
  const { status, description } = refusalOf(reason);
  if (status !== 403) return "";
  return `. ${description}${scopes.length > 0 ? `: ${scopes.join(" ")}` : ""}`;
}
