/**
 * The gate of single operations: reads a request's body once, has the policy judge it, and hands on
 * exactly what was judged.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import { readBytes } from "../lib/body.ts";
import { AccessTokenError } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import { buildForwardedRequest } from "./forwarded_request.ts";
import { isObject } from "../lib/json.ts";
import { isTooDeep, readCalls } from "../operations/calls.ts";
import {
  buildJsonRpcError,
  INVALID_REQUEST,
  PARSE_ERROR,
  TRANSPORT_ERROR,
} from "./json_rpc_error.ts";
import { type Rewrite, rewriteResponse } from "./rewrite_response.ts";
import type { List, OperationPolicy } from "../operations/policy.ts";
import { buildRefusal } from "../oauth/refusal.ts";
import { buildCallRefused, buildOperationRefused } from "../events/token_events.ts";

/** The longest body that is read: 4 MiB, as in the MCP SDKs. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The parameters that say what we assume; of two, servers do not agree which one counts. */
const UTF8 = /;\s*charset\s*=\s*("?)(?:utf-?8|us-ascii)\1\s*(?=;|$)/gi;
const UNREADABLE = "The request body could not be read";

/** A request that may go on. */
export interface Admission {
  readonly caller: AccessToken;
  /** With an intact body, and no credentials. */
  readonly request: Request;
  /** `undefined` when the body is empty, or no JSON. */
  readonly parsedBody: unknown;
  /** Takes out of the answer what the caller is not to see; `undefined` when there is nothing. */
  readonly filter: ((response: Response) => Promise<Response>) | undefined;
}

/** What a gate of operations is made of. */
export interface OperationGateOptions {
  readonly policy: OperationPolicy;
  readonly emit: Emit;
  /** Verifies a caller's token by an answer of now. */
  readonly verifyFresh: (caller: AccessToken, policy: AccessTokenPolicy) => Promise<AccessToken>;
}

/** Judges what a caller's request asks for: the request to hand on, or the response to send. */
export type OperationGate = (
  request: Request,
  caller: AccessToken,
  door: AccessTokenPolicy,
) => Promise<Admission | Response>;

/**
 * Creates the gate.
 *
 * The body alone decides, never a header that repeats it. What is no JSON goes on as it came; what
 * two parsers could read in two ways is refused.
 *
 * @param options What it is made of.
 * @returns The gate. It rejects for what a function among the rules throws.
 */
export function createOperationGate(options: OperationGateOptions): OperationGate {
  const { policy, emit, verifyFresh } = options;

  function admit(
    caller: AccessToken,
    request: Request,
    parsedBody: unknown,
    lists: readonly List[] | undefined,
  ): Admission {
    if (lists === undefined) return { caller, request, parsedBody, filter: undefined };
    // The answer has to be read here.
    request.headers.delete("Accept-Encoding");
    const rewrite = createRewrite(lists, caller);
    const filter = (response: Response) => rewriteResponse(response, rewrite);
    return { caller, request, parsedBody, filter };
  }

  function createRewrite(lists: readonly List[], caller: AccessToken): Rewrite {
    return (message) => {
      const result = isObject(message) ? message["result"] : undefined;
      if (!isObject(result)) return false;
      let changed = false;
      for (const list of lists) {
        const entries: unknown = result[list.member];
        if (!Array.isArray(entries)) continue;
        const listed = entries.filter((entry) => policy.isListed(list, entry, caller));
        changed ||= listed.length < entries.length;
        result[list.member] = listed;
      }
      // MCP 2026-07-28, Caching: only results of that revision say how they may be kept.
      if (("cacheScope" in result || "ttlMs" in result) && result["cacheScope"] !== "private") {
        result["cacheScope"] = "private";
        changed = true;
      }
      return changed;
    };
  }

  function refuseCall(
    caller: AccessToken,
    error: AccessTokenError,
    door: AccessTokenPolicy,
  ): Response {
    emit?.(buildCallRefused(caller, error));
    return buildRefusal(error, door);
  }

  return async (request, caller, door) => {
    /** What is asked for is not known: a stream that is taken up again, or no JSON. */
    const admitUnread = (forwarded: Request): Admission =>
      admit(caller, forwarded, undefined, policy.lists.length > 0 ? policy.lists : undefined);
    // The body itself is looked at last: that makes a stream of it, which takes longer to read.
    const declared = declaresBody(request.headers);
    if (!declared && request.body === null) return admitUnread(buildForwardedRequest(request));
    const bytes = await readBody(request);
    if (bytes instanceof Response) return bytes;
    // Whoever stands before us kept it: what comes behind may read what was not judged.
    if (declared && bytes.length === 0 && request.body === null) {
      return buildJsonRpcError(400, PARSE_ERROR, UNREADABLE);
    }
    let parsedBody: unknown;
    try {
      // As `Request.json()` decodes: a stricter reader would take for no JSON what a server reads.
      parsedBody = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return admitUnread(buildForwardedRequest(request, bytes));
    }
    const calls = isTooDeep(bytes) ? undefined : readCalls(parsedBody);
    if (calls === undefined) return buildJsonRpcError(400, INVALID_REQUEST, "Invalid Request");
    let judged = caller;
    let verdict = policy.judge(calls, judged);
    if (verdict.kind === "allowed" && verdict.fresh) {
      try {
        judged = await verifyFresh(caller, door);
      } catch (error) {
        return buildRefusal(error, door);
      }
      verdict = policy.judge(calls, judged);
    }
    switch (verdict.kind) {
      case "unknown":
        emit?.(buildOperationRefused(judged, verdict.name));
        return buildJsonRpcError(403, INVALID_REQUEST, "This server does not offer this operation");
      case "scope_missing":
        return refuseCall(judged, new AccessTokenError("scope_missing", verdict.scopes), door);
      case "allowed":
        // As it was judged, and not as it came: another parser could read that otherwise.
        return admit(
          judged,
          buildForwardedRequest(request, JSON.stringify(parsedBody)),
          parsedBody,
          verdict.lists,
        );
    }
  };
}

async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer> | Response> {
  const { headers } = request;
  const encoding = headers.get("Content-Encoding") ?? "identity";
  const type = (headers.get("Content-Type") ?? "").replace(UTF8, "");
  // What we would take for no JSON, a server behind us could decode.
  if (!/^identity$/i.test(encoding) || /charset/i.test(type)) {
    return buildJsonRpcError(415, TRANSPORT_ERROR, "The request body must be plain UTF-8");
  }
  try {
    const bytes = await readBytes(request, MAX_BODY_BYTES);
    if (bytes !== undefined) return bytes;
  } catch {
    return buildJsonRpcError(400, PARSE_ERROR, UNREADABLE);
  }
  return buildJsonRpcError(
    413,
    TRANSPORT_ERROR,
    `The request body must not exceed ${MAX_BODY_BYTES} bytes`,
  );
}

// RFC 9112 §6: what says that a message has a body.
function declaresBody(headers: Headers): boolean {
  return headers.has("Transfer-Encoding") || Number(headers.get("Content-Length") ?? 0) !== 0;
}
