/**
 * Bodies of requests and responses: reads them up to a limit, and the fields about them. No clock, no
 * network of its own.
 *
 * @module
 */

/**
 * Reads a body as UTF-8 text, up to a limit.
 *
 * @param response The response; its body is used up, or cancelled past the limit.
 * @param maxBytes The most that is read.
 * @returns The text, or `undefined` when it is longer or not UTF-8.
 * @throws {Error} The network's own error when the body breaks off.
 */
export async function readText(response: Response, maxBytes: number): Promise<string | undefined> {
  // A declared length says nothing: it may be that of a compressed body.
  const bytes = await readStream(response.body, maxBytes);
  try {
    return bytes && new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Reads a request's body, up to a limit.
 *
 * @param request The request; its body is used up, or cancelled past the limit.
 * @param maxBytes The most that is read.
 * @returns The bytes, or `undefined` when there are more.
 * @throws {Error} The network's own error when the body breaks off.
 */
export async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const declared = Number(request.headers.get("Content-Length") ?? NaN);
  // HTTP servers enforce Content-Length, so a declared length within the limit can be read in one
  // go, which takes half the time; of a longer one nothing is read.
  if (!(declared <= maxBytes)) {
    return await readStream(request.body, declared > maxBytes ? -1 : maxBytes);
  }
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length <= maxBytes ? bytes : undefined;
}

async function readStream(
  body: Request["body"],
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return concatenate(pieces, length);
    pieces.push(value);
    length += value.length;
  }
  abandon(reader.cancel());
  return undefined;
}

/** The longest body, in bytes, that is read as text: 16 KiB. */
const MAX_SHORT_BYTES = 16 * 1024;

/**
 * Reads a request's body, up to a limit: a short one as text, which runtimes give faster than bytes.
 *
 * @param request The request; its body is used up, or cancelled past the limit.
 * @param maxBytes The most that is read.
 * @returns The text as `Request.text()` gives it, or the bytes; `undefined` when there are more.
 * @throws {Error} The network's own error when the body breaks off.
 */
export async function readTextOrBytes(
  request: Request,
  maxBytes: number,
): Promise<string | Uint8Array | undefined> {
  const declared = Number(request.headers.get("Content-Length") ?? NaN);
  if (!(declared <= MAX_SHORT_BYTES)) return await readBytes(request, maxBytes);
  const text = await request.text();
  if (text.length <= MAX_SHORT_BYTES) return text;
  // Longer than it declares, which an HTTP server does not let through.
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= maxBytes ? bytes : undefined;
}

/** The charset parameters that name UTF-8. Of two parameters, servers disagree which one counts. */
const UTF8 = /;\s*charset\s*=\s*("?)(?:utf-?8|us-ascii)\1\s*(?=;|$)/gi;

/** Whether header fields say that a message has a body (RFC 9112 §6). */
export function declaresBody(headers: Headers): boolean {
  return Number(headers.get("Content-Length") ?? 0) !== 0 || headers.has("Transfer-Encoding");
}

/** Whether header fields allow a body that is UTF-8 and not compressed, and no other. */
export function isPlainUtf8(headers: Headers): boolean {
  const encoding = headers.get("Content-Encoding");
  if (encoding !== null && !/^identity$/i.test(encoding)) return false;
  const type = headers.get("Content-Type") ?? "";
  // All clients send this type, so the expression is left out for it.
  return type === "application/json" || !/charset/i.test(type.replace(UTF8, ""));
}

/** Whether header fields say that a body is an event stream. */
export function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\b/i.test(headers.get("Content-Type") ?? "");
}

/** Cancels the body of a response that is not read, so that its connection can be used again. */
export function discard(response: Response): void {
  if (response.body !== null) abandon(response.body.cancel());
}

/** Joins the pieces of a body; `length` is that of all together. */
export function concatenate(
  pieces: readonly Uint8Array[],
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Ignores a cancel() that fails: the connection is already broken. */
function abandon(cancelled: Promise<void>): void {
  cancelled.catch(() => {});
}
