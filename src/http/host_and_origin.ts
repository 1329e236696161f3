/**
 * The checks of `Host` and `Origin`: against DNS rebinding, and for browser pages. Pure: no clock, no
 * network.
 *
 * @module
 */

import { type Emit, showForeign } from "../events/events.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import { isLoopback } from "../lib/url.ts";

/** Stands in an allowed origin for every subdomain: `https://*.example.com`. */
export const ANY_SUBDOMAIN = "*.";
const SUBDOMAIN = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Which browser origins may call: all, those on loopback, or a list. */
export type AllowedOrigins = "any" | "loopback" | readonly string[];

/**
 * Tells whether a browser origin may call the MCP endpoint.
 *
 * @param origin The `Origin` field value.
 * @param allowed Which origins may.
 * @returns Whether it is one of them. `null`, the origin of sandboxed pages, needs `"any"`.
 */
export function isOriginAllowed(origin: string, allowed: AllowedOrigins): boolean {
  if (allowed === "any") return true;
  if (allowed !== "loopback") {
    return allowed.includes(origin) || allowed.some((one) => isSubdomainOf(one, origin));
  }
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return (protocol === "http:" || protocol === "https:") && isLoopback(hostname);
}

/** Whether an origin is a subdomain, of any depth, of an entry such as `https://*.example.com`. */
function isSubdomainOf(allowed: string, origin: string): boolean {
  const [scheme = "", domain] = allowed.split(ANY_SUBDOMAIN);
  if (domain === undefined || !origin.startsWith(scheme) || !origin.endsWith(`.${domain}`)) {
    return false;
  }
  return SUBDOMAIN.test(origin.slice(scheme.length, -domain.length - 1));
}

// RFC 9110 §7.2: uri-host [ ":" port ]
const HOST = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::\d*)?$/i;

/**
 * Tells whether a request to a server on loopback names a loopback host. A web page that has its
 * own name point at 127.0.0.1 (DNS rebinding) does not.
 *
 * @param request The request; without a `Host` header its URL counts.
 * @returns Whether the host is on loopback, whatever the port.
 */
export function isHostAllowed(request: Request): boolean {
  // Parsed by hand: a URL parser would also take a userinfo or a path.
  const hostname = HOST.exec(hostOf(request))?.[1];
  return hostname !== undefined && isLoopback(hostname.toLowerCase());
}

function hostOf(request: Request): string {
  return request.headers.get("Host") ?? new URL(request.url).host;
}

/**
 * Refuses a host that is not on loopback.
 *
 * @param request The request.
 * @param emit Reports the host to the operator, who may have to set another `baseUrl`.
 * @returns 403 with a sentence that names the remedy.
 */
export function refuseHost(request: Request, emit: Emit): Response {
  emit?.({ code: "request_refused", reason: "host", received: showForeign(hostOf(request)) });
  const message = "This Host is not allowed; the operator sets baseUrl to the URL that clients use";
  return buildJsonRpcError(403, "transport", message);
}
