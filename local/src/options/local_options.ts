/**
 * The options of `startLocalPropelAuth`, as types. `resolve_options.ts` checks them.
 *
 * @module
 */

/** A person who can sign in. There are no passwords: anyone can sign in as any user. */
export interface LocalUser {
  /**
   * The user id, a UUID; `sub` in introspection responses. When absent it is derived from the
   * e-mail address, so that it is the same at every start.
   */
  id?: string;
  /** The e-mail address; no two users may share one. */
  email: string;
  /** The organization's id; `org_id` in introspection responses. */
  orgId?: string;
  /** The organization's name, shown on the pages. */
  orgName?: string;
  /** The user's role in the organization; `org_role` in introspection responses. */
  orgRole?: string;
  /**
   * The user's permissions in the organization; `user_permissions` in the answer about an API key.
   *
   * @default {none}
   */
  orgPermissions?: string[];
  /** The scopes that the user may grant to a client; when absent, every configured scope. */
  grantableScopes?: string[];
  /** Shown on the pages. */
  firstName?: string;
  /** Shown on the pages. */
  lastName?: string;
}

/** A user whose id is known: given, or derived from the e-mail address. */
export interface LocalUserWithId extends LocalUser {
  /** The user id, a UUID; `sub` in introspection responses. */
  id: string;
}

/** A scope as it is configured in PropelAuth's dashboard. */
export interface LocalScope {
  /** The `scope-token`, such as `read:user_data` (RFC 6749 §3.3). */
  name: string;
  /** One sentence for the consent page. */
  description?: string;
  /**
   * Whether the user may decline it and still sign in. The consent page then shows a checkbox.
   *
   * @default {false}
   */
  optional?: boolean;
}

/** Options of {@linkcode startLocalPropelAuth}. An unknown option is refused. */
export interface LocalPropelAuthOptions {
  /**
   * The port to listen on. With 0 the system chooses a free one, and `authUrl` contains it.
   *
   * @default {0}
   */
  port?: number;
  /**
   * The loopback name or address to listen on. It is the host of every URL.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /**
   * Allows a `hostname` that other machines can reach. Anyone there can sign in as any user.
   *
   * @default {false}
   */
  dangerouslyListenBeyondLoopback?: boolean;
  /**
   * The `issuer` in the metadata and in authorization responses: with `"path"` it is
   * `{authUrl}/oauth/2.1`, with `"bare"` the Auth URL itself. Environments of PropelAuth use both.
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
   * The configured scopes. A string is a scope that the user cannot decline.
   *
   * @default {read:user_data, read:reports, write:reports and admin:org, the last two optional}
   */
  scopes?: (string | LocalScope)[];
  /**
   * The URLs of the MCP servers that tokens may be issued for. A request for another `resource` is
   * answered `invalid_target` (RFC 8707 §2). A trailing slash after an origin makes no difference.
   * When absent, tokens may be issued for every http and https URL.
   */
  resources?: string[];
  /**
   * Lifetime of an access token in seconds, a whole number of at least 1.
   *
   * @default {5400}
   */
  accessTokenExpiresInSeconds?: number;
  /**
   * Lifetime of a refresh token in seconds, a whole number of at least 1.
   *
   * @default {2592000}
   */
  refreshTokenExpiresInSeconds?: number;
  /**
   * Whether each refresh issues a new refresh token, as PropelAuth does. A used refresh token that
   * is sent again then ends the whole grant (RFC 9700 §4.14.2): of two refreshes at once exactly
   * one succeeds, and its tokens end with the grant. With false the first refresh token stays valid.
   *
   * @default {true}
   */
  rotateRefreshTokens?: boolean;
  /**
   * Whether clients may register themselves (RFC 7591). With false the endpoint answers 404. At
   * most 500 clients are kept; the least recently used one without live tokens makes room.
   *
   * @default {true}
   */
  dynamicRegistration?: boolean;
  /**
   * Whether an authorization request without `resource` or `state` is refused, as PropelAuth does.
   * With false a request without `resource` leads to a token without an audience.
   *
   * @default {true}
   */
  requireResource?: boolean;
  /**
   * The e-mail address of a user who signs in and allows every scope without seeing a page: the
   * authorization endpoint redirects back to the client at once. For scripts.
   *
   * Only for clients on this machine: a redirect URI has to be loopback or have a private scheme
   * such as `cursor://` (RFC 8252 §7). Every other client is shown an error page, so that no code
   * leaves the machine without a user's consent.
   */
  autoConsentAs?: string;
  /**
   * Client id of the MCP server's introspection requests: letters, digits, `_` and `-`.
   *
   * @default {generated}
   */
  introspectionClientId?: string;
  /**
   * Client secret of the MCP server's introspection requests: letters, digits, `_` and `-`.
   *
   * @default {generated}
   */
  introspectionClientSecret?: string;
  /**
   * The key of the backend API, which validates API keys: letters, digits, `_` and `-`.
   *
   * @default {generated}
   */
  backendApiKey?: string;
  /**
   * Path of a file that keeps clients, grants, tokens, API keys and generated credentials over a
   * restart. Only its owner can read it. Its folder has to exist. When a later write
   * fails, a line is logged, and the next change writes the whole state again. When this option is
   * absent, the state ends with the process.
   */
  stateFile?: string;
  /**
   * Receives one line at the start, with the Auth URL, and one for each internal error.
   *
   * @default {writes to standard error}
   */
  log?: (line: string) => void;
}
