/**
 * Reads paths and hosts of URLs. Pure: no clock, no network.
 *
 * @module
 */

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
 * Reads the path out of a request's URL without normalizing it, which is faster than `new URL()`. Dot
 * segments, which `Deno.serve` leaves in, therefore match no route.
 *
 * @param url An absolute URL as `Request.url` has it.
 * @returns The path, without a slash at its end.
 */
export function routeOf(url: string): string {
  return withoutTrailingSlash(PATH.exec(url)?.[1] ?? "/");
}

/**
 * Tells whether a host name means this machine alone: `localhost` and the names below it,
 * `127.0.0.0/8`, `[::1]` (RFC 8252 §7.3, RFC 6761 §6.3).
 *
 * @param hostname As `URL.hostname` gives it: lower case, IPv6 in brackets, no port.
 * @returns Whether it is a loopback name or address.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
