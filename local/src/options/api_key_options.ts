/**
 * The options and results of the functions for API keys, as types. `resolve_api_key_options.ts` checks
 * them.
 *
 * @module
 */

/**
 * Describes an API key. With `subject` alone it is a personal key, with `orgId` an organization's key,
 * and without both a generic key.
 */
export interface MintApiKeyOptions {
  /**
   * The id or the e-mail address of the user: the owner of a personal key, or the maker of an
   * organization's key, who has to be a member.
   */
  subject?: string;
  /** The id of the organization that owns the key; a user has to be a member of it. */
  orgId?: string;
  /** The name of the key on the pages and in lists. */
  displayName?: string;
  /** Any JSON object; validations return it unchanged. */
  metadata?: Record<string, unknown>;
  /**
   * Lifetime in seconds, a whole number of at least 1.
   *
   * @default {unlimited}
   */
  expiresInSeconds?: number;
}

/** An API key in a list, without the key itself. Times are in seconds since 1970. */
export interface LocalApiKey {
  /** The id of the key: 32 hexadecimal digits. It cannot be used as a key. */
  readonly id: string;
  /** The owner: a user, an organization, or nobody. */
  readonly kind: "personal" | "organization" | "generic";
  /** The id of the owner of a personal key, or of the maker of an organization's key. */
  readonly userId?: string;
  /** The id of the organization that owns the key. */
  readonly orgId?: string;
  /** The name of the key. */
  readonly displayName?: string;
  /** The JSON object that was given with the key. */
  readonly metadata?: Record<string, unknown>;
  /** The time at which the key was made. */
  readonly createdAt: number;
  /** The time after which the key is not valid; absent when it never expires. */
  readonly expiresAt?: number;
}

/** Describes a rate limit of the backend API. */
export interface LimitApiKeysOptions {
  /** The API key whose validations are refused; when absent, every request is refused. */
  apiKey?: string;
  /** Seconds until the limit ends by itself, a whole number; 0 ends it at once. */
  waitSeconds: number;
}
