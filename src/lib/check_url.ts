/**
 * Checks of options that are URLs; each names the one rule that is broken. Pure: no clock, no
 * network.
 *
 * @module
 */

import { BrokenRule } from "./broken_rule.ts";
import { describe } from "./check_option.ts";
import { isLoopback } from "./url.ts";

const BEGINS_WITH_HTTPS = "a URL that begins with https://, or on loopback with http://";

/** Options of {@linkcode requireIdentifierUrl}. */
interface IdentifierUrlOptions {
  /** Whether http passes beyond loopback. */
  readonly allowHttp?: boolean | undefined;
  /** How a refused value is shown. */
  readonly describer?: (value: unknown) => string;
}

/**
 * Requires a URL that can be an identifier: https, or http on loopback; no userinfo, query or
 * fragment (RFC 8414 §2, RFC 8707 §2).
 *
 * @param name The option's name.
 * @param value A string or a `URL`.
 * @param options Whether http passes beyond loopback, and how a refused value is shown.
 * @returns The parsed URL.
 * @throws {BrokenRule} It breaks a rule: the first one that it breaks is named, and no other.
 */
export function requireIdentifierUrl(
  name: string,
  value: unknown,
  { allowHttp = false, describer = describe }: IdentifierUrlOptions = {},
): URL {
  const text = value instanceof URL ? value.href : value;
  const rule = typeof text === "string" ? brokenUrlRule(text, allowHttp) : BEGINS_WITH_HTTPS;
  if (rule === undefined) return new URL(String(text));
  throw new BrokenRule(name, rule, describer(value));
}

function brokenUrlRule(text: string, allowHttp: boolean): string | undefined {
  if (/\s/.test(text)) return "a URL without white space";
  if (text.includes("\\")) return "a URL without backslashes";
  if (!/^https?:\/\//i.test(text)) return BEGINS_WITH_HTTPS;
  if (text.includes("#")) return "a URL without a fragment (#)";
  if (text.includes("?")) return "a URL without a query (?)";
  if (!URL.canParse(text)) return "a well-formed URL";
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return "a URL without a user name or a password";
  if (protocol === "https:" || isLoopback(hostname) || allowHttp) return undefined;
  return "an https URL, since its host is not on loopback (dangerouslyAllowHttp allows http, for " +
    "development)";
}

/**
 * Requires a link that people may follow.
 *
 * @param name The option's name.
 * @param value A string or a `URL`.
 * @returns The link, normalised.
 * @throws {BrokenRule} It is not an http or https URL, or has a user name or a password.
 */
export function requireLink(name: string, value: unknown): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== "string" || !/^https?:/i.test(text) || !URL.canParse(text)) {
    throw new BrokenRule(name, "an http or https URL", describe(value));
  }
  const { username, password, href } = new URL(text);
  if (username === "" && password === "") return href;
  throw new BrokenRule(name, "a URL without a user name or a password", describe(value));
}
