/**
 * Checks the options of `mintToken` and adds their defaults. Pure: no clock, no network.
 *
 * @module
 */

import { createRules, describe, isRecord } from "./check_option.ts";
import type { LocalUserWithId } from "./local_options.ts";
import type { MintTokenOptions } from "./local_propelauth.ts";
import { isKnownResource, type ResolvedOptions } from "./resolve_options.ts";
import { findUser, mayGrant } from "./users.ts";

const rules = createRules("Cannot mint a token");
const MEMBERS: readonly (keyof MintTokenOptions)[] = [
  "subject",
  "scopes",
  "resource",
  "expiresInSeconds",
  "clientId",
  "claims",
];
const DEFAULT_CLIENT_ID = "minted";
const MAX_SECONDS = 2 ** 31;

interface ResolvedMintOptions {
  readonly user: LocalUserWithId;
  /** The scopes, separated by spaces. */
  readonly scope: string;
  readonly resource: string;
  readonly expiresIn: number;
  readonly clientId: string;
  readonly claims: Record<string, unknown>;
}

/**
 * Checks the options and adds the defaults.
 *
 * @param given The caller's options.
 * @param options The checked options of the local PropelAuth.
 * @returns The checked options with their defaults.
 * @throws {TypeError} The user, a scope or the resource is unknown, or an option is malformed.
 * @throws {RangeError} `expiresInSeconds` is not a whole number of at least 1.
 */
export function resolveMintOptions(
  given: MintTokenOptions,
  options: ResolvedOptions,
): ResolvedMintOptions {
  rules.members("options", given, MEMBERS);
  const user = findUser(options.users, given.subject);
  if (user === undefined) {
    const known = options.users.map(({ email }) => email).join(", ");
    const rule = `the id or e-mail address of a user: ${known}`;
    throw rules.breach("subject", rule, describe(given.subject));
  }
  if (!isKnownResource(options, given.resource)) {
    const known = options.resources?.join(", ") ?? "any http or https URL";
    throw rules.breach("resource", `a known resource: ${known}`, describe(given.resource));
  }
  const seconds = given.expiresInSeconds ?? options.accessTokenExpiresInSeconds;
  return {
    user,
    scope: resolveScope(given.scopes, user, options),
    resource: given.resource,
    expiresIn: rules.wholeNumber("expiresInSeconds", seconds, 1, MAX_SECONDS),
    clientId: rules.text("clientId", given.clientId ?? DEFAULT_CLIENT_ID),
    claims: resolveClaims(given.claims ?? {}),
  };
}

function resolveClaims(claims: unknown): Record<string, unknown> {
  if (isRecord(claims)) return claims;
  throw rules.breach("claims", "an object", describe(claims));
}

function resolveScope(scopes: unknown, user: LocalUserWithId, options: ResolvedOptions): string {
  const configured = options.scopes.map(({ name }) => name);
  const rule = `an array of configured scopes: ${configured.join(", ")}`;
  const requested = scopes ?? configured.filter((scope) => mayGrant(user, scope));
  for (const scope of rules.array("scopes", requested, rule)) {
    if (typeof scope !== "string" || !configured.includes(scope)) {
      throw rules.breach("scopes", rule, `${describe(scope)} in it`);
    }
  }
  return rules.array("scopes", requested, rule).join(" ");
}
