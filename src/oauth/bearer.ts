/**
 * Reads credentials out of an `Authorization` field value. Pure: no clock, no network.
 *
 * @module
 */

import { AccessTokenError, ownRefusals } from "./errors.ts";
import { PLACEHOLDER } from "./refusal_sentences.ts";

/** The longest `Authorization` field value that is read: 16 KiB. */
export const MAX_CREDENTIALS_LENGTH = 16 * 1024;

// RFC 9110 §11.2: token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
/** The field value of nearly every client, read by one expression; others are read part by part. */
const USUAL = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/;
// RFC 9110 §5.6.2: a scheme is a token, and has no case.
const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*/;

/**
 * Tells whether a value can be an access token: `token68` (RFC 9110 §11.2), at most 16 KiB.
 *
 * @param value Anything that a caller hands in as a token.
 * @returns Whether the authorization server shall be asked about it.
 */
export function isToken68(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CREDENTIALS_LENGTH && TOKEN68.test(value);
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
 * @throws {AccessTokenError} `malformed_credentials`: Bearer with anything but one `token68`.
 * @throws {AccessTokenError} `inactive`: `undefined` or `null`, which a client with a fixed header
 * sends when its variable has no value. No token of PropelAuth has such a form.
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
  if (usual === "undefined" || usual === "null") throw placeholderError();
  if (usual !== undefined) return usual;
  const field = trimOuterSpace(tooLong ? value.slice(0, 16) : value);
  const scheme = SCHEME.exec(field)?.[0] ?? "";
  if (scheme.toLowerCase() !== "bearer") throw new AccessTokenError("missing_credentials");
  if (tooLong) throw new AccessTokenError("malformed_credentials");
  if (field.length === scheme.length) throw new AccessTokenError("missing_credentials");
  const token = field.slice(scheme.length).replace(/^ +/, "");
  if (field[scheme.length] !== " " || !TOKEN68.test(token)) {
    throw new AccessTokenError("malformed_credentials");
  }
  return token;
}

/** The error of the words that a program writes in place of a token that it does not have. */
function placeholderError(): AccessTokenError {
  const error = new AccessTokenError("inactive");
  ownRefusals.set(error, PLACEHOLDER);
  return error;
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
