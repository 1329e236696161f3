/**
 * What a caller may set, as types. What it means and is checked for stands in `options.ts`.
 *
 * @module
 */

/** A person who can sign in. No password: whoever reaches the stand-in can be anyone. */
export interface LocalUser {
  /**
   * The user id, a UUID: `sub` in introspection responses. When absent it is derived from the
   * e-mail address, so it is the same at every start.
   */
  id?: string;
  /** The e-mail address; no two users may share one. */
  email: string;
  /** The organization's id, answered as `org_id`. */
  orgId?: string;
  /** The organization's name, for the pages. */
  orgName?: string;
  /** The user's role in the organization, answered as `org_role`. */
  orgRole?: string;
  /** The scopes that the user may grant to a client; when absent, all that are configured. */
  grantableScopes?: string[];
  /** For the pages. */
  firstName?: string;
  /** For the pages. */
  lastName?: string;
}

/** A scope as PropelAuth's dashboard has it. */
export interface LocalScope {
  /** The scope itself, such as `read:user_data`. */
  name: string;
  /** One sentence for the consent page. */
  description?: string;
  /**
   * Whether the user may decline it and still sign in: the consent page then has a checkbox.
   *
   * @default {false}
   */
  optional?: boolean;
}

/** Everything that {@linkcode startLocalPropelAuth} takes. An unknown option is refused. */
export interface LocalPropelAuthOptions {
  /**
   * The port to listen on; with 0 any free one, told by `authUrl`.
   *
   * @default {0}
   */
  port?: number;
  /**
   * The name or address to listen on, which is also the one in every URL. It has to be loopback.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /**
   * Listens where other machines can reach it too. Anyone who does can sign in as any user.
   *
   * @default {false}
   */
  dangerouslyListenBeyondLoopback?: boolean;
  /**
   * Which `issuer` the metadata and the authorization response have, since PropelAuth was seen
   * with both: `"path"` is `{authUrl}/oauth/2.1`, `"bare"` is the Auth URL itself.
   *
   * @default {"path"}
   */
  issuerForm?: "path" | "bare";
  /**
   * The people who can sign in.
   *
   * @default {an owner and a member of Acme, and an admin of Globex}
   */
  users?: LocalUser[];
  /**
   * The scopes that are configured. A string is a scope that cannot be declined.
   *
   * @default {read:user_data, read:reports, write:reports and admin:org, the last two optional}
   */
  scopes?: (string | LocalScope)[];
  /**
   * The MCP servers that tokens may be for: any other `resource` is `invalid_target`. A trailing
   * slash on a bare origin makes no difference. When absent, every http and https URL is known.
   */
  resources?: string[];
  /**
   * Seconds that an access token lives: a whole number from 1 on.
   *
   * @default {5400}
   */
  accessTokenExpiresInSeconds?: number;
  /**
   * Seconds that a refresh token lives: a whole number from 1 on.
   *
   * @default {2592000}
   */
  refreshTokenExpiresInSeconds?: number;
  /**
   * Whether each refresh gives a new refresh token, as PropelAuth does. A used one then ends the
   * whole grant when it comes back, and of two refreshes at once one does so. With false the
   * first refresh token stays good.
   *
   * @default {true}
   */
  rotateRefreshTokens?: boolean;
  /**
   * Whether clients may register themselves; with false the endpoint is 404.
   *
   * @default {true}
   */
  dynamicRegistration?: boolean;
  /**
   * Whether an authorization request without `resource` or without `state` is refused, as
   * PropelAuth does. With false a request without `resource` gives a token without audience.
   *
   * @default {true}
   */
  requireResource?: boolean;
  /**
   * The e-mail address of a user who is signed in and allows everything without seeing a page:
   * the authorization endpoint then redirects straight back to the client. For scripts.
   */
  autoConsentAs?: string;
  /**
   * Client id for introspection: letters, digits, `_` and `-`.
   *
   * @default {generated}
   */
  introspectionClientId?: string;
  /**
   * Client secret for introspection: letters, digits, `_` and `-`.
   *
   * @default {generated}
   */
  introspectionClientSecret?: string;
  /**
   * Path of a file, readable by its owner alone, that keeps clients, grants, tokens, keys and
   * generated credentials over a restart. Its folder has to exist. When absent, all of that is
   * gone with the process.
   */
  stateFile?: string;
  /**
   * Receives the one line that tells where the stand-in listens, and one for every fault of its
   * own.
   *
   * @default {a line on standard error}
   */
  log?: (line: string) => void;
}

/** What the user chooses on the consent page. */
export interface LocalConsentChoice {
  /**
   * The checkboxes that stay checked. Scopes without a checkbox may be named or left out: they
   * are granted either way.
   *
   * @default {all that the page offers}
   */
  scopes?: string[];
  /**
   * Whether the user presses Deny.
   *
   * @default {false}
   */
  deny?: boolean;
}

/** An access token to be made without a login. */
export interface MintTokenOptions {
  /** The user: an id or an e-mail address. */
  subject: string;
  /**
   * The scopes that it holds, whether or not the user may grant them.
   *
   * @default {all that the user may grant}
   */
  scopes?: string[];
  /** Whom it is for: the URL of the MCP server, answered as `aud` to the letter. */
  resource: string;
  /**
   * Seconds that it lives: a whole number from 1 on.
   *
   * @default {accessTokenExpiresInSeconds}
   */
  expiresInSeconds?: number;
  /**
   * The client that it was issued to; need not be registered.
   *
   * @default {"minted"}
   */
  clientId?: string;
  /** Members put over those of the introspection response. */
  claims?: Record<string, unknown>;
}

/** A user with the id that introspection responses name. */
export interface LocalUserWithId extends LocalUser {
  /** The user id, a UUID. */
  id: string;
}

/** A running stand-in. */
export interface LocalPropelAuth extends AsyncDisposable {
  /** What PropelAuth calls the Auth URL: origin only, no trailing slash. */
  readonly authUrl: string;
  /** The issuer in the metadata, by `issuerForm`. */
  readonly issuer: string;
  /** Client id for introspection. */
  readonly introspectionClientId: string;
  /** Client secret for introspection. */
  readonly introspectionClientSecret: string;
  /** Who can sign in. */
  readonly users: readonly LocalUserWithId[];
  /** The scopes that are configured. */
  readonly scopes: readonly string[];
  /**
   * Makes an opaque access token without HTTP and without a login.
   *
   * @param options Whom it is for, and what it may do.
   * @returns The token.
   * @throws {TypeError} The user, a scope or the resource is unknown, or an option is malformed.
   * @throws {RangeError} `expiresInSeconds` is no whole number from 1 on.
   */
  mintToken(options: MintTokenOptions): Promise<string>;
  /**
   * Ends a token at once. An access token ends alone; with a refresh token its whole grant ends,
   * the access tokens included. A token that is not known is none to end.
   *
   * @param token An access token or a refresh token.
   */
  revoke(token: string): Promise<void>;
  /** Stops listening and drops every connection. Calling it again does nothing. */
  close(): Promise<void>;
}
