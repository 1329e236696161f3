/**
 * Reads credentials out of an `Authorization` field value. Pure: no clock, no network.
 *
 * @module
 */

import { AccessTokenError, ownRefusals } from "./errors.ts";
import { PLACEHOLDER_REFUSAL } from "./refusal_sentences.ts";

/** The longest `Authorization` field value that is read: 16 KiB. */
export const MAX_CREDENTIALS_LENGTH = 16 * 1024;

// RFC 9110 §11.2: token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
/** The field value of nearly every client, read by one expression; others are read part by part. */
const USUAL = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/;
// RFC 9110 §5.6.2: a scheme is a token, and has no case.
const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*/;

/** The words that a program writes in place of a token that it does not have. PropelAuth issues neither. */
const PLACEHOLDER = /^(undefined|null)$/;

/**
 * Tells whether a value can be an access token: `token68` (RFC 9110 §11.2), at most 16 KiB, and neither
 * `undefined` nor `null`.
 *
 * @param value Anything that a caller hands in as a token.
 * @returns Whether the authorization server shall be asked about it.
 */
export function mayBeToken(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_CREDENTIALS_LENGTH &&
    TOKEN68.test(value) && !PLACEHOLDER.test(value);
}

/**
 * Creates the error of credentials that are not one well-formed token. For `undefined` and `null` the
 * response is 401 and not 400: a client with such a fixed header needs a token.
 *
 * @param token The value in place of a token.
 * @returns The error; it does not hold the value.
 */
export function malformedCredentials(token: string): AccessTokenError {
  const error = new AccessTokenError("malformed_credentials");
  if (PLACEHOLDER.test(token)) ownRefusals.set(error, PLACEHOLDER_REFUSAL);
  return error;
}

/**
 * Reads the access token out of an `Authorization` field value.
 *
 * `value` is the raw field value, at most 16 KiB. The scheme has no case, and one or more spaces
 * follow it. Another scheme, or Bearer with nothing after it (an unset variable in a client's
 * configuration), counts as no credentials: the challenge then says where to get some.
 *
 * Does not interpret the token, and never reads a query or a body.
 *
 * @param value The field value, or `null` when the request has none.
 * @returns The token, never empty.
 * @throws {AccessTokenError} `missing_credentials`: no value, another scheme, or nothing after it.
 * @throws {AccessTokenError} `malformed_credentials`: Bearer with anything but one `token68`, or with
 * `undefined` or `null`, which a client with a fixed header sends when its variable has no value.
 *
 * @example A header as a client sends it
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(parseBearerToken("bearer abc"), "abc");
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1 | RFC 6750 §2.1}
 */
export function parseBearerToken(value: string | null): string {
  if (value === null) throw new AccessTokenError("missing_credentials");
  // The length is checked first, since the expressions run over every character.
  const tooLong = value.length > MAX_CREDENTIALS_LENGTH;
  const usual = tooLong ? undefined : USUAL.exec(value)?.[1];
  if (usual !== undefined && !PLACEHOLDER.test(usual)) return usual;
  const field = trimOuterSpace(tooLong ? value.slice(0, 16) : value);
  const scheme = SCHEME.exec(field)?.[0] ?? "";
  if (scheme.toLowerCase() !== "bearer") throw new AccessTokenError("missing_credentials");
  if (tooLong) throw new AccessTokenError("malformed_credentials");
  if (field.length === scheme.length) throw new AccessTokenError("missing_credentials");
  const token = field.slice(scheme.length).replace(/^ +/, "");
  if (field[scheme.length] !== " " || !mayBeToken(token)) throw malformedCredentials(token);
  return token;
}

/**
 * RFC 9110 §5.5: white space around a field value is not part of it. A loop, since an expression for
 * the end of the text takes quadratic time over white space in the middle.
 */
function trimOuterSpace(value: string): string {
  const isSpace = (at: number) => value[at] === " " || value[at] === "\t";
  let [start, end] = [0, value.length];
  while (isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return value.slice(start, end);
}
