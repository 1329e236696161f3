/**
 * The body of Node's request, for the gate to read.
 *
 * @module
 */

import type { IncomingRequest } from "./incoming_request.ts";

/**
 * Prepares the body of an incoming request: the one that a parser left, or else the stream. Nothing is
 * read before the returned function is called.
 *
 * @param incoming The request.
 * @param onRead Called when the stream is read: the next handler cannot read it again.
 * @returns A function that makes the body.
 */
export function prepareBody(incoming: IncomingRequest, onRead: () => void): () => BodyInit {
  const { body } = incoming;
  // Express 4's parsers leave an empty object for a body that they did not read.
  const isParsed = body !== undefined && didRead(incoming) !== false;
  return () => isParsed ? serialize(body) : streamOf(incoming, onRead);
}

/** Whether the stream was read; `undefined` for a request without one, as tests and adapters make. */
function didRead(incoming: IncomingRequest): boolean | undefined {
  try {
    return incoming.readableDidRead;
  } catch {
    return undefined;
  }
}

/** A parsed body as text again, so that what is judged is what the next handler sees. */
function serialize(body: unknown): BodyInit {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

function streamOf(
  incoming: IncomingRequest,
  onRead: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reading = false;
  let ended = false;
  return new ReadableStream({
    pull(controller) {
      if (reading) return void incoming.resume();
      reading = true;
      // A reader before us kept the body: there is nothing to judge, and it was not empty.
      if (didRead(incoming) === true) throw new TypeError("The body was read already");
      onRead();
      incoming.on("data", (bytes) => {
        if (ended) return;
        controller.enqueue(new Uint8Array(bytes));
        incoming.pause();
      });
      incoming.on("end", () => {
        if (!ended) controller.close();
        ended = true;
      });
      incoming.on("close", () => {
        if (!ended) controller.error(new TypeError("The body broke off"));
        ended = true;
      });
    },
    cancel() {
      ended = true;
      // The rest is dropped, so that the connection can take the next request.
      incoming.resume();
    },
  }, { highWaterMark: 0 });
}
