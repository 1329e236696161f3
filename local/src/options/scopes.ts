/**
 * The configured scopes, and what a client's request asks of them. Pure: no clock, no network.
 *
 * @module
 */

import type { LocalScope } from "./local_propelauth_options.ts";

/** A configured scope with every default in place. */
export type ResolvedScope = Required<LocalScope>;

/**
 * Held by every grant beside the configured scopes and shown to nobody: with it a user who grants
 * nothing else still gets a token, which then has an empty scope.
 */
export const SIGNED_IN = "local-propelauth:signed-in";

/** The scopes of a stand-in that was told none. */
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
 * Reads a `scope` parameter. Clients ask for scopes that no dashboard has, `offline_access` and
 * `openid` above all: those are left out. A request that names none of ours asks for all.
 *
 * @param parameter The parameter, `null` when absent.
 * @param configured The names of the configured scopes.
 * @returns The scopes asked for, in the order of the configuration.
 */
export function parseAskedScopes(
  parameter: string | null,
  configured: readonly string[],
): readonly string[] {
  const named = new Set((parameter ?? "").split(" "));
  const asked = configured.filter((scope) => named.has(scope));
  return asked.length === 0 ? configured : asked;
}
