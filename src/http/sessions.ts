/**
 * The owners of sessions of the older MCP transports.
 *
 * @module
 */

import { hash } from "node:crypto";
import type { AccessToken } from "../oauth/access_token.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** How many sessions are remembered; past it the least recently used one goes. */
export const MAX_SESSIONS = 10_000;

/** Remembers to which caller a session was handed out. A session is never a credential. */
export interface Sessions {
  /** Whether a caller may present a session: the caller owns it, or it has no owner. */
  belongsTo(sessionId: string, caller: AccessToken): boolean;
  /** Makes the caller to whom a response handed a session its owner, unless it has one already. */
  assign(sessionId: string, caller: AccessToken): void;
}

/**
 * Creates an empty table, for this process alone.
 *
 * A session that this process never handed out (after a restart, or from another instance) has no
 * owner until the MCP server answers with it.
 *
 * @returns The table.
 */
export function createSessions(): Sessions {
  const owners = createTtlCache<string>(MAX_SESSIONS);
  return {
    belongsTo(sessionId: string, caller: AccessToken): boolean {
      const owner = owners.get(digest(sessionId), 0);
      return owner === undefined || owner === identify(caller);
    },
    assign(sessionId: string, caller: AccessToken): void {
      const key = digest(sessionId);
      if (owners.get(key, 0) === undefined) owners.set(key, identify(caller), Infinity);
    },
  };
}

/** One user through one client at one resource, whichever token the client sends. */
function identify({ clientId, subject, resource }: AccessToken): string {
  return JSON.stringify([clientId, subject ?? null, resource.href]);
}

/** Session ids come from outside and can have any length; a digest bounds the table's memory. */
function digest(sessionId: string): string {
  return hash("sha256", sessionId, "hex");
}
