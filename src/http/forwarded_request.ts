/**
 * The request that the MCP server gets.
 *
 * @module
 */

/**
 * Builds the same request without the client's credentials: they are not the MCP server's to see.
 *
 * @param request The client's request; its body may be used up when `body` is given.
 * @param body What stands in place of its body.
 * @returns The request to hand on.
 */
export function buildForwardedRequest(
  request: Request,
  body?: string | Uint8Array<ArrayBuffer>,
): Request {
  // Copied first: a server's own requests are immutable. Handing in changed headers costs four times
  // as much, since they are then parsed and checked anew.
  const copy = body === undefined ? new Request(request) : new Request(request, { body });
  copy.headers.delete("Authorization");
  if (body !== undefined) {
    // Of the body as it came; and a text would be given a type that the client did not say.
    copy.headers.delete("Content-Length");
    if (!request.headers.has("Content-Type")) copy.headers.delete("Content-Type");
  }
  return copy;
}
