/**
 * Checks of single options. Each throws a {@linkcode BrokenRule}, which the public function turns
 * into its own error. Pure: no clock, no network.
 *
 * @module
 */

import { BrokenRule } from "./broken_rule.ts";
import { isObject } from "./json.ts";
import { nearestName } from "./nearest_name.ts";

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_SHOWN_LENGTH = 200;
/** More names than these do not help in an error sentence. */
const MAX_NAMES_SHOWN = 10;

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
    // A password may hold what ends the host of a URL, and the slashes before it may be missing:
    // everything up to the last @ is masked, but for the scheme.
    const masked = value.replace(/^(\w+:\/*)?.*@/s, "$1***@").replace(
      /(https?:[^?#]*[?#]).+/is,
      "$1***",
    );
    return JSON.stringify(masked.slice(0, MAX_SHOWN_LENGTH));
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return "a function, not its result";
  const isShown = value === null || ["undefined", "number", "boolean"].includes(typeof value);
  return isShown ? String(value) : `a value of type ${typeof value}`;
}

/**
 * Describes a secret by type and length alone.
 *
 * @param value Any value.
 * @returns A few words for the end of an error sentence.
 */
export function describeSecret(value: unknown): string {
  if (typeof value === "string") return `a string of ${value.length} characters`;
  return value === null ? "null" : `a value of type ${typeof value}`;
}

/**
 * Requires an object that has no other than the known members.
 *
 * @param name The option's name, or `options` for the whole.
 * @param value The received value.
 * @param known The names it may have.
 * @param elsewhere The members of another object, for a member that belongs there.
 * @throws {BrokenRule} It is not an object, or a member is unknown: then the rule names the nearest
 * known one.
 */
export function requireMembers(
  name: string,
  value: unknown,
  known: readonly string[],
  elsewhere?: { readonly name: string; readonly members: readonly string[] },
): void {
  // The entries of a Map are not its members: it would pass for no options at all.
  if (!isObject(value) || Symbol.iterator in value) {
    throw new BrokenRule(name, "an object", describe(value));
  }
  const unknown = Object.keys(value).find((member) => !known.includes(member));
  if (unknown === undefined) return;
  const shown = name === "options" ? unknown : `${name}.${unknown}`;
  if (elsewhere?.members.includes(unknown)) {
    throw new BrokenRule(shown, `a member of ${elsewhere.name}`, `it as a member of ${name}`);
  }
  const there = elsewhere && nearestName(unknown, elsewhere.members);
  const nearest = nearestName(unknown, known) ?? (there && `${elsewhere.name}.${there}`);
  if (nearest !== undefined) {
    throw new BrokenRule(shown, "a known option", `an unknown one; did you mean ${nearest}?`);
  }
  const rule = known.length > MAX_NAMES_SHOWN ? "a known option" : `one of ${known.join(", ")}`;
  throw new BrokenRule(shown, rule, "an unknown option");
}

/**
 * Requires text that is not blank.
 *
 * @param name The option's name.
 * @param value The received value.
 * @param describer How the value is shown; secrets pass {@link describeSecret}.
 * @returns The text as it came.
 * @throws {BrokenRule} It is not a string, or blank.
 */
export function requireText(
  name: string,
  value: unknown,
  describer: (value: unknown) => string = describe,
): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new BrokenRule(name, "a non-empty string", describer(value));
}

/**
 * Requires a finite number within bounds.
 *
 * @param name The option's name.
 * @param value The received value.
 * @param rule The bounds in words.
 * @param holds Whether a finite number keeps them.
 * @returns The number.
 * @throws {BrokenRule} `range`: it is not a number, not finite, or out of bounds.
 */
export function requireNumber(
  name: string,
  value: unknown,
  rule: string,
  holds: (value: number) => boolean,
): number {
  if (typeof value === "number" && Number.isFinite(value) && holds(value)) return value;
  throw new BrokenRule(name, rule, describe(value), "range");
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
 * Requires a list of scopes (RFC 6749 §3.3) that a resource server may name. It neither demands nor
 * names `offline_access` (MCP 2026-07-28, Refresh Tokens): refresh tokens are between the client and
 * the authorization server.
 *
 * @param name The option's name.
 * @param value The received value.
 * @returns A copy without repetitions.
 * @throws {BrokenRule} It is not an array, a member is not a scope, or is `offline_access`.
 */
export function requireScopes(name: string, value: unknown): string[] {
  const rule = "an array of scopes, each of printable ASCII without space, quote and backslash";
  if (!Array.isArray(value)) throw new BrokenRule(name, rule, describe(value));
  for (const scope of value) {
    if (!isScope(scope)) throw new BrokenRule(name, rule, `${describe(scope)} in it`);
  }
  if (value.includes("offline_access")) {
    throw new BrokenRule(name, "free of offline_access", '"offline_access" in it');
  }
  return [...new Set<string>(value)];
}

/**
 * Requires a boolean.
 *
 * @param name The option's name.
 * @param value The received value.
 * @returns The boolean.
 * @throws {BrokenRule} It is anything else.
 */
export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new BrokenRule(name, "true or false", describe(value));
}

/**
 * Requires a function, or `undefined`. Its parameters and its result cannot be checked here.
 *
 * @param name The option's name.
 * @param value The received value.
 * @returns The same.
 * @throws {BrokenRule} It is anything else.
 */
export function requireFunction<F>(name: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw new BrokenRule(name, "a function", describe(value));
}
