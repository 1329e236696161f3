/**
 * Which browser origins may call the MCP endpoint. Pure: no clock, no network.
 *
 * @module
 */

import { badOption, describe } from "../lib/check_option.ts";
import { isLoopback } from "../oauth/resource_identifier.ts";

/** Which browser origins may call: all, those on loopback, or a list. */
export type AllowedOrigins = "any" | "loopback" | readonly string[];

/**
 * Checks the option `allowedOrigins`.
 *
 * @param value The option.
 * @param baseUrl The checked option `baseUrl`: without the other its own origin may call.
 * @returns Which origins may call, as browsers spell them.
 * @throws {TypeError} It is no array of origins.
 */
export function resolveAllowedOrigins(value: unknown, baseUrl: URL): AllowedOrigins {
  const rule = 'an array of origins such as https://app.example.com, or of "*"';
  if (value === undefined) return isLoopback(baseUrl.hostname) ? "loopback" : [baseUrl.origin];
  if (!Array.isArray(value)) throw badOption("allowedOrigins", rule, describe(value));
  if (value.includes("*")) return "any";
  return Object.freeze(value.map((origin: unknown) => {
    // Extensions have origins too (chrome-extension://…), which URL.origin calls "null".
    if (typeof origin !== "string" || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i.test(origin)) {
      throw badOption("allowedOrigins", rule, `${describe(origin)} in it`);
    }
    return /^https?:/i.test(origin) && URL.canParse(origin) ? new URL(origin).origin : origin;
  }));
}

/**
 * Tells whether a browser origin may call the MCP endpoint.
 *
 * @param origin The `Origin` field value.
 * @param allowed Which origins may.
 * @returns Whether it is one of them. `null`, the origin of sandboxed pages, is only among all.
 */
export function isOriginAllowed(origin: string, allowed: AllowedOrigins): boolean {
  if (allowed === "any") return true;
  if (allowed !== "loopback") return allowed.includes(origin);
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return (protocol === "http:" || protocol === "https:") && isLoopback(hostname);
}
