/**
 * Reads the calls of a request whose body is left to others.
 *
 * @module
 */

import { MAX_BODY_BYTES } from "../../http/operation_gate.ts";
import { readBytes } from "../../lib/body.ts";
import { type Call, isTooDeep, readCalls } from "../../operations/calls.ts";

/** The calls of a body. */
interface ReadBody {
  readonly calls: readonly Call[];
  readonly parsedBody: unknown;
}

/**
 * Reads the calls in a copy of a request's body.
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
