/**
 * The option `tokenIntrospectionOverrides`: its checks and its defaults. Pure: no clock, no
 * network.
 *
 * @module
 */

import { requireFunction, requireNumber } from "../lib/check_option.ts";
import type { TokenIntrospectionOverrides } from "./propel_auth_options.ts";
import type { Fetch } from "../lib/world.ts";

const MAX_TIMEOUT_SECONDS = 300;

// A record, so that a name that is forgotten here does not compile.
const NAMES: Record<keyof TokenIntrospectionOverrides, true> = {
  cacheTtlSeconds: true,
  maxCacheSize: true,
  timeoutSeconds: true,
  staleIfErrorSeconds: true,
  maxConcurrentIntrospections: true,
  fetch: true,
};

/** The names of all overrides. */
export const OVERRIDE_NAMES: readonly string[] = Object.keys(NAMES);

/** The overrides after every check, with every default in place. */
export interface ResolvedOverrides {
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly timeoutSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly maxConcurrentIntrospections: number;
  /** `undefined`: the global `fetch`. */
  readonly fetch: Fetch | undefined;
}

/**
 * Checks the option `tokenIntrospectionOverrides` and fills in the defaults.
 *
 * @param overrides The option.
 * @returns The same, checked and complete.
 * @throws {BrokenRule} An override is of a wrong type, or a number is not finite or out of its
 * bounds. Unknown members have to be refused before.
 */
export function resolveOverrides(overrides: TokenIntrospectionOverrides): ResolvedOverrides {
  const {
    cacheTtlSeconds = 0,
    maxCacheSize = 10_000,
    timeoutSeconds = 10,
    staleIfErrorSeconds = 0,
    maxConcurrentIntrospections = 100,
    fetch,
  } = overrides;
  const requireSeconds = (name: string, value: number): number =>
    requireNumber(name, value, "a finite number >= 0", (seconds) => seconds >= 0);
  const requireCount = (name: string, value: number, least: number): number =>
    requireNumber(
      name,
      value,
      `a whole number >= ${least}`,
      (count) => Number.isSafeInteger(count) && count >= least,
    );
  return {
    cacheTtlSeconds: requireSeconds("cacheTtlSeconds", cacheTtlSeconds),
    maxCacheSize: requireCount("maxCacheSize", maxCacheSize, 0),
    timeoutSeconds: requireNumber(
      "timeoutSeconds",
      timeoutSeconds,
      `a number > 0 and <= ${MAX_TIMEOUT_SECONDS}`,
      (value) => value > 0 && value <= MAX_TIMEOUT_SECONDS,
    ),
    staleIfErrorSeconds: requireSeconds("staleIfErrorSeconds", staleIfErrorSeconds),
    maxConcurrentIntrospections: requireCount(
      "maxConcurrentIntrospections",
      maxConcurrentIntrospections,
      1,
    ),
    fetch: requireFunction("fetch", fetch),
  };
}
