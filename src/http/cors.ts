/**
 * CORS headers and preflights, so that pages may call and read the answers. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { AllowedOrigins } from "./host_and_origin.ts";

/** Response headers that a browser client has to be able to read. */
const EXPOSED_HEADERS = "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version";
const MCP_METHODS = "GET, POST, DELETE, OPTIONS";
/** The methods of public metadata. */
export const METADATA_METHODS = "GET, HEAD, OPTIONS";
/** Two hours, the longest that any browser honours. */
const PREFLIGHT_MAX_AGE_SECONDS = "7200";
/** The headers that the SDK's clients send: for a preflight that names no usable header. */
const USUAL_HEADERS =
  "Authorization, Content-Type, Last-Event-ID, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id";
// RFC 9110 §5.6.1: a list of field names, at most 1 KiB of it.
const HEADER_LIST = /^[!#$%&'*+\-.^_`|~0-9A-Za-z, \t]{1,1024}$/;

/**
 * Sets the CORS headers that every response of the MCP endpoint carries.
 *
 * Never allows credentials: a token is not a cookie.
 *
 * @param headers The response's headers; changed.
 * @param origin The request's `Origin`, an allowed one, or `null`.
 * @param allowed Which origins may call.
 */
export function setCorsHeaders(
  headers: Headers,
  origin: string | null,
  allowed: AllowedOrigins,
): void {
  if (allowed !== "any") headers.append("Vary", "Origin");
  if (origin === null) return;
  headers.set("Access-Control-Allow-Origin", allowed === "any" ? "*" : origin);
  headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

/** Copies a response with a body in place of its own, and with the headers of {@linkcode setCorsHeaders}. */
export function copyWithCors(
  response: Response,
  body: Response["body"],
  origin: string | null,
  allowed: AllowedOrigins,
): Response {
  const copy = new Response(body, response);
  setCorsHeaders(copy.headers, origin, allowed);
  return copy;
}

/**
 * Builds the answer to a preflight of the MCP endpoint. {@linkcode setCorsHeaders} adds the origin.
 *
 * @param request The `OPTIONS` request.
 * @param methods The methods that may be sent.
 * @returns 204 with the methods and headers that may be sent.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-responses | Fetch, HTTP responses}
 */
export function buildPreflight(request: Request, methods: string = MCP_METHODS): Response {
  const requested = request.headers.get("Access-Control-Request-Headers") ?? "";
  const headers = {
    "Access-Control-Allow-Methods": methods,
    "Access-Control-Allow-Headers": HEADER_LIST.test(requested) ? requested : USUAL_HEADERS,
    "Access-Control-Max-Age": PREFLIGHT_MAX_AGE_SECONDS,
    "Vary": "Access-Control-Request-Headers",
  };
  return new Response(null, { status: 204, headers });
}

/** Builds the answer to a preflight of public metadata: 204, for every origin. */
export function buildPublicPreflight(request: Request): Response {
  const response = buildPreflight(request, METADATA_METHODS);
  response.headers.set("Access-Control-Allow-Origin", "*");
  return response;
}
