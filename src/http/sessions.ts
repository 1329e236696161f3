/**
 * The owners of sessions of the older MCP transports: Streamable HTTP names a session in the header
 * `Mcp-Session-Id`, HTTP+SSE in the query of the URL that its stream sends first.
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";
import { sha256 } from "../lib/digest.ts";
import { createLineReader } from "../lib/lines.ts";
import { createTtlCache } from "../lib/ttl_cache.ts";

/** How many sessions are remembered; past it the least recently used one goes. */
const MAX_SESSIONS = 10_000;

/** The most values that a request may present: each is hashed, which takes time. */
export const MAX_PRESENTED_SESSIONS = 100;

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
 */
export function createSessions(): Sessions {
  const owners = createTtlCache<string>(MAX_SESSIONS);
  return {
    belongsTo(sessionId: string, caller: AccessToken): boolean {
      const owner = owners.get(sha256(sessionId), 0);
      return owner === undefined || owner === identify(caller);
    },
    assign(sessionId: string, caller: AccessToken): void {
      // Session ids come from outside and can have any length; a digest bounds the table's memory.
      const key = sha256(sessionId);
      if (owners.get(key, 0) === undefined) owners.set(key, identify(caller), Infinity);
    },
  };
}

/** One user through one client at one resource, whichever token the client sends. */
function identify({ clientId, subject, resource }: AccessToken): string {
  return JSON.stringify([clientId, subject ?? null, resource.href]);
}

/**
 * Lists every value of a request that the MCP server may read as a session id: the header
 * `Mcp-Session-Id` and each value of the query.
 *
 * The names in the query do not count, since parsers disagree about them: some read `sessionId[]` as
 * `sessionId`.
 *
 * @param request The request.
 * @returns The values; one that is not a session id has no owner.
 */
export function listPresentedSessions(request: Request): Set<string> {
  const presented = new Set<string>();
  const header = request.headers.get("Mcp-Session-Id");
  if (header !== null) presented.add(header);
  // Most requests have no query, and parsing a URL takes longer than all the rest here.
  if (!request.url.includes("?")) return presented;
  for (const value of new URL(request.url).searchParams.values()) {
    if (value !== "") presented.add(value);
  }
  return presented;
}

/**
 * Tells whether a request is the first of a session: `initialize`, or `server/discover`.
 *
 * By its headers alone, since the body of a caller who is not verified is not read: either
 * `Mcp-Method` names it, or the request has neither a session nor a negotiated version.
 *
 * @param request The request.
 * @returns Whether it starts a session.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#protocol-version-header | MCP Transports, Protocol Version Header}
 */
export function startsSession({ method, headers }: Request): boolean {
  if (method !== "POST") return false;
  const named = headers.get("Mcp-Method");
  if (named !== null) return named === "initialize" || named === "server/discover";
  return !headers.has("Mcp-Session-Id") && !headers.has("MCP-Protocol-Version");
}

/** How many bytes of a stream are searched for the event `endpoint`: a server sends it first. */
const MAX_SEARCHED_LENGTH = 8192;

/**
 * Creates a function that finds the session of an HTTP+SSE stream in its events `endpoint`.
 *
 * @param onSession Receives the session id, before the piece that completes the event is sent.
 * @returns The function; it takes the pieces of the stream in order.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse | MCP HTTP with SSE}
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation | HTML, event streams}
 */
export function createEndpointReader(
  onSession: (sessionId: string) => void,
): (piece: Uint8Array | string) => void {
  let left = MAX_SEARCHED_LENGTH;
  const readLines = createLineReader();
  let name = "";
  let data = "";

  function readLine(line: string): void {
    if (line === "") {
      if (name === "endpoint") sessionsOf(data).forEach(onSession);
      name = data = "";
    } else if (line.startsWith("event:")) name = line.slice(6).replace(/^ /, "");
    else if (line.startsWith("data:")) data += line.slice(5).replace(/^ /, "");
  }

  return (piece) => {
    if (left === 0) return;
    const searched = piece.slice(0, left);
    left -= searched.length;
    readLines(searched).forEach(readLine);
  };
}

/**
 * Lists the sessions in the URL to which a client of HTTP+SSE sends its messages. The MCP SDKs for
 * TypeScript call the parameter `sessionId`, those for Python `session_id`.
 *
 * @param endpoint The URL, or its path and query.
 * @returns The session ids.
 */
export function sessionsOf(endpoint: string): string[] {
  const base = "http://localhost";
  if (!URL.canParse(endpoint, base)) return [];
  return [...new URL(endpoint, base).searchParams]
    .flatMap(([name, value]) => /^session_?id$/i.test(name) ? [value] : []);
}
