/**
 * The options of `apiKeys()`: types, checks and defaults. Pure: no clock, no network.
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import {
  describe,
  describeSecret,
  requireBoolean,
  requireFunction,
  requireMembers,
  requireScopes,
} from "../../lib/check_option.ts";
import type { ApiKeyKind, VerifiedApiKey } from "../../oauth/api_key.ts";
import { requireGiven } from "../../options/environment.ts";

/** The scopes of API keys, and the kinds that are let in. An unknown option is refused. */
export interface ApiKeysOptions {
  /**
   * The key with which this server asks PropelAuth about API keys: Backend Integration > API keys in
   * PropelAuth's dashboard; the type "Validation Only" is enough. No error, event or log shows it.
   *
   * @default {the variable PROPELAUTH_API_KEY, with createPropelAuth.fromEnv}
   */
  backendApiKey?: string;
  /**
   * The scopes of every key, or a function that returns those of one key. PropelAuth's keys have no
   * scopes of their own, so without this option a key is refused wherever a scope is needed.
   *
   * The function is called once for each answer of PropelAuth, not for each request.
   *
   * @default {[]}
   */
  scopes?: string[] | ((key: VerifiedApiKey) => string[]);
  /**
   * The kinds of keys that are let in.
   *
   * @default {["personal", "organization", "generic"]}
   */
  kinds?: ApiKeyKind[];
  /**
   * Tells a key from an access token by its form, for servers whose keys have one: PropelAuth is then
   * asked one question about an unknown credential instead of up to two. Keys with another form than
   * that are refused, and so are access tokens with the form of a key.
   *
   * @default {PropelAuth is asked}
   */
  isApiKey?: (credential: string) => boolean;
}

/** Gives the scopes of a key; throws a `TypeError` when the function of the options does not. */
export type GrantScopes = (key: VerifiedApiKey) => readonly string[];

/** The options after every check. */
export interface ResolvedApiKeys {
  readonly backendApiKey: string | undefined;
  readonly grantScopes: GrantScopes;
  readonly kinds: ReadonlySet<ApiKeyKind>;
  readonly isApiKey: ((credential: string) => boolean) | undefined;
}

/** The variable that gives `backendApiKey` when it was left out. */
export const BACKEND_API_KEY_VARIABLE = {
  variable: "PROPELAUTH_API_KEY",
  option: "apiKeys.backendApiKey",
  found: "PropelAuth dashboard > Backend Integration > API keys; Validation Only is enough",
} as const;

const KINDS: readonly ApiKeyKind[] = ["personal", "organization", "generic"];
// A record, so that a name that is forgotten here does not compile.
const NAMES: Record<keyof ApiKeysOptions, true> = {
  backendApiKey: true,
  scopes: true,
  kinds: true,
  isApiKey: true,
};
/** The characters that may stand in a header beside others: printable ASCII without space. */
const SECRET = /^[\x21-\x7e]+$/;

/**
 * Checks the options of `apiKeys()`.
 *
 * @param options The options as the caller gave them.
 * @returns The same, with every default but that of `backendApiKey`.
 * @throws {BrokenRule} An option is unknown or breaks its rule.
 */
export function resolveApiKeys(options: ApiKeysOptions): ResolvedApiKeys {
  requireMembers("apiKeys", options, Object.keys(NAMES));
  const { backendApiKey, isApiKey } = options;
  return {
    backendApiKey: backendApiKey === undefined ? undefined : requireBackendApiKey(backendApiKey),
    grantScopes: resolveGrant(options.scopes),
    kinds: resolveKinds(options.kinds),
    isApiKey: resolveIsApiKey(requireFunction("apiKeys.isApiKey", isApiKey)),
  };
}

/**
 * Requires a backend API key.
 *
 * @param value The received value.
 * @returns The same.
 * @throws {BrokenRule} It is missing, or cannot stand in a header.
 */
export function requireBackendApiKey(value: unknown): string {
  if (typeof value === "string" && SECRET.test(value)) return value;
  requireGiven(BACKEND_API_KEY_VARIABLE, value);
  const rule = "a non-empty string of printable ASCII without spaces";
  throw new BrokenRule(BACKEND_API_KEY_VARIABLE.option, rule, describeSecret(value));
}

function resolveGrant(scopes: ApiKeysOptions["scopes"] = []): GrantScopes {
  if (typeof scopes === "function") {
    return (key) =>
      refuseAs("Cannot give an API key its scopes", () => {
        const granted: unknown = scopes(key);
        return Object.freeze(requireScopes("the result of apiKeys.scopes", granted));
      });
  }
  const granted = Object.freeze(requireScopes("apiKeys.scopes", scopes));
  return () => granted;
}

/** A promise, or the result of `match()`, is no answer: each key would be refused as a token. */
function resolveIsApiKey(isApiKey: ApiKeysOptions["isApiKey"]): ResolvedApiKeys["isApiKey"] {
  return isApiKey && ((credential) =>
    refuseAs(
      "Cannot tell an API key from an access token",
      () => requireBoolean("the result of apiKeys.isApiKey", isApiKey(credential)),
    ));
}

function resolveKinds(kinds: unknown = KINDS): ReadonlySet<ApiKeyKind> {
  const rule = `an array of one or more of ${KINDS.join(", ")}`;
  const isKind = (value: unknown): value is ApiKeyKind => KINDS.some((kind) => kind === value);
  if (!Array.isArray(kinds) || kinds.length === 0) {
    throw new BrokenRule("apiKeys.kinds", rule, describe(kinds));
  }
  const unknown = kinds.find((kind) => !isKind(kind));
  if (unknown !== undefined) {
    throw new BrokenRule("apiKeys.kinds", rule, `${describe(unknown)} in it`);
  }
  return new Set(kinds.filter(isKind));
}
