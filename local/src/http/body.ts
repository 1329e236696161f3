/**
 * Reads request bodies up to a limit.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";

/** The error of a body that is longer than its limit; answered 413. */
export class BodyTooLongError extends RangeError {
  override readonly name = "BodyTooLongError";
}

/**
 * Reads a body as text.
 *
 * @param request The request.
 * @param maxBytes The limit.
 * @returns The body, decoded as UTF-8.
 * @throws {BodyTooLongError} The body is longer than the limit. The connection stays open, so that
 * the client can be answered.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLong = () => new BodyTooLongError(`the body must be at most ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLong();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
