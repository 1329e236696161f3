/**
 * An API key of PropelAuth's end users, as types, and the table that finds the code of the entry
 * `api-keys` behind one.
 *
 * @module
 */

import type { AccessTokenError } from "./errors.ts";

/** The kinds of credentials with which a client can call. */
export type CredentialType = "access_token" | "api_key";

/** The owner of an API key: a user (`personal`), an organization, or nobody (`generic`). */
export type ApiKeyKind = "personal" | "organization" | "generic";

/** An API key that PropelAuth called valid, frozen. An absent member was not in its answer. */
export interface VerifiedApiKey {
  /** The kind of owner. */
  readonly kind: ApiKeyKind;
  /** The object that was given when the key was made; empty when there was none. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** PropelAuth's user id: the owner of a personal key, the maker of an organization's. */
  readonly subject?: string;
  /** That user's e-mail address. */
  readonly email?: string;
  /** The id of the organization whose key it is. */
  readonly orgId?: string;
  /** The name of that organization. */
  readonly orgName?: string;
  /** The role of the key's maker in that organization. */
  readonly orgRole?: string;
  /** The permissions of the key's maker in that organization. */
  readonly permissions: readonly string[];
}

/** How callers with an API key are answered where that differs from a token: code of the entry. */
export interface KeyAnswers {
  /** Creates the error of a key that lacks one of the scopes that are needed. */
  readonly scopeMissing: (scopes: readonly string[]) => AccessTokenError;
  /** Changes what the MCP server answered; returns the same response where nothing has to change. */
  readonly finish: (response: Response) => Response;
}

/** The entry adds each key that it reads. */
export const keyAnswers: WeakMap<VerifiedApiKey, KeyAnswers> = new WeakMap();

/**
 * Finds how a caller with an API key is answered.
 *
 * @param caller The caller, or the facts about its credential.
 * @returns `undefined` for an access token.
 */
export function answersFor(
  { apiKey }: { readonly apiKey?: VerifiedApiKey },
): KeyAnswers | undefined {
  return apiKey && keyAnswers.get(apiKey);
}
