/**
 * The configured scopes, and reading a client's `scope` parameter. Pure: no clock, no network.
 *
 * @module
 */

import type { LocalScope } from "./local_options.ts";

/** A configured scope with every default in place. */
export type ResolvedScope = Required<LocalScope>;

/**
 * A scope that every grant contains and no page or token shows. oidc-provider refuses a grant
 * without scopes; with this one, a user who declines every scope still gets a token, whose `scope`
 * is empty.
 */
export const SIGNED_IN = "local-propelauth:signed-in";

/** Our own parameter of an authorization request, with the scopes that are not configured. */
export const UNKNOWN_SCOPES = "local-propelauth:unknown-scopes";

/** The scopes when the option `scopes` is absent. */
export const DEFAULT_SCOPES: readonly ResolvedScope[] = [
  {
    name: "read:user_data",
    description: "See your name, your e-mail address and your organization",
    optional: false,
  },
  { name: "read:reports", description: "Read the reports of your organization", optional: false },
  { name: "write:reports", description: "Create and change reports for you", optional: true },
  { name: "admin:org", description: "Manage your organization and its members", optional: true },
];

/** The scopes of OpenID Connect and refresh tokens: many clients send them unasked. */
const IGNORED_SCOPES: readonly string[] = [
  "openid",
  "offline_access",
  "profile",
  "email",
  "address",
  "phone",
];

/** The scopes of an authorization request. */
interface AskedScopes {
  /** The configured ones, in the order of the configuration. */
  readonly known: readonly string[];
  /** The names that are not configured: the request is refused (RFC 6749 §4.1.2.1). */
  readonly unknown: readonly string[];
}

/**
 * Reads a `scope` parameter. A parameter without any configured scope asks for all of them.
 *
 * @param parameter The parameter, `null` when absent.
 * @param configured The names of the configured scopes.
 * @returns The scopes; those of OpenID Connect are ignored unless they are configured.
 */
export function parseAskedScopes(
  parameter: string | null,
  configured: readonly string[],
): AskedScopes {
  const named = new Set((parameter ?? "").split(" ").filter((scope) => scope !== ""));
  const asked = configured.filter((scope) => named.has(scope));
  return {
    known: asked.length === 0 ? configured : asked,
    unknown: [...named].filter((scope) =>
      !configured.includes(scope) && !IGNORED_SCOPES.includes(scope)
    ),
  };
}
