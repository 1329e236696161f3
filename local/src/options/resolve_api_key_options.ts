/**
 * Checks the options of `mintApiKey` and `limitApiKeys`. Pure: no clock, no network.
 *
 * @module
 */

import type { LimitApiKeysOptions, MintApiKeyOptions } from "./api_key_options.ts";
import { createRules, describe, isRecord } from "./check_option.ts";
import type { LocalUserWithId } from "./local_options.ts";
import { findUser } from "./users.ts";

const minting = createRules("Cannot mint an API key");
const limiting = createRules("Cannot limit API keys");
const MINT_MEMBERS: readonly (keyof MintApiKeyOptions)[] = [
  "subject",
  "orgId",
  "displayName",
  "metadata",
  "expiresInSeconds",
];
const LIMIT_MEMBERS: readonly (keyof LimitApiKeysOptions)[] = ["apiKey", "waitSeconds"];
const MAX_SECONDS = 2 ** 31;

/** Checked options of `mintApiKey`. */
export interface ResolvedApiKeyOptions {
  readonly user?: LocalUserWithId;
  readonly orgId?: string;
  readonly displayName?: string;
  readonly metadata?: Record<string, unknown>;
  readonly expiresInSeconds?: number;
}

/**
 * Checks the options of `mintApiKey`.
 *
 * @param given The caller's options.
 * @param users The users who can sign in.
 * @returns The checked options.
 * @throws {TypeError} The user or the organization is unknown, the user is not a member of the
 * organization, or an option is malformed.
 * @throws {RangeError} `expiresInSeconds` is not a whole number of at least 1.
 */
export function resolveApiKeyOptions(
  given: { readonly [Name in keyof MintApiKeyOptions]?: unknown },
  users: readonly LocalUserWithId[],
): ResolvedApiKeyOptions {
  const { subject, orgId, displayName, metadata, expiresInSeconds } = minting
    .members("options", given, MINT_MEMBERS);
  const user = subject === undefined ? undefined : requireUser(subject, users);
  if (orgId !== undefined) requireOrganization(orgId, user === undefined ? users : [user]);
  if (metadata !== undefined && !isRecord(metadata)) {
    throw minting.breach("metadata", "an object", describe(metadata));
  }
  return {
    ...(user && { user }),
    ...(typeof orgId === "string" && { orgId }),
    ...(displayName !== undefined && { displayName: minting.text("displayName", displayName) }),
    ...(metadata && { metadata }),
    ...(expiresInSeconds !== undefined && {
      expiresInSeconds: minting.wholeNumber("expiresInSeconds", expiresInSeconds, 1, MAX_SECONDS),
    }),
  };
}

/**
 * Checks the options of `limitApiKeys`.
 *
 * @param given The caller's options.
 * @returns The options.
 * @throws {TypeError} An option is unknown or malformed.
 * @throws {RangeError} `waitSeconds` is not a whole number of at least 0.
 */
export function resolveLimit(given: LimitApiKeysOptions): LimitApiKeysOptions {
  const { apiKey, waitSeconds } = limiting.members("options", given, LIMIT_MEMBERS);
  return {
    ...(apiKey !== undefined && {
      apiKey: limiting.secret("apiKey", apiKey, "a non-empty string", /\S/),
    }),
    waitSeconds: limiting.wholeNumber("waitSeconds", waitSeconds, 0, MAX_SECONDS),
  };
}

function requireUser(subject: unknown, users: readonly LocalUserWithId[]): LocalUserWithId {
  const user = findUser(users, subject);
  if (user !== undefined) return user;
  const known = users.map(({ email }) => email).join(", ");
  throw minting.breach(
    "subject",
    `the id or e-mail address of a user: ${known}`,
    describe(subject),
  );
}

function requireOrganization(orgId: unknown, users: readonly LocalUserWithId[]): void {
  const known = new Set(users.flatMap((user) => user.orgId ?? []));
  if (typeof orgId === "string" && known.has(orgId)) return;
  const rule = `the id of an organization of the user, or of any user when subject is absent: ${
    [...known].join(", ") || "there is none"
  }`;
  throw minting.breach("orgId", rule, describe(orgId));
}
