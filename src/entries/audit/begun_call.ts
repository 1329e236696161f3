/**
 * Describes the calls of a request as they begin, and reads them where no gate has. No clock, no
 * network.
 *
 * @module
 */

import { MAX_BODY_BYTES } from "../../http/operation_gate.ts";
import { sessionsOf } from "../../http/sessions.ts";
import { readBytes } from "../../lib/body.ts";
import { isObject } from "../../lib/json.ts";
import type { AccessToken } from "../../oauth/access_token.ts";
import { type Call, isTooDeep, readCalls } from "../../operations/calls.ts";
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
  /** The sessions that it names. */
  readonly sessions: readonly string[];
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
  const [sessionId] = of.sessions;
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

/** The calls of a body. */
interface ReadBody {
  readonly calls: readonly Call[];
  readonly parsedBody: unknown;
}

/**
 * Reads the calls in a copy of a request's body, which is left to others.
 *
 * Unlike the gate of operations, it cannot keep the MCP server from reading the same bytes in another
 * way.
 *
 * @param request The request; its body can still be read.
 * @returns The calls, none for a request that is not a POST; `undefined` when the body cannot be
 * copied, is longer than 4 MiB or is not JSON-RPC.
 */
export async function readCopy(request: Request): Promise<ReadBody | undefined> {
  if (request.method !== "POST") return { calls: [], parsedBody: undefined };
  try {
    const bytes = await readBytes(request.clone(), MAX_BODY_BYTES);
    if (bytes === undefined) return undefined;
    const parsedBody: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const calls = isTooDeep(bytes) ? undefined : readCalls(parsedBody);
    return calls && { calls, parsedBody };
  } catch {
    // Not JSON, a body that was read before, or the class of an adapter that cannot be copied.
    return undefined;
  }
}
