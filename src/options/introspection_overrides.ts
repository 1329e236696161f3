/**
 * How PropelAuth is asked: the option `tokenIntrospectionOverrides`, its checks and its defaults.
 * Pure: no clock, no network.
 *
 * @module
 */

import { requireFunction, requireMembers, requireNumber } from "../lib/check_option.ts";
import type { TokenIntrospectionOverrides } from "./propel_auth_options.ts";
import type { Fetch } from "../lib/world.ts";

const MAX_TIMEOUT_SECONDS = 300;

const OVERRIDE_NAMES: readonly (keyof TokenIntrospectionOverrides)[] = [
  "cacheTtlSeconds",
  "maxCacheSize",
  "timeoutSeconds",
  "staleIfErrorSeconds",
  "maxConcurrentIntrospections",
  "fetch",
];

/** The overrides after every check, with every default in place. */
export interface ResolvedOverrides {
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly timeoutSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly maxConcurrentIntrospections: number;
  /** Absent: the global one. */
  readonly fetch: Fetch | undefined;
}

/**
 * Checks the option `tokenIntrospectionOverrides` and fills in the defaults.
 *
 * @param overrides The option.
 * @returns The same, checked and complete.
 * @throws {TypeError} An override is unknown or of a wrong type.
 * @throws {RangeError} A number is not finite or out of its bounds.
 */
export function resolveOverrides(overrides: TokenIntrospectionOverrides): ResolvedOverrides {
  requireMembers("tokenIntrospectionOverrides", overrides, OVERRIDE_NAMES);
  const {
    cacheTtlSeconds = 0,
    maxCacheSize = 10_000,
    timeoutSeconds = 10,
    staleIfErrorSeconds = 0,
    maxConcurrentIntrospections = 100,
    fetch,
  } = overrides;
  return {
    cacheTtlSeconds: requireNumber(
      "cacheTtlSeconds",
      cacheTtlSeconds,
      "a finite number >= 0",
      (value) => value >= 0,
    ),
    maxCacheSize: requireNumber(
      "maxCacheSize",
      maxCacheSize,
      "a whole number >= 0",
      (value) => Number.isSafeInteger(value) && value >= 0,
    ),
    timeoutSeconds: requireNumber(
      "timeoutSeconds",
      timeoutSeconds,
      `a number > 0 and <= ${MAX_TIMEOUT_SECONDS}`,
      (value) => value > 0 && value <= MAX_TIMEOUT_SECONDS,
    ),
    staleIfErrorSeconds: requireNumber(
      "staleIfErrorSeconds",
      staleIfErrorSeconds,
      "a finite number >= 0",
      (value) => value >= 0,
    ),
    maxConcurrentIntrospections: requireNumber(
      "maxConcurrentIntrospections",
      maxConcurrentIntrospections,
      "a whole number >= 1",
      (value) => Number.isSafeInteger(value) && value >= 1,
    ),
    fetch: requireFunction("fetch", fetch),
  };
}
