/**
 * Refusals as responses. Pure: no clock, no network.
 *
 * @module
 */

import { AccessTokenError, IntrospectionError, refusalFor } from "./errors.ts";
import { definedOnly } from "../lib/json.ts";
import type { BearerErrorCode } from "./refusal_sentences.ts";

/** `Retry-After` of a 503, in seconds, when neither PropelAuth nor the breaker knows a better value. */
const RETRY_AFTER_SECONDS = 5;

/**
 * The page for a person who opens the MCP endpoint in a browser, since a browser shows nothing for a
 * refusal without a body. A constant: nothing of the request or of the options is in it.
 */
const BROWSER_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>MCP server</title>
<p>This is an MCP server: add this page's address to an MCP client, which lets you log in.</p>
</html>
`;
/**
 * The body for a program without credentials. Clients without OAuth show it to their user, in place of
 * an empty message; JSON-RPC, since such a client speaks MCP.
 */
const LOGIN_NEEDED = JSON.stringify({
  jsonrpc: "2.0",
  id: null,
  error: { code: -32000, message: "Log in first: this MCP server needs an access token" },
});
const BROWSER_PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
};
const JSON_HEADERS = { "Content-Type": "application/json" };
// RFC 9110 §12.5.1. Only the type itself counts: programs that are not browsers send `*/*`.
const ACCEPTS_HTML = /(?:^|,)[ \t]*text\/html[ \t]*(?:,|$|;(?![ \t]*q=0(?:\.0*)?[ \t]*(?:,|$)))/i;

/** The parameters that every challenge has. */
interface ChallengeOptions {
  readonly resourceMetadataUrl: string;
  /** The scopes that a client without a good token shall ask for; an empty list names none. */
  readonly challengeScopes: readonly string[];
}

/**
 * Builds the response that refuses a request: status, challenge and an error as JSON.
 *
 * Challenges only where another token would help. An outage gets no challenge: it would make the
 * client throw its token away. The refusal of a GET without credentials that accepts `text/html` has
 * a page of one sentence as its body.
 *
 * @param error The error with which verifying or judging the token ended.
 * @param options The parameters that every challenge has.
 * @param request The refused request, where it may come from a browser.
 * @returns The response; no cache may store it.
 * @throws `error` itself, when it is neither an `AccessTokenError` nor an `IntrospectionError`: a
 * fault of our own.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1 | RFC 6750 §3.1}
 */
export function buildRefusal(
  error: unknown,
  options: ChallengeOptions,
  request?: Request,
): Response {
  const isRefusal = error instanceof AccessTokenError || error instanceof IntrospectionError;
  if (!isRefusal) throw error;
  const refusal = refusalFor(error);
  const { status, description, scope } = refusal;
  const isLogin = refusal.error === undefined;
  const isPage = isLogin && request !== undefined && isBrowserVisit(request);
  const headers = new Headers(isPage ? BROWSER_PAGE_HEADERS : JSON_HEADERS);
  headers.set("Cache-Control", "no-store");
  if (status === 503) headers.set("Retry-After", retryAfterOf(error));
  if (!refusal.hasNoChallenge) {
    const challenge = buildBearerChallenge({
      resourceMetadataUrl: options.resourceMetadataUrl,
      scopes: error.reason === "scope_missing" ? error.scopes : options.challengeScopes,
      error: refusal.error,
      description,
    });
    headers.set("WWW-Authenticate", challenge);
  }
  const json = isLogin
    ? LOGIN_NEEDED
    : JSON.stringify({ error: refusal.error, error_description: description, scope });
  const body = isPage ? BROWSER_PAGE : json;
  return new Response(request?.method === "HEAD" ? null : body, { status, headers });
}

/**
 * Builds the response to a requirement such as `requireScopes()` that failed in code behind the gate.
 *
 * @param error The error that the code threw.
 * @param options The parameters that every challenge has.
 * @returns The response: 403.
 * @throws `error` itself, when it is anything else: that code may have verified another token, whose
 * fault is not this caller's.
 */
export function refuseRequirement(error: unknown, options: ChallengeOptions): Response {
  if (error instanceof AccessTokenError && refusalFor(error).status === 403) {
    return buildRefusal(error, options);
  }
  throw error;
}

function isBrowserVisit({ method, headers }: Request): boolean {
  return method === "GET" && ACCEPTS_HTML.test(headers.get("Accept") ?? "");
}

function retryAfterOf(error: AccessTokenError | IntrospectionError): string {
  const known = error.name === "IntrospectionError" ? error.retryAfterSeconds : undefined;
  return String(Math.max(1, Math.ceil(known ?? RETRY_AFTER_SECONDS)));
}

/** The parameters of a Bearer challenge (RFC 6750 §3, RFC 9728 §5.1). */
interface BearerChallenge {
  /** Absolute URL of the protected resource metadata: clients drop relative ones. */
  readonly resourceMetadataUrl: string;
  /** The scopes that the operation needs; an empty list leaves the parameter out. */
  readonly scopes: readonly string[];
  /** The error code; left out when the client sent no credentials. */
  readonly error?: BearerErrorCode | undefined;
  /** A fixed sentence without `=` and `"`. */
  readonly description?: string | undefined;
}

// RFC 9110 §5.6.4, visible ASCII and space, less the two characters that would need escaping.
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/**
 * Builds the field value of a Bearer challenge.
 *
 * The order is fixed: `resource_metadata`, `scope`, `error`, `error_description`. Some clients find
 * parameters with an unanchored expression and take the first match, so the free text comes last.
 *
 * @param challenge The parameters.
 * @returns The field value, plain ASCII on one line.
 * @throws {TypeError} A value has a character that does not fit into a quoted string unescaped.
 *
 * @example A request without credentials
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(
 *   buildBearerChallenge({ resourceMetadataUrl: "https://h/meta", scopes: ["a", "b"] }),
 *   'Bearer resource_metadata="https://h/meta", scope="a b"',
 * );
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3 | RFC 6750 §3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html#section-5.1 | RFC 9728 §5.1}
 */
export function buildBearerChallenge(challenge: BearerChallenge): string {
  const { resourceMetadataUrl, scopes, error, description } = challenge;
  const parameters = {
    resource_metadata: resourceMetadataUrl,
    scope: scopes.length > 0 ? scopes.join(" ") : undefined,
    error,
    error_description: description,
  };
  const quoted = Object.entries(definedOnly(parameters)).map(([name, value]) => {
    if (QUOTABLE.test(value)) return `${name}="${value}"`;
    throw new TypeError(`A challenge's ${name} must be printable ASCII without quotes`);
  });
  return `Bearer ${quoted.join(", ")}`;
}
