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

/** The default of a number, its rule in words, and whether a finite number keeps the rule. */
type NumberRule = readonly [byDefault: number, rule: string, holds: (value: number) => boolean];

const seconds = (byDefault: number): NumberRule => [
  byDefault,
  "a finite number >= 0",
  (value) => value >= 0,
];
const count = (byDefault: number, least: number): NumberRule => [
  byDefault,
  `a whole number >= ${least}`,
  (value) => Number.isSafeInteger(value) && value >= least,
];

// A record, so that a name that is forgotten here does not compile.
const NUMBERS: Readonly<Record<Exclude<keyof TokenIntrospectionOverrides, "fetch">, NumberRule>> = {
  cacheTtlSeconds: seconds(0),
  maxCacheSize: count(10_000, 0),
  timeoutSeconds: [
    10,
    `a number > 0 and <= ${MAX_TIMEOUT_SECONDS}`,
    (value) => value > 0 && value <= MAX_TIMEOUT_SECONDS,
  ],
  staleIfErrorSeconds: seconds(0),
  maxConcurrentIntrospections: count(100, 1),
};

/** The names of all overrides. */
export const OVERRIDE_NAMES: readonly string[] = [...Object.keys(NUMBERS), "fetch"];

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
  const resolve = (name: keyof typeof NUMBERS): number => {
    const [byDefault, rule, holds] = NUMBERS[name];
    const { [name]: value = byDefault } = overrides;
    return requireNumber(name, value, rule, holds);
  };
  return {
    cacheTtlSeconds: resolve("cacheTtlSeconds"),
    maxCacheSize: resolve("maxCacheSize"),
    timeoutSeconds: resolve("timeoutSeconds"),
    staleIfErrorSeconds: resolve("staleIfErrorSeconds"),
    maxConcurrentIntrospections: resolve("maxConcurrentIntrospections"),
    fetch: requireFunction("fetch", overrides.fetch),
  };
}
