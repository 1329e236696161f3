/**
 * When a question may be repeated, and when PropelAuth wants to be asked again. Pure: no clock, no
 * network.
 *
 * @module
 */

import { IntrospectionError } from "../oauth/errors.ts";

/** The longest `Retry-After` that is believed, in seconds: past it one question has a look. */
export const MAX_RETRY_AFTER_SECONDS = 60;

const MAX_CAUSES = 5;
// The codes of Node and of undici, and the names of Deno's own errors.
const LOST_CODE =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|UND_ERR_SOCKET|ConnectionRefused|ConnectionReset)$/;
// Deno's fetch has no codes, only the words of hyper and of the system.
const LOST_MESSAGE =
  /connection (refused|reset)|closed before message completed|reading a body from connection|actively refused|forcibly closed/i;

/**
 * Tells whether a failed question may be asked once more at once: the connection was refused or
 * reset, or a proxy answered 502 or 503 without saying when to come back. To ask changes nothing at
 * PropelAuth, so a question that may have arrived can be repeated.
 *
 * @param error What the exchange threw.
 * @returns Whether a second try makes sense.
 */
export function mayRetry(error: unknown): boolean {
  if (error instanceof IntrospectionError) {
    const { status, retryAfterSeconds = 0 } = error;
    return (status === 502 || status === 503) && retryAfterSeconds <= 0;
  }
  return isConnectionLost(error);
}

/**
 * Tells whether a connection was refused, reset or closed before the answer was complete.
 *
 * Knows the errors of Deno's and of Node's `fetch`; any other counts as something else.
 *
 * @param error What `fetch`, or the reading of a body, threw.
 * @returns Whether one of its causes says so.
 */
export function isConnectionLost(error: unknown): boolean {
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++) {
    const code: unknown = "code" in error ? error.code : error.name;
    if (typeof code === "string" && LOST_CODE.test(code)) return true;
    if (LOST_MESSAGE.test(error.message.slice(0, 1_000))) return true;
    error = error.cause;
  }
  return false;
}

/**
 * Reads a `Retry-After` field value: seconds, or an HTTP date.
 *
 * @param headers The response's headers. A date is compared with their `Date`, if there is one, so
 * that a clock that is wrong here does no harm.
 * @param now Seconds since 1970, for when there is none.
 * @returns Seconds from now, 0 to 60; `undefined` when there is no such field, or it says nothing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3 | RFC 9110 §10.2.3}
 */
export function parseRetryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("Retry-After") ?? "";
  if (/^\d{1,20}$/.test(value)) return Math.min(Number(value), MAX_RETRY_AFTER_SECONDS);
  const until = parseHttpDate(value);
  if (until === undefined) return undefined;
  const from = parseHttpDate(headers.get("Date") ?? "") ?? now;
  return Math.min(Math.max(until - from, 0), MAX_RETRY_AFTER_SECONDS);
}

/** The one form that may be sent today (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. */
function parseHttpDate(value: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) {
    return undefined;
  }
  const milliseconds = Date.parse(value);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
