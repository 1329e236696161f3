/**
 * Buffers the response of Express handlers, until the gate has decided whether to send, filter or
 * replace it.
 *
 * @module
 */

import { LightHeaders } from "./light_headers.ts";
import { fieldsOf, mergeHead, type OutgoingResponse, setHead } from "./outgoing.ts";
import { Parts } from "./parts.ts";
import { createResponseStandIn } from "./response_stand_in.ts";

/** The response of the next handler, which is held back or watched. */
export interface HandlerResponse {
  /** Settles as soon as its head is known. */
  readonly response: Promise<Response>;
  /** Sends the response that the gate decided for. */
  release(response: Response): Promise<void>;
}

/** Stands for a status that only Node knows; the client gets the status itself. */
const UNKNOWN_STATUS = 500;
/** The status for the gate when the client left before there was a response. It is never sent. */
const CLIENT_LEFT = 499;

/**
 * Buffers the data that is written to a response until {@linkcode HandlerResponse.release}.
 *
 * Then it goes out as it was written, by the methods that were found; only a body that was replaced
 * is read through a web stream. The new methods stay, since others may have wrapped them.
 *
 * @param outgoing The response; its methods are replaced.
 * @param onClose Called when the response was sent, or its client has left.
 * @returns The response as a web-standard one, and the function that sends it.
 */
export function holdResponse(
  outgoing: OutgoingResponse,
  onClose: () => void = () => {},
): HandlerResponse {
  // As they were found: another middleware may have replaced them. The new ones are own members, although
  // a prototype would be set faster: Express gives a response another one when a mounted app takes over.
  const { writeHead, write, end, flushHeaders } = outgoing;
  let isOurs = false;
  const parts = new Parts(() => {
    isOurs = true;
    outgoing.emit("drain");
    isOurs = false;
  });
  let settle = (_response: Response): void => {};
  const response = new Promise<Response>((resolve) => settle = resolve);
  let held: Response | undefined;
  let released = false;
  let flushed = false;
  const shown = { headersSent: false, isHeld: true, parts };

  function begin(): void {
    if (held !== undefined) return;
    shown.headersSent = true;
    const { statusCode } = outgoing;
    // Node sends 600 to 999 too, which a web-standard response cannot have.
    const status = statusCode >= 200 && statusCode <= 599 ? statusCode : UNKNOWN_STATUS;
    held = createResponseStandIn(status, new LightHeaders(fieldsOf(outgoing)), parts);
    settle(held);
  }

  outgoing.writeHead = (status, ...rest) => {
    if (released) return writeHead.call(outgoing, status, ...rest);
    // A second one is no fault: middleware that compresses asks for the head at each part.
    if (held === undefined) setHead(outgoing, status, rest);
    begin();
    return outgoing;
  };
  outgoing.write = (...args) => {
    if (released) return write.apply(outgoing, args);
    begin();
    return parts.add({ args, isLast: false });
  };
  outgoing.end = (...args) => {
    if (released) return end.apply(outgoing, args);
    begin();
    if (!parts.ended) parts.add({ args, isLast: true });
    return outgoing;
  };
  outgoing.flushHeaders = () => {
    if (released) return flushHeaders.call(outgoing);
    flushed = true;
    begin();
  };
  Object.defineProperties(Object.assign(outgoing, { [SHOWN]: shown }), GETTERS);
  outgoing.once("close", () => {
    settle(new Response(null, { status: CLIENT_LEFT }));
    onClose();
  });

  return {
    response,
    async release(response) {
      if (held !== undefined && response !== held) mergeHead(outgoing, held, response);
      shown.isHeld = false;
      if (response !== held) {
        const body = held?.body ?? null;
        if (response.body !== null && response.body !== body) {
          return await pump(
            response.body,
            outgoing,
            { writeHead, write, end, flushHeaders },
            () => !isOurs,
          );
        }
        released = true;
        if (response.body === null && body !== null) return void end.call(outgoing);
      }
      released = true;
      if (flushed) flushHeaders.call(outgoing);
      let isTaken = true;
      for (const { args: [chunk, ...rest], isLast } of parts.waiting) {
        if (!isLast) isTaken = write.call(outgoing, chunk, ...rest);
        else if (chunk === undefined) end.call(outgoing, ...rest);
        else end.call(outgoing, chunk, ...rest);
      }
      // A larger buffer of the connection took all that ours had no room for.
      if (isTaken && parts.isFull && !parts.ended) outgoing.emit("drain");
    },
  };
}

const SHOWN = Symbol("shown to the handler");

/** The part of a buffered response that its handler may look at. */
interface Shown {
  headersSent: boolean;
  isHeld: boolean;
  readonly parts: Parts;
}

/**
 * The getters of a response while it is buffered. All responses share them, and they stay: with getters of
 * its own, or a member less, each response would become an object that is slow to read.
 */
const GETTERS: PropertyDescriptorMap = {
  headersSent: showAs("headersSent", ({ headersSent }) => headersSent),
  writableEnded: showAs("writableEnded", ({ parts }) => parts.ended),
};

function showAs(name: string, read: (shown: Shown) => boolean): PropertyDescriptor {
  return {
    configurable: true,
    get(this: { readonly [SHOWN]: Shown }) {
      const shown = this[SHOWN];
      return shown.isHeld ? read(shown) : Reflect.get(Object.getPrototypeOf(this), name, this);
    },
  };
}

type Methods = Pick<OutgoingResponse, "writeHead" | "write" | "end" | "flushHeaders">;

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
  original.writeHead.call(outgoing, outgoing.statusCode);
  original.flushHeaders.call(outgoing);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const drained = new Promise<void>((resolve) => resume = resolve);
      if (original.write.call(outgoing, value) || outgoing.destroyed) continue;
      outgoing.once("drain", onDrain);
      await drained;
    }
    original.end.call(outgoing);
  } catch {
    // The source failed; what was sent cannot be taken back.
    outgoing.destroy();
  }
}
