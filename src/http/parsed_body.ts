/**
 * Parses short JSON bodies once, for the gate and the MCP server.
 *
 * The MCP SDKs copy a request to read its body, unless they are given the parsed body. That copy
 * costs more than the gate.
 *
 * @module
 */

import { parseJson } from "../lib/json.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import { COPY_WITHOUT, copyWithout } from "../lib/copy_request.ts";
import type { Admission, OperationGate } from "./operation_gate.ts";

/** Longer bodies are forwarded unread, so that the MCP server's own limit holds: 64 KiB. */
const MAX_PARSED_BYTES = 64 * 1024;

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * The gate of a server without the option `operations`: parses a short JSON body, and forwards every other
 * request with its body unread. A server that takes no parsed body gains too: a text is forwarded in less
 * time than a stream.
 *
 * @param request The client's request.
 * @param caller The verified token.
 * @returns The request to forward, or 400 when its body breaks off.
 */
export const admitParsed: OperationGate = (request, caller) =>
  // A request that copies itself keeps its body for the handler behind it.
  !(COPY_WITHOUT in request) && hasShortJson(request)
    ? parseAndAdmit(request, caller)
    : admitUnread(request, caller);

function admitUnread(request: Request, caller: Admission["caller"]): Admission {
  const forwarded = copyWithout("authorization", request);
  return { caller, request: forwarded, parsedBody: undefined, filter: undefined };
}

function hasShortJson({ method, headers, bodyUsed }: Request): boolean {
  const length = Number(headers.get("Content-Length") ?? 0);
  return method === "POST" && length > 0 && length <= MAX_PARSED_BYTES && !bodyUsed &&
    JSON_TYPE.test(headers.get("Content-Type") ?? "") && !headers.has("Content-Encoding");
}

async function parseAndAdmit(
  request: Request,
  caller: Admission["caller"],
): Promise<Admission | Response> {
  let text: string;
  try {
    text = await request.text();
  } catch {
    return buildJsonRpcError(400, "parse", "The request body could not be read");
  }
  const forwarded = copyWithout("authorization", request, text);
  // Of a body that is not JSON the MCP server reads the text, and refuses it.
  return { caller, request: forwarded, parsedBody: parseJson(text), filter: undefined };
}
