/**
 * Who owns which session of the older MCP transports.
 *
 * @module
 */

import { hash } from "node:crypto";
import type { AccessToken } from "../oauth/access_token.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** How many sessions are remembered; past it the least recently used one goes. */
export const MAX_SESSIONS = 10_000;

/** Remembers to whom a session was handed out. A session is never a credential. */
export interface Sessions {
  /** Whether a caller may present a session: it is theirs, or nobody's yet. */
  mayUse(sessionId: string, caller: AccessToken): boolean;
  /** Notes that a response handed a session to a caller; the first caller keeps it. */
  assign(sessionId: string, caller: AccessToken): void;
}

/**
 * Creates an empty table, for this process alone.
 *
 * A session that this process never handed out (a restart, another instance) belongs to nobody
 * until the MCP server answers with it.
 *
 * @returns The table.
 */
export function createSessions(): Sessions {
  const owners = createTtlCache<string>(MAX_SESSIONS);
  return {
    mayUse(sessionId: string, caller: AccessToken): boolean {
      const owner = owners.get(digest(sessionId), 0);
      return owner === undefined || owner === identify(caller);
    },
    assign(sessionId: string, caller: AccessToken): void {
      const key = digest(sessionId);
      if (owners.get(key, 0) === undefined) owners.set(key, identify(caller), Infinity);
    },
  };
}

/** The same person through the same client at the same resource, whichever token they hold. */
function identify({ clientId, subject, resource }: AccessToken): string {
  return JSON.stringify([clientId, subject ?? null, resource.href]);
}

/** Session ids come from outside and have no length of their own. */
function digest(sessionId: string): string {
  return hash("sha256", sessionId, "hex");
}
