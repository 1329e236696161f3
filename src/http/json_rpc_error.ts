/**
 * Refusals that are not about a token, as MCP clients read them. Pure: no clock, no network.
 *
 * @module
 */

/** JSON-RPC 2.0 §5.1; the first two are the MCP SDKs' own. */
const CODES = {
  transport: -32000,
  session_not_found: -32001,
  invalid_request: -32600,
  internal: -32603,
  parse: -32700,
} as const;

/**
 * Builds a refusal that is not about a token.
 *
 * @param status The HTTP status.
 * @param error Which JSON-RPC error it is.
 * @param message A fixed sentence.
 * @returns The response, not to be stored.
 */
export function buildJsonRpcError(
  status: number,
  error: keyof typeof CODES,
  message: string,
): Response {
  const body = { jsonrpc: "2.0", error: { code: CODES[error], message }, id: null };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Cache-Control": "no-store", "Content-Type": "application/json" },
  });
}
