/**
 * An API key of PropelAuth's end users, as types.
 *
 * @module
 */

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
