/**
 * Describes the calls of a request as they begin. Pure: no clock, no network.
 *
 * @module
 */

import { sessionsOf } from "../../http/sessions.ts";
import { isObject } from "../../lib/json.ts";
import type { AccessToken } from "../../oauth/access_token.ts";
import type { Call } from "../../operations/calls.ts";
import type { BegunCall } from "./observer.ts";

/** How many sessions of one request count; no client of MCP names more. */
const MAX_SESSIONS = 4;
/** The member of `_meta` that names the protocol version, from MCP 2026-07-28 on. */
const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({});
const NO_URIS: readonly string[] = Object.freeze([]);

/** A request, and the caller whose calls it carries. */
interface CallingRequest {
  readonly request: Request;
  readonly caller: AccessToken;
  /** Seconds since 1970. */
  readonly startedAt: number;
}

/**
 * Describes the calls of a request.
 *
 * @param of The request.
 * @param calls The calls of its body: one for each message that has a `method`, in their order.
 * @param parsedBody The body.
 * @returns The calls, in the same order.
 */
export function describeCalls(
  of: CallingRequest,
  calls: readonly Call[],
  parsedBody: unknown,
): BegunCall[] {
  const messages: readonly unknown[] = Array.isArray(parsedBody) ? parsedBody : [parsedBody];
  const begun: BegunCall[] = [];
  const version = of.request.headers.get("MCP-Protocol-Version") ?? undefined;
  const [sessionId] = sessionsIn(of.request);
  for (const message of messages) {
    const call = calls[begun.length];
    if (call === undefined || !isObject(message) || message["method"] === undefined) continue;
    begun.push(describeCall(of, call, message, version, sessionId));
  }
  return begun;
}

function describeCall(
  { request, caller, startedAt }: CallingRequest,
  { method, targets }: Call,
  message: Record<string, unknown>,
  version: string | undefined,
  sessionId: string | undefined,
): BegunCall {
  const { id } = message;
  const params = isObject(message["params"]) ? message["params"] : NOTHING;
  const meta = isObject(params["_meta"]) ? params["_meta"] : NOTHING;
  const [target] = targets;
  const isResource = target?.kind === "resources";
  const named = meta[VERSION_KEY] ??
    (method === "initialize" ? params["protocolVersion"] : undefined);
  return {
    method,
    name: isResource ? undefined : target?.name,
    uri: isResource && targets.length === 1 ? target.name : undefined,
    uris: isResource && targets.length > 1 ? targets.map(({ name }) => name) : NO_URIS,
    requestId: typeof id === "string" || typeof id === "number" ? id : undefined,
    protocolVersion: version ?? (typeof named === "string" ? named : undefined),
    sessionId,
    caller,
    startedAt,
    headers: request.headers,
    params,
    meta,
    arguments: target?.arguments ?? NOTHING,
  };
}

/**
 * Lists the sessions that a request names.
 *
 * @param request The request.
 * @returns The session ids, the one of the header first; of many the first four.
 */
export function sessionsIn(request: Request): readonly string[] {
  const header = request.headers.get("Mcp-Session-Id");
  // Most requests have no query, and parsing a URL takes longer than all the rest here.
  if (!request.url.includes("?")) return header === null ? NO_URIS : [header];
  const named = sessionsOf(request.url);
  return (header === null ? named : [header, ...named]).slice(0, MAX_SESSIONS);
}
