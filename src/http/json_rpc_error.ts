/**
 * Refusals that are not about a token, as MCP clients read them. Pure: no clock, no network.
 *
 * @module
 */

/** JSON-RPC code of a refusal by the transport, as the MCP SDKs use it. */
export const TRANSPORT_ERROR = -32000;
/** JSON-RPC code for an unknown session, as the MCP SDKs use it. */
export const SESSION_NOT_FOUND = -32001;
/** JSON-RPC code for a fault of the server (JSON-RPC 2.0 §5.1). */
export const INTERNAL_ERROR = -32603;
/** JSON-RPC code for a body that is not JSON (JSON-RPC 2.0 §5.1). */
export const PARSE_ERROR = -32700;
/** JSON-RPC code for JSON that is not a request (JSON-RPC 2.0 §5.1). */
export const INVALID_REQUEST = -32600;

/**
 * Builds a refusal that is not about a token.
 *
 * @param status The HTTP status.
 * @param code The JSON-RPC error code.
 * @param message A fixed sentence.
 * @returns The response, not to be stored.
 */
export function buildJsonRpcError(status: number, code: number, message: string): Response {
  const body = { jsonrpc: "2.0", error: { code, message }, id: null };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Cache-Control": "no-store", "Content-Type": "application/json" },
  });
}
