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

/**
 * Reads a `scope` parameter. Scopes that are not configured are ignored: many clients send
 * `offline_access` or `openid`. A parameter without any configured scope asks for all of them.
 *
 * @param parameter The parameter, `null` when absent.
 * @param configured The names of the configured scopes.
 * @returns The requested scopes, in the order of the configuration.
 */
export function parseAskedScopes(
  parameter: string | null,
  configured: readonly string[],
): readonly string[] {
  const named = new Set((parameter ?? "").split(" "));
  const asked = configured.filter((scope) => named.has(scope));
  return asked.length === 0 ? configured : asked;
}
