/**
 * Refusals as responses. Pure: no clock, no network.
 *
 * @module
 */

import { buildBearerChallenge } from "./challenge.ts";
import { type AccessTokenError, type IntrospectionError, refusalOf } from "./errors.ts";

/** Seconds after which a client may try again, when neither PropelAuth nor the breaker says more. */
export const RETRY_AFTER_SECONDS = 5;

/** What every challenge names. */
export interface ChallengeOptions {
  readonly resourceMetadataUrl: string;
  /** What a client without a good token is told to ask for; an empty list names nothing. */
  readonly challengeScopes: readonly string[];
}

/**
 * Builds the response that refuses a request: status, challenge and a JSON error.
 *
 * Only what another token would mend is challenged. An outage never is: a challenge would make the
 * client throw its token away.
 *
 * @param error Why the request is refused.
 * @param options What every challenge names.
 * @returns The response, not to be stored.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1 | RFC 6750 §3.1}
 */
export function buildRefusal(
  error: AccessTokenError | IntrospectionError,
  options: ChallengeOptions,
): Response {
  const refusal = refusalOf(error.reason);
  const headers = new Headers({ "Cache-Control": "no-store" });
  if (refusal.status === 503) headers.set("Retry-After", retryAfterOf(error));
  else if (refusal.status !== 500 && refusal.error !== "access_denied") {
    const { error: code, description } = refusal;
    const challenge = buildBearerChallenge({
      resourceMetadataUrl: options.resourceMetadataUrl,
      scopes: error.reason === "scope_missing" ? error.scopes : options.challengeScopes,
      ...(code !== undefined && { error: code }),
      ...(description !== undefined && { description }),
    });
    headers.set("WWW-Authenticate", challenge);
  }
  if (refusal.error === undefined) return new Response(null, { status: refusal.status, headers });
  headers.set("Content-Type", "application/json");
  const body = { error: refusal.error, error_description: refusal.description };
  return new Response(JSON.stringify(body), { status: refusal.status, headers });
}

function retryAfterOf(error: AccessTokenError | IntrospectionError): string {
  const known = error.name === "IntrospectionError" ? error.retryAfterSeconds : undefined;
  return String(Math.max(1, Math.ceil(known ?? RETRY_AFTER_SECONDS)));
}
