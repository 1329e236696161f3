/**
 * A running local PropelAuth, and the arguments of its functions, as types.
 *
 * @module
 */

import type { LimitApiKeysOptions, LocalApiKey, MintApiKeyOptions } from "./api_key_options.ts";
import type { LocalUserWithId } from "./local_options.ts";

/** The user's answer on the consent page. */
export interface LocalConsentChoice {
  /**
   * The scopes whose checkboxes stay checked. Scopes without a checkbox are granted whether they
   * are named here or not.
   *
   * @default {every checkbox of the page}
   */
  scopes?: string[];
  /**
   * Whether the user presses Deny.
   *
   * @default {false}
   */
  deny?: boolean;
}

/** Describes an access token that is issued without a login. */
export interface MintTokenOptions {
  /** The id or the e-mail address of the user. */
  subject: string;
  /**
   * The token's scopes. They may contain scopes that the user may not grant.
   *
   * @default {every scope that the user may grant}
   */
  scopes?: string[];
  /** The URL of the MCP server. Introspection responses contain it unchanged as `aud`. */
  resource: string;
  /**
   * Lifetime in seconds, a whole number of at least 1.
   *
   * @default {accessTokenExpiresInSeconds}
   */
  expiresInSeconds?: number;
  /**
   * The id of the client that it is issued to, registered or not.
   *
   * @default {"minted"}
   */
  clientId?: string;
  /** Members that are added to the introspection response, or replace members of it. */
  claims?: Record<string, unknown>;
}

/** A running local PropelAuth. */
export interface LocalPropelAuth extends AsyncDisposable {
  /** The Auth URL, as PropelAuth calls it: an origin without a trailing slash. */
  readonly authUrl: string;
  /** The issuer in the metadata, in the form that `issuerForm` chose. */
  readonly issuer: string;
  /** Client id of the MCP server's introspection requests. */
  readonly introspectionClientId: string;
  /** Client secret of the MCP server's introspection requests. */
  readonly introspectionClientSecret: string;
  /** The key of the backend API, which the MCP server validates API keys with. */
  readonly backendApiKey: string;
  /** The page on which a signed-in user makes, sees and revokes API keys. */
  readonly apiKeysUrl: string;
  /** The users who can sign in. */
  readonly users: readonly LocalUserWithId[];
  /** The names of the configured scopes. */
  readonly scopes: readonly string[];
  /**
   * Issues an opaque access token without HTTP and without a login.
   *
   * @param options The user, the audience, and what the token may do.
   * @returns The token.
   * @throws {TypeError} The user, a scope or the resource is unknown, or an option is malformed.
   * @throws {RangeError} `expiresInSeconds` is not a whole number of at least 1.
   */
  mintToken(options: MintTokenOptions): Promise<string>;
  /**
   * Makes an API key without the page.
   *
   * @param options The owner and the lifetime; without options, a generic key that never expires.
   * @returns The key. Only its hash is kept.
   * @throws {TypeError} The user or the organization is unknown, the user is not a member of the
   * organization, or an option is malformed.
   * @throws {RangeError} `expiresInSeconds` is not a whole number of at least 1.
   */
  mintApiKey(options?: MintApiKeyOptions): Promise<string>;
  /**
   * Lists the API keys that are valid.
   *
   * @returns The keys of every owner, the oldest first.
   */
  listApiKeys(): Promise<LocalApiKey[]>;
  /**
   * Makes the backend API answer 429 for a while: about one API key, with the seconds to wait in the
   * body, or to every request, as PropelAuth does when the whole backend API is limited.
   *
   * @param options The key and the time.
   * @throws {TypeError} An option is unknown or malformed.
   * @throws {RangeError} `waitSeconds` is not a whole number of at least 0.
   */
  limitApiKeys(options: LimitApiKeysOptions): Promise<void>;
  /**
   * Ends a token or an API key at once. An access token and an API key end alone. A refresh token
   * ends with its whole grant, access tokens included. Anything unknown changes nothing.
   *
   * @param token An access token, a refresh token or an API key.
   */
  revoke(token: string): Promise<void>;
  /** Stops listening and closes every connection. Calling it again does nothing. */
  close(): Promise<void>;
}
