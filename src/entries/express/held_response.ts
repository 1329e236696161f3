/**
 * Buffers the response of Express handlers, until the gate has decided whether to send, filter or
 * replace it.
 *
 * @module
 */

import { mergeHead, type OutgoingResponse, readFields, setHead } from "./outgoing.ts";
import { createParts } from "./parts.ts";

/** A response that is not sent yet. */
export interface HeldResponse {
  /** Settles as soon as its head is known. */
  readonly response: Promise<Response>;
  /** Sends the response that the gate decided for. */
  release(response: Response): Promise<void>;
}

/** RFC 9110 §15: answers that have no content; a web-standard response insists on it. */
const WITHOUT_BODY = new Set([204, 205, 304]);
/** Stands for a status that only Node knows; the client gets the status itself. */
const UNKNOWN_STATUS = 500;
/** The status for the gate when the client left before there was a response. It is never sent. */
const CLIENT_LEFT = 499;

/**
 * Buffers the data that is written to a response until {@linkcode HeldResponse.release}.
 *
 * Then it goes out as it was written, by the methods that were found; only a body that was replaced
 * is read through a web stream. The new methods stay, since others may have wrapped them.
 *
 * @param outgoing The response; its methods are replaced.
 * @returns The response as a web-standard one, and the function that sends it.
 */
export function holdResponse(outgoing: OutgoingResponse): HeldResponse {
  const original = methodsOf(outgoing);
  let isOurs = false;
  const parts = createParts(() => {
    isOurs = true;
    outgoing.emit("drain");
    isOurs = false;
  });
  let settle = (_response: Response): void => {};
  const response = new Promise<Response>((resolve) => settle = resolve);
  let held: Response | undefined;
  let released = false;
  let flushed = false;

  function begin(): void {
    if (held !== undefined) return;
    const headers = readFields(outgoing);
    const { statusCode } = outgoing;
    // Node sends 600 to 999 too, which a web-standard response cannot have.
    const status = statusCode >= 200 && statusCode <= 599 ? statusCode : UNKNOWN_STATUS;
    held = standIn(status, headers, () => WITHOUT_BODY.has(status) ? null : parts.body);
    settle(held);
  }

  outgoing.writeHead = (status, ...rest) => {
    if (released) return original.writeHead(status, ...rest);
    // A second one is no fault: middleware that compresses asks for the head at each part.
    if (held === undefined) setHead(outgoing, status, rest);
    begin();
    return outgoing;
  };
  outgoing.write = (...args) => {
    if (released) return original.write(...args);
    begin();
    return parts.add({ args, isLast: false });
  };
  outgoing.end = (...args) => {
    if (released) return original.end(...args);
    begin();
    if (!parts.ended) parts.add({ args, isLast: true });
    return outgoing;
  };
  outgoing.flushHeaders = () => {
    if (released) return original.flushHeaders();
    flushed = true;
    begin();
  };
  const uncover = cover(outgoing, {
    headersSent: () => held !== undefined,
    writableEnded: () => parts.ended,
  });
  outgoing.once("close", () => settle(new Response(null, { status: CLIENT_LEFT })));

  return {
    response,
    async release(response) {
      if (held !== undefined && response !== held) mergeHead(outgoing, held, response);
      uncover();
      if (response !== held) {
        const body = held?.body ?? null;
        if (response.body !== null && response.body !== body) {
          return await pump(response.body, outgoing, original, () => !isOurs);
        }
        released = true;
        if (response.body === null && body !== null) return void original.end();
      }
      released = true;
      if (flushed) original.flushHeaders();
      for (const { args: [chunk, ...rest], isLast } of parts.waiting) {
        if (!isLast) original.write(chunk, ...rest);
        else if (chunk === undefined) original.end(...rest);
        else original.end(chunk, ...rest);
      }
    },
  };
}

/**
 * Creates an object that stands in for a response of the runtime, whose stream of a body takes long to
 * make on Node: most answers are sent as they were written.
 */
function standIn(
  status: number,
  headers: Headers,
  open: () => ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Response {
  const members = {
    status,
    statusText: "",
    headers,
    get body() {
      return open();
    },
    arrayBuffer: () => new Response(open()).arrayBuffer(),
    json: () => new Response(open()).json(),
    text: () => new Response(open()).text(),
  };
  return Object.setPrototypeOf(members, Response.prototype);
}

type Methods = Pick<OutgoingResponse, "writeHead" | "write" | "end" | "flushHeaders">;

function methodsOf(outgoing: OutgoingResponse): Methods {
  return {
    writeHead: outgoing.writeHead.bind(outgoing),
    write: outgoing.write.bind(outgoing),
    end: outgoing.end.bind(outgoing),
    flushHeaders: outgoing.flushHeaders.bind(outgoing),
  };
}

/**
 * Replaces getters of an object until the returned function is called. They stay, and then ask the
 * prototype: an object that loses a member becomes slow in each place that reads it.
 */
function cover(object: object, getters: Record<string, () => unknown>): () => void {
  const prototype: object = Object.getPrototypeOf(object);
  let covered = true;
  for (const [name, getCovered] of Object.entries(getters)) {
    const get = () => covered ? getCovered() : Reflect.get(prototype, name, object);
    Object.defineProperty(object, name, { get, configurable: true });
  }
  return () => {
    covered = false;
  };
}

/** Sends another body in place of the one that was written. */
async function pump(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  outgoing: OutgoingResponse,
  original: Methods,
  isDrained: () => boolean,
): Promise<void> {
  const reader = body.getReader();
  let resume = (): void => {};
  const onDrain = (): void => {
    // Our own `drain`, for the handler that writes: the connection may still be full.
    if (isDrained()) resume();
    else outgoing.once("drain", onDrain);
  };
  outgoing.once("close", () => {
    resume();
    reader.cancel().catch(() => {});
  });
  // At once, since an event stream's reader waits for it.
  original.writeHead(outgoing.statusCode);
  original.flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const drained = new Promise<void>((resolve) => resume = resolve);
      if (original.write(value) || outgoing.destroyed) continue;
      outgoing.once("drain", onDrain);
      await drained;
    }
    original.end();
  } catch {
    // The source failed; what was sent cannot be taken back.
    outgoing.destroy();
  }
}
