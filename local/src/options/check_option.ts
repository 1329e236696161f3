/**
 * Checks of single options, and the one sentence in which a broken rule is reported.
 * Pure: no clock, no network.
 *
 * @module
 */

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_SHOWN_LENGTH = 200;

/** The beginning of every error that keeps the local PropelAuth from starting. */
export const CANNOT_START = "Cannot start the local PropelAuth";

/** Checks that throw errors with one common beginning. */
interface Rules {
  /** Requires an object without unknown members, and returns it as a record. */
  members(name: string, value: unknown, known: readonly string[]): Record<string, unknown>;
  /** Requires a string that is not blank or, when given, matches a pattern. */
  text(name: string, value: unknown, rule?: string, pattern?: RegExp): string;
  /** Like `text`, but never shows the value. */
  secret(name: string, value: unknown, rule: string, pattern: RegExp): string;
  /** Requires a boolean. */
  boolean(name: string, value: unknown): boolean;
  /** Requires a whole number within bounds. */
  wholeNumber(name: string, value: unknown, min: number, max: number): number;
  /** Requires an array, and returns it. */
  array(name: string, value: unknown, rule: string): readonly unknown[];
  /** Requires a function. */
  callable(name: string, value: unknown): void;
  /** Creates the error for a rule that none of the checks above covers. */
  breach(name: string, rule: string, received: string, cause?: unknown): TypeError;
}

/**
 * Creates the checks, each of which throws `<intro>: <name> must be <rule>: received <value>`.
 *
 * @param intro The action that fails, such as `Cannot mint a token`.
 * @returns The checks.
 */
export function createRules(intro: string): Rules {
  const sentence = (name: string, rule: string, received: string) =>
    `${intro}: ${name} must be ${rule}: received ${received}`;
  const breach = (name: string, rule: string, received: string, cause?: unknown) =>
    new TypeError(sentence(name, rule, received), cause === undefined ? {} : { cause });
  return {
    breach,
    members(name, value, known) {
      if (!isRecord(value)) throw breach(name, "an object", describe(value));
      for (const member of Object.keys(value)) {
        if (!known.includes(member)) {
          throw breach(member, `one of ${known.join(", ")}`, "an unknown option");
        }
      }
      return value;
    },
    text(name, value, rule = "a non-empty string", pattern = /\S/) {
      if (typeof value === "string" && pattern.test(value)) return value;
      throw breach(name, rule, describe(value));
    },
    secret(name, value, rule, pattern) {
      if (typeof value === "string" && pattern.test(value)) return value;
      const received = typeof value === "string"
        ? `a string of ${value.length} characters`
        : describe(value);
      throw breach(name, rule, received);
    },
    boolean(name, value) {
      if (typeof value === "boolean") return value;
      throw breach(name, "true or false", describe(value));
    },
    wholeNumber(name, value, min, max) {
      if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
        return value;
      }
      const rule = `a whole number from ${min} to ${max}`;
      throw new RangeError(sentence(name, rule, describe(value)));
    },
    array(name, value, rule) {
      if (Array.isArray(value)) return value;
      throw breach(name, rule, describe(value));
    },
    callable(name, value) {
      if (typeof value !== "function") throw breach(name, "a function", describe(value));
    },
  };
}

/**
 * Describes a received value for the end of an error sentence. Strings are quoted, cut after 200
 * characters, and lose the credentials of a URL; objects are described by their type.
 *
 * @param value Any value that is not a secret.
 * @returns A few words.
 */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    // A password may hold what ends the host of a URL: everything up to the last @ is masked.
    return JSON.stringify(value.replace(/\/\/.*@/s, "//***@").slice(0, MAX_SHOWN_LENGTH));
  }
  if (value === null || typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}

/**
 * Tells whether a value is an object and not an array.
 *
 * @param value Any value.
 * @returns Whether its members can be read by name.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Tells whether a value is one scope.
 *
 * @param value Any value.
 * @returns Whether it is a `scope-token` (RFC 6749 §3.3).
 */
export function isScope(value: unknown): value is string {
  return typeof value === "string" && SCOPE_TOKEN.test(value);
}

/**
 * Tells whether a value is a UUID of any version.
 *
 * @param value Any value.
 * @returns Whether it has the form of a UUID.
 */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}
