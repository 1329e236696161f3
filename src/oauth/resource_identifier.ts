/**
 * How resource identifiers are compared (RFC 8707 §2). Pure: no clock, no network.
 *
 * @module
 */

// An absolute http(s) URL as it is written on the wire: URL parsers also take white space,
// backslashes and missing slashes, and none of those is an identifier of ours.
const ABSOLUTE_URL = /^https?:\/\/[^\s\\?#]+$/i;

/**
 * Brings a resource identifier into the one form in which two of them are compared.
 *
 * Scheme and host lose their case, the default port and one trailing slash go: clients and
 * authorization servers add and drop these. The path keeps its case, and nothing is a prefix of
 * anything. A query, a fragment or a userinfo makes it no identifier.
 *
 * @param identifier Text from outside, or a checked option.
 * @returns The canonical form, or `undefined` when the text identifies no MCP server.
 *
 * @example Two spellings of one server
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(canonicalResource("HTTPS://H.example:443/mcp/"), canonicalResource("https://h.example/mcp"));
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707.html#section-2 | RFC 8707 §2}
 */
export function canonicalResource(identifier: string): string | undefined {
  if (!ABSOLUTE_URL.test(identifier) || !URL.canParse(identifier)) return undefined;
  const url = new URL(identifier);
  if (url.username !== "" || url.password !== "") return undefined;
  return url.origin + withoutTrailingSlash(url.pathname);
}

/**
 * Drops one slash from the end of a path.
 *
 * @param path A path, or a URL without query and fragment.
 * @returns The same without the slash.
 */
export function withoutTrailingSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

const PATH = /^[a-z]+:\/\/[^/?#]*([^?#]*)/;

/**
 * Reads the path out of a request's URL, as it stands there: `Deno.serve` leaves dot segments in it,
 * so they lead nowhere. Parsing it costs more.
 *
 * @param url An absolute URL as `Request.url` has it.
 * @returns The path, without a slash at its end.
 */
export function routeOf(url: string): string {
  return withoutTrailingSlash(PATH.exec(url)?.[1] ?? "/");
}

/**
 * Tells whether a host name stands for this machine alone: `localhost` and the names below it,
 * `127.0.0.0/8`, `[::1]` (RFC 8252 §7.3, RFC 6761 §6.3).
 *
 * @param hostname As `URL.hostname` gives it: lower case, IPv6 in brackets, no port.
 * @returns Whether it is a loopback name or address.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
