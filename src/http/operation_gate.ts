/**
 * The gate of single operations: reads a request's body once, has the policy judge its calls, and
 * forwards exactly the body that was judged.
 *
 * @module
 */

import { type AccessToken, type AccessTokenPolicy, scopeMissing } from "../oauth/access_token.ts";
import { declaresBody, isPlainUtf8, readTextOrBytes } from "../lib/body.ts";
import { copyWithout } from "../lib/copy_request.ts";
import type { Emit } from "../events/events.ts";
import type { AuditedRequest } from "../operations/call_audit.ts";
import { type Call, hasTooLargeNumber, isTooDeep, readCalls } from "../operations/calls.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import { createListRewrite, rewriteResponse } from "./rewrite_response.ts";
import type { List } from "../operations/lists.ts";
import type { OperationPolicy, OperationVerdict } from "../operations/policy.ts";
import type { RuleWatch } from "../operations/rule_watch.ts";
import { buildRefusal } from "../oauth/refusal_response.ts";
import { buildCallRefused, buildOperationRefused } from "../events/token_events.ts";

/** The longest body that is read: 4 MiB, as in the MCP SDKs. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** A longer body, in characters or bytes, is written when the MCP server reads it, as a stream. */
const MAX_EAGER_LENGTH = 16 * 1024;

const decoder = new TextDecoder();

/** A request that may go on to the MCP server. */
export interface Admission {
  readonly caller: AccessToken;
  /** Its body can still be read; the client's credentials are gone. */
  readonly request: Request;
  /** `undefined` when the body was not read, or is empty. */
  readonly parsedBody: unknown;
  /** Removes from the answer what the caller may not see; `undefined` when it can stay as it is. */
  readonly filter: ((response: Response) => Promise<Response>) | undefined;
}

/**
 * Decides about a request whose token was verified: the request to forward, or the refusal.
 * `audited` is there with the option `audit` alone.
 */
export type OperationGate = (
  request: Request,
  caller: AccessToken,
  tokenPolicy: AccessTokenPolicy,
  audited: AuditedRequest | undefined,
  /** The method of the client's request, where `request` is built of a parsed body. */
  method?: string,
) => Admission | Response | Promise<Admission | Response>;

interface Allowed {
  /** As the newest answer about the token describes it. */
  readonly caller: AccessToken;
  /** The lists in the answer that depend on the caller. */
  readonly lists: readonly List[] | undefined;
}

/** The parts that a gate of operations works with. */
interface OperationGateParts {
  readonly operationPolicy: OperationPolicy;
  /** Notices rules that match nothing in the lists. */
  readonly ruleWatch: RuleWatch;
  readonly emit: Emit;
  /** Introspects the caller's token now, past the cache, and judges the answer. */
  readonly verifyFresh: (
    caller: AccessToken,
    tokenPolicy: AccessTokenPolicy,
  ) => Promise<AccessToken>;
}

/**
 * Creates the gate of a server with the option `operations`.
 *
 * The body alone decides, never a header that repeats it, whatever its content type. An empty body is
 * forwarded. One that is not JSON is refused, since an MCP server may read more than JSON (`NaN`,
 * UTF-16, one value after another); and so is one that two parsers could read in two ways.
 *
 * @param parts The policy, and how a token is introspected anew.
 * @returns The gate. It rejects with the error that a function among the rules throws.
 */
export function createOperationGate(parts: OperationGateParts): OperationGate {
  const { operationPolicy, ruleWatch, emit, verifyFresh } = parts;
  const allLists = operationPolicy.lists.length > 0 ? operationPolicy.lists : undefined;

  function admit(
    caller: AccessToken,
    request: Request,
    parsedBody: unknown,
    lists: readonly List[] | undefined,
    audited: AuditedRequest | undefined,
  ): Admission {
    // The filter and the audit have to read the answer, so the MCP server must not compress it.
    if (lists ?? audited) request.headers.delete("Accept-Encoding");
    if (lists === undefined) return { caller, request, parsedBody, filter: undefined };
    const rewrite = createListRewrite(
      lists,
      (list, entry) => operationPolicy.isListed(list, entry, caller),
      ruleWatch.watch(parsedBody, caller),
    );
    return {
      caller,
      request,
      parsedBody,
      filter: (response) => rewriteResponse(response, rewrite),
    };
  }

  /** Asks PropelAuth about the caller's token again, and judges the calls by its answer. */
  async function judgeAnew(
    calls: readonly Call[],
    caller: AccessToken,
    tokenPolicy: AccessTokenPolicy,
    audited: AuditedRequest | undefined,
  ): Promise<Allowed | Response> {
    let judged: AccessToken;
    try {
      judged = await verifyFresh(caller, tokenPolicy);
    } catch (error) {
      audited?.refuse(error);
      return buildRefusal(error, tokenPolicy);
    }
    return conclude(operationPolicy.judge(calls, judged), judged, tokenPolicy, audited);
  }

  function conclude(
    verdict: OperationVerdict,
    judged: AccessToken,
    tokenPolicy: AccessTokenPolicy,
    audited: AuditedRequest | undefined,
  ): Allowed | Response {
    switch (verdict.kind) {
      case "unknown":
        emit?.(buildOperationRefused(judged, verdict.name));
        audited?.refuse(undefined);
        return buildJsonRpcError(
          403,
          "invalid_request",
          "This server does not offer this operation",
        );
      case "scope_missing": {
        const error = scopeMissing(judged, verdict.scopes);
        emit?.(buildCallRefused(judged, error, verdict.lacking, true));
        audited?.refuse(error);
        return buildRefusal(error, tokenPolicy);
      }
      case "allowed":
        return { caller: judged, lists: verdict.lists };
    }
  }

  return async (request, caller, tokenPolicy, audited, method = request.method) => {
    const json = await readBody(request);
    if (json instanceof Response) return json;
    if (json === undefined || json.length === 0) {
      // A resumed GET stream may contain any list, so all of them are filtered.
      const forwarded = copyWithout("authorization", request, json && "");
      return admit(caller, forwarded, undefined, allLists, audited);
    }
    // Decoded like `Request.json()`: without a byte order mark, and bytes that are not UTF-8 replaced.
    const text = typeof json === "string" ? json : decoder.decode(json);
    let parsedBody: unknown;
    try {
      parsedBody = JSON.parse(text);
    } catch {
      return buildJsonRpcError(400, "parse", "The request body must be JSON");
    }
    const isReadable = !isTooDeep(json) && !hasTooLargeNumber(text, parsedBody);
    const calls = isReadable ? readCalls(parsedBody) : undefined;
    if (calls === undefined) return buildJsonRpcError(400, "invalid_request", "Invalid Request");
    const busy = audited?.begin(caller, calls, parsedBody);
    if (busy !== undefined) return busy;
    const verdict = operationPolicy.judge(calls, caller);
    // Awaited only where it has to be, as in the endpoint.
    const allowed = verdict.kind === "allowed" && verdict.fresh
      ? await judgeAnew(calls, caller, tokenPolicy, audited)
      : conclude(verdict, caller, tokenPolicy, audited);
    if (allowed instanceof Response) return allowed;
    // Written anew from the judged value: another parser could read the original bytes otherwise. A long
    // body is written when it is read, which an MCP server that takes the parsed body never does.
    const write = () => JSON.stringify(parsedBody);
    const body = json.length > MAX_EAGER_LENGTH ? write : write();
    const forwarded = copyWithout("authorization", request, body);
    // The body of a POST alone says what is in the answer, and only if there is a call in it: the stream of a
    // GET may contain any list, whatever a body parser found on it.
    const lists = calls.length > 0 && method === "POST" ? allowed.lists : allLists;
    return admit(allowed.caller, forwarded, parsedBody, lists, audited);
  };
}

/** Reads the body: its text or bytes, `undefined` when there is none, or the refusal to send. */
async function readBody(request: Request): Promise<string | Uint8Array | undefined | Response> {
  const { headers } = request;
  const declared = declaresBody(headers);
  // `body` is looked at only where it must be: that makes a stream of it, which takes longer to read.
  if (!declared && request.body === null) return undefined;
  // An MCP server could decode other JSON than the one that was judged.
  if (!isPlainUtf8(headers)) {
    return buildJsonRpcError(415, "transport", "The request body must be plain UTF-8");
  }
  try {
    const json = await readTextOrBytes(request, MAX_BODY_BYTES);
    if (json === undefined) {
      const message = `The request body must not exceed ${MAX_BODY_BYTES} bytes`;
      return buildJsonRpcError(413, "transport", message);
    }
    // The headers announce a body, but an adapter in front of us (a body parser) has consumed it. The
    // MCP server might read that body from elsewhere, and it was never judged.
    const isMissing = declared && json.length === 0 && request.body === null;
    if (!isMissing) return json;
  } catch {
    // The client's connection broke off.
  }
  return buildJsonRpcError(400, "parse", "The request body could not be read");
}
