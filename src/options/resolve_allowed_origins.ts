/**
 * The option `allowedOrigins`. Pure: no clock, no network.
 *
 * @module
 */

import { type AllowedOrigins, ANY_SUBDOMAIN } from "../http/host_and_origin.ts";
import { BrokenRule } from "../lib/broken_rule.ts";
import { describe } from "../lib/check_option.ts";
import { isLoopback } from "../lib/url.ts";

/**
 * Checks the option `allowedOrigins`.
 *
 * @param value The option.
 * @param baseUrl The checked option `baseUrl`, whose own origin is the default.
 * @returns Which origins may call, as browsers spell them.
 * @throws {BrokenRule} It is not an array of origins, or a `*` is not the whole leftmost label.
 */
export function resolveAllowedOrigins(value: unknown, baseUrl: URL): AllowedOrigins {
  const rule = 'an array of origins such as https://app.example.com, https://*.example.com or "*"';
  if (value === undefined) return isLoopback(baseUrl.hostname) ? "loopback" : [baseUrl.origin];
  if (!Array.isArray(value)) throw new BrokenRule("allowedOrigins", rule, describe(value));
  if (value.includes("*")) return "any";
  return Object.freeze(value.map((origin: unknown) => {
    // Extensions have origins too (chrome-extension://…), which URL.origin calls "null".
    if (typeof origin !== "string" || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i.test(origin)) {
      throw new BrokenRule("allowedOrigins", rule, `${describe(origin)} in it`);
    }
    const [start = "", ...others] = origin.split(ANY_SUBDOMAIN);
    const isPlain = !origin.includes("*");
    // https://*.com would let pages of everybody in.
    const isWildcard = others.length === 1 && /^https?:\/\/$/i.test(start) &&
      /^[^*.]+\.[^*]+$/.test(others.join());
    const isWeb = /^https?:/i.test(origin);
    if (!isPlain && !isWildcard || isWeb && !URL.canParse(start + others)) {
      throw new BrokenRule("allowedOrigins", rule, `${describe(origin)} in it`);
    }
    // Browsers send every origin in lower case.
    if (!isWeb) return origin.toLowerCase();
    const { origin: spelt, protocol } = new URL(start + others);
    return isPlain ? spelt : spelt.replace(`${protocol}//`, `${protocol}//${ANY_SUBDOMAIN}`);
  }));
}
