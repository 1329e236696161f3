/**
 * The rules that single options have to keep, and the one sentence in which a breach is told.
 * Pure: no clock, no network.
 *
 * @module
 */

import { isObject } from "./json.ts";
import { isLoopback } from "./url.ts";

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_SHOWN_LENGTH = 200;

/**
 * Builds the error that a bad option ends creation with.
 *
 * @param name The option's name.
 * @param rule What it must be.
 * @param received What it was, described; never a secret.
 * @returns The error, for the caller to throw.
 */
export function badOption(name: string, rule: string, received: string): TypeError {
  return new TypeError(sentence(name, rule, received));
}

/**
 * Describes a received value: strings quoted and cut, what may be a secret in a URL masked (userinfo,
 * query and fragment), the rest by type.
 *
 * @param value Any value; secrets are described with {@link describeSecret} instead.
 * @returns A few words for the end of an error sentence.
 */
export function describe(value: unknown): string {
  if (value instanceof URL) return describe(value.href);
  if (typeof value === "string") {
    const masked = value.replace(/\/\/[^/?#]*@/, "//***@")
      .replace(/^(https?:[^?#]*[?#]).+/is, "$1***");
    return JSON.stringify(masked.slice(0, MAX_SHOWN_LENGTH));
  }
  if (value === null || typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}

/**
 * Describes a secret by type and length alone.
 *
 * @param value Any value.
 * @returns A few words for the end of an error sentence.
 */
export function describeSecret(value: unknown): string {
  return typeof value === "string" ? `a string of ${value.length} characters` : describeType(value);
}

/**
 * Requires an object that has no other than the known members.
 *
 * @param name The option's name, or `options` for the whole.
 * @param value The received value.
 * @param known The names it may have.
 * @throws {TypeError} It is no object, or a member is unknown.
 */
export function requireMembers(name: string, value: unknown, known: readonly string[]): void {
  if (!isObject(value)) {
    throw badOption(name, "an object", describe(value));
  }
  for (const member of Object.keys(value)) {
    if (!known.includes(member)) {
      throw badOption(member, `one of ${known.join(", ")}`, "an unknown option");
    }
  }
}

/**
 * Requires a URL that can be an identifier: https, or http on loopback; no userinfo, query or
 * fragment (RFC 8414 §2, RFC 8707 §2).
 *
 * @param name The option's name.
 * @param value A string or a `URL`.
 * @returns The parsed URL.
 * @throws {TypeError} It breaks the rule.
 */
export function requireIdentifierUrl(name: string, value: unknown): URL {
  const rule =
    "an https URL, or an http URL on loopback, without userinfo, query, fragment or white space";
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== "string" || /[\s\\?#]/.test(text) || !URL.canParse(text)) {
    throw badOption(name, rule, describe(value));
  }
  const url = new URL(text);
  const secure = url.protocol === "https:" ||
    (url.protocol === "http:" && isLoopback(url.hostname));
  if (!secure || url.username !== "" || url.password !== "") {
    throw badOption(name, rule, describe(value));
  }
  return url;
}

/**
 * Requires a link that people may follow.
 *
 * @param name The option's name.
 * @param value A string or a `URL`.
 * @returns The link, normalised.
 * @throws {TypeError} It is no http or https URL.
 */
export function requireLink(name: string, value: unknown): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text === "string" && URL.canParse(text)) {
    const url = new URL(text);
    if (/^https?:$/.test(url.protocol) && url.username === "" && url.password === "") {
      return url.href;
    }
  }
  throw badOption(name, "an http or https URL without userinfo", describe(value));
}

/**
 * Requires text that is not blank.
 *
 * @param name The option's name.
 * @param value The received value.
 * @param describer How the value is shown; secrets pass {@link describeSecret}.
 * @returns The text as it came.
 * @throws {TypeError} It is no string, or blank.
 */
export function requireText(
  name: string,
  value: unknown,
  describer: (value: unknown) => string = describe,
): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw badOption(name, "a non-empty string", describer(value));
}

/**
 * Requires a finite number within bounds.
 *
 * @param name The option's name.
 * @param value The received value.
 * @param rule The bounds in words.
 * @param holds Whether a finite number keeps them.
 * @returns The number.
 * @throws {RangeError} It is no number, not finite, or out of bounds.
 */
export function requireNumber(
  name: string,
  value: unknown,
  rule: string,
  holds: (value: number) => boolean,
): number {
  if (typeof value === "number" && Number.isFinite(value) && holds(value)) return value;
  throw new RangeError(sentence(name, rule, describe(value)));
}

/**
 * Tells whether a value is a scope (RFC 6749 §3.3).
 *
 * @param value Any value.
 * @returns Whether it is printable ASCII without space, quote and backslash.
 */
export function isScope(value: unknown): value is string {
  return typeof value === "string" && SCOPE_TOKEN.test(value);
}

/**
 * Requires a list of scopes (RFC 6749 §3.3).
 *
 * @param name The option's name.
 * @param value The received value.
 * @returns A copy without repetitions.
 * @throws {TypeError} It is no array, or a member is no scope.
 */
export function requireScopes(name: string, value: unknown): string[] {
  const rule = "an array of scopes, each of printable ASCII without space, quote and backslash";
  if (!Array.isArray(value)) throw badOption(name, rule, describe(value));
  for (const scope of value) {
    if (!isScope(scope)) throw badOption(name, rule, `${describe(scope)} in it`);
  }
  return [...new Set<string>(value)];
}

/**
 * Requires a boolean.
 *
 * @param name The option's name.
 * @param value The received value.
 * @returns The boolean.
 * @throws {TypeError} It is anything else.
 */
export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw badOption(name, "true or false", describe(value));
}

/**
 * Requires a function, or nothing. Types cannot tell what is called: it is taken at its word.
 *
 * @param name The option's name.
 * @param value The received value.
 * @returns The same.
 * @throws {TypeError} It is anything else.
 */
export function requireFunction<F>(name: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw badOption(name, "a function", describe(value));
}

function describeType(value: unknown): string {
  return value === null ? "null" : `a value of type ${typeof value}`;
}

function sentence(name: string, rule: string, received: string): string {
  return `Cannot create PropelAuth: ${name} must be ${rule}: received ${received}`;
}
