/**
 * Builds an introspection request and processes its response (RFC 7662). Pure: no clock, no
 * network.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { IntrospectionError } from "./errors.ts";
import { discard, readText } from "../lib/body.ts";
import type { IntrospectionFacts } from "./facts.ts";
import { readFacts } from "./read_facts.ts";

/** The longest introspection response that is read: 64 KiB. */
export const MAX_RESPONSE_BYTES = 64 * 1024;

/** The longest `Retry-After` that is obeyed, in seconds; after it one introspection tries again. */
export const MAX_RETRY_AFTER_SECONDS = 60;

/** The credentials of this server at the introspection endpoint. */
export interface IntrospectionCredentials {
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
}

/**
 * Builds the `Authorization` field value of the credentials: `client_secret_basic` with the raw
 * `id:secret` in UTF-8, as PropelAuth's own code sends them.
 *
 * Does not form-encode them first, as RFC 6749 §2.3.1 demands: the ids and secrets that PropelAuth
 * issues are the same in both forms.
 *
 * @param credentials Client id and secret.
 * @returns The field value.
 */
export function buildBasicCredentials(credentials: IntrospectionCredentials): string {
  const { introspectionClientId, introspectionClientSecret } = credentials;
  const pair = Buffer.from(`${introspectionClientId}:${introspectionClientSecret}`);
  return `Basic ${pair.toString("base64")}`;
}

/**
 * Builds the introspection request of a token, as arguments for `fetch`.
 *
 * Sends nothing. Redirects are not followed: the token goes to this endpoint and nowhere else.
 *
 * @param basicCredentials The `Authorization` field value.
 * @param token The access token.
 * @returns The second argument of `fetch`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-2.1 | RFC 7662 §2.1}
 */
export function buildIntrospectionRequest(basicCredentials: string, token: string): RequestInit {
  return {
    method: "POST",
    headers: {
      "Authorization": basicCredentials,
      "Accept": "application/json",
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ token, token_type_hint: "access_token" }).toString(),
    redirect: "manual",
  };
}

/**
 * Turns an introspection response into facts.
 *
 * Does not judge the facts: an expired or foreign token gives facts like any other.
 *
 * @param response The response; its body is used up.
 * @param now Seconds since 1970, for a `Retry-After` that is a date.
 * @returns The facts, frozen all the way down.
 * @throws {IntrospectionError} `unavailable`: 429 or 5xx, with the `Retry-After` of 429 and 503.
 * @throws {IntrospectionError} `client_refused`: 400, 401, 403 or 404.
 * @throws {IntrospectionError} `malformed_response`: any other status, a body over 64 KiB, or one
 * that is not what RFC 7662 describes.
 * @throws {Error} The network's own error when the body breaks off.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-2.2 | RFC 7662 §2.2}
 */
export async function processIntrospectionResponse(
  response: Response,
  now: number,
): Promise<IntrospectionFacts> {
  return readFacts(await readAnswer(response, now));
}

/**
 * Reads the body of a response that says what a credential is good for.
 *
 * @param response The response; its body is used up.
 * @param now Seconds since 1970, for a `Retry-After` that is a date.
 * @returns The text of a 200, at most 64 KiB.
 * @throws {IntrospectionError} As {@linkcode processIntrospectionResponse} does for a status.
 * @throws {Error} The network's own error when the body breaks off.
 */
export async function readAnswer(response: Response, now: number): Promise<string> {
  const { status } = response;
  if (status !== 200 || response.redirected) {
    discard(response);
    if (status === 429 || status >= 500) {
      const saysWhen = status === 429 || status === 503;
      const retryAfterSeconds = saysWhen ? parseRetryAfter(response.headers, now) : undefined;
      throw new IntrospectionError("unavailable", { status, retryAfterSeconds });
    }
    const refused = [400, 401, 403, 404].includes(status);
    throw new IntrospectionError(refused ? "client_refused" : "malformed_response", { status });
  }
  const text = await readText(response, MAX_RESPONSE_BYTES);
  if (text === undefined) throw new IntrospectionError("malformed_response");
  return text;
}

/**
 * Reads a `Retry-After` field value: seconds, or an HTTP date.
 *
 * @param headers The response's headers. A date is compared with their `Date` field, so that a wrong
 * clock of this machine does no harm.
 * @param now Seconds since 1970, for a response without `Date`.
 * @returns Seconds from now, 0 to 60; `undefined` when the field is absent or malformed.
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

/** The only form that servers may send today (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. */
function parseHttpDate(value: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) {
    return undefined;
  }
  const milliseconds = Date.parse(value);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
