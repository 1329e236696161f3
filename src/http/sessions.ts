/**
 * The owners of sessions of the older MCP transports: Streamable HTTP names a session in the header
 * `Mcp-Session-Id`, HTTP+SSE in the query of the URL that its stream sends first.
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
      const owner = owners.get(keyOf(sessionId), 0);
      return owner === undefined || owner === identify(caller);
    },
    assign(sessionId: string, caller: AccessToken): void {
      const key = keyOf(sessionId);
      if (owners.get(key, 0) === undefined) owners.set(key, identify(caller), Infinity);
    },
  };
}

/** One user through one client at one resource, whichever token the client sends. */
function identify({ clientId, subject, resource }: AccessToken): string {
  return JSON.stringify([clientId, subject ?? null, resource.href]);
}

/** Session ids come from outside and can have any length; a digest bounds the table's memory. */
function keyOf(sessionId: string): string {
  return hash("sha256", sessionId, "hex");
}

/**
 * Lists everything in a request that may be a session id: the header, and each value of the query.
 *
 * The name of the parameter is the MCP server's to read: some take `sessionId[]` for `sessionId`.
 *
 * @param request The request.
 * @returns The values, of which nearly all are no session ids.
 */
export function presentedSessions(request: Request): string[] {
  const header = request.headers.get("Mcp-Session-Id");
  const presented = header === null ? [] : [header];
  // Most requests have no query, and parsing a URL costs more than all else here.
  if (request.url.includes("?")) presented.push(...new URL(request.url).searchParams.values());
  return presented;
}

/** Where the event `endpoint` is looked for: it is the first one of a stream. */
const MAX_SEARCHED_LENGTH = 8192;

/**
 * Creates a reader that finds the session of an HTTP+SSE stream in its event `endpoint`.
 *
 * @param onSession Receives the session id, before the bytes that complete the event are sent.
 * @returns A function that takes each piece of the stream in turn.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse | MCP HTTP with SSE}
 */
export function createEndpointReader(
  onSession: (sessionId: string) => void,
): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let searching = true;
  let rest = "";
  return (bytes) => {
    if (!searching) return;
    const events = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/);
    rest = events.pop() ?? "";
    const endpoint = events.find((event) => /^event: ?endpoint$/m.test(event));
    searching = endpoint === undefined && rest.length <= MAX_SEARCHED_LENGTH;
    for (const sessionId of endpoint === undefined ? [] : sessionsOf(endpoint)) {
      onSession(sessionId);
    }
  };
}

/** The MCP SDKs for TypeScript call the parameter `sessionId`, those for Python `session_id`. */
function sessionsOf(endpoint: string): string[] {
  const url = /^data: ?(.*)$/m.exec(endpoint)?.[1] ?? "";
  const base = "http://localhost";
  if (!URL.canParse(url, base)) return [];
  return [...new URL(url, base).searchParams]
    .flatMap(([name, value]) => /^session_?id$/i.test(name) ? [value] : []);
}
