/**
 * The tools of the protected server, and the scopes that they need.
 *
 * @module
 */
import type { PropelAuthOptions } from "@x/propelauth-mcp";

/** Every request needs the first scope; one tool needs the second too. */
export const SCOPES = ["read:reports", "write:reports"] as const;

/** The published scopes. No operation needs the last: only clients that ignore a 401 ask for it. */
export const PUBLISHED: readonly string[] = [...SCOPES, "admin:reports"];

/** The options of the server, as a user of this package would choose them. */
export const POLICY: Partial<PropelAuthOptions> = {
  requiredScopes: [SCOPES[0]],
  scopesSupported: [...PUBLISHED],
  // Listed for every caller, so that a client can call it and learn which scope is missing.
  operations: { tools: { write_report: { scopes: [SCOPES[1]], listed: "always" } } },
};
