/**
 * The rules that single options have to keep, and the sentences in which a breach is told.
 * Pure: no clock, no network.
 *
 * @module
 */

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_SHOWN_LENGTH = 200;

/** What a set of checks belongs to, such as `Cannot start the local PropelAuth`. */
export interface Rules {
  /** Requires an object without unknown members, and gives it as a record. */
  members(name: string, value: unknown, known: readonly string[]): Record<string, unknown>;
  /** Requires text that is not blank and, when given, fits a pattern. */
  text(name: string, value: unknown, rule?: string, pattern?: RegExp): string;
  /** Like `text`, but never shows the value. */
  secret(name: string, value: unknown, rule: string, pattern: RegExp): string;
  /** Requires a boolean. */
  boolean(name: string, value: unknown): boolean;
  /** Requires a whole number within bounds. */
  wholeNumber(name: string, value: unknown, min: number, max: number): number;
  /** Requires an array, and gives it. */
  array(name: string, value: unknown, rule: string): readonly unknown[];
  /** Requires a function. */
  callable(name: string, value: unknown): void;
  /** The error for any other breach. */
  breach(name: string, rule: string, received: string): TypeError;
}

/**
 * Creates the checks, each of which throws `<intro>: <name> must be <rule>: received <value>`.
 *
 * @param intro What could not be done.
 * @returns The checks.
 */
export function createRules(intro: string): Rules {
  const sentence = (name: string, rule: string, received: string) =>
    `${intro}: ${name} must be ${rule}: received ${received}`;
  const breach = (name: string, rule: string, received: string) =>
    new TypeError(sentence(name, rule, received));
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
 * Describes a received value: strings quoted and cut, a userinfo in a URL masked, the rest by type.
 *
 * @param value Any value that is no secret.
 * @returns A few words for the end of an error sentence.
 */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.replace(/\/\/[^/?#]*@/, "//***@").slice(0, MAX_SHOWN_LENGTH));
  }
  if (value === null || typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}

/**
 * Tells whether a value is an object with members.
 *
 * @param value Any value.
 * @returns Whether its members can be read.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Tells whether a value can be a scope (RFC 6749 §3.3).
 *
 * @param value Any value.
 * @returns Whether it is one `scope-token`.
 */
export function isScope(value: unknown): value is string {
  return typeof value === "string" && SCOPE_TOKEN.test(value);
}

/**
 * Tells whether a value is a UUID, of any version.
 *
 * @param value Any value.
 * @returns Whether it is one.
 */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}
