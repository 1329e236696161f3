/**
 * Passes a body on unchanged, and hands each piece to a reader.
 *
 * @module
 */

import { concatenate } from "../../lib/body.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Stream = ReadableStream<Bytes>;

/** The functions that a body calls while it is read. */
export interface BodyEvents {
  /** A piece has come. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The source has ended, or failed. */
  readonly onEnd: () => void;
  /** The reader has left; `reason` is the reader's own. */
  readonly onLeave: (reason: unknown) => void;
}

/** How many bytes are read before they are sent: 1 MiB. */
const MAX_BYTES_AHEAD = 1024 * 1024;
/** For how many microtasks the end of a body is waited for: SDK v2 takes seven, if its tool does not wait. */
const MAX_TICKS = 16;

/**
 * Observes a body.
 *
 * @param source The body; it is read no faster than the result.
 * @param events The functions that are called; one of `onEnd` and `onLeave` is called once.
 * @returns The body to send.
 */
export function observeBody(source: Stream, events: BodyEvents): Stream {
  return passOn(observeReader(source.getReader(), events), []);
}

/**
 * Observes a body that may be short. One that ends at once is handed on in one piece, since a server
 * takes longer to send a stream; any other is passed on piece by piece.
 *
 * @param source The body.
 * @param events As for {@linkcode observeBody}.
 * @returns The body to send.
 */
export async function observeShortBody(
  source: Stream,
  events: BodyEvents,
): Promise<Stream | Bytes> {
  const reader = observeReader(source.getReader(), events);
  const ahead: Bytes[] = [];
  let length = 0;
  let isEnded = false;
  let isStopped = false;

  const stop = (): void => void (isStopped = true);
  const take = (result: Result): void => {
    // The stream that is sent has taken over, and takes this piece.
    if (isStopped) return;
    const piece = reader.take(result);
    if (piece === undefined) {
      isEnded = true;
      return;
    }
    ahead.push(piece);
    length += piece.length;
    if (length > MAX_BYTES_AHEAD || !ArrayBuffer.isView(piece)) stop();
    else reader.read().then(take, stop);
  };

  reader.read().then(take, stop);
  // Microtasks, since a turn of the event loop takes longer.
  for (let tick = 0; tick < MAX_TICKS && !isEnded && !isStopped; tick++) await undefined;
  const [first, second] = ahead;
  if (isEnded) return first && !second ? first : concatenate(ahead, length);
  stop();
  return passOn(reader, ahead);
}

type Result = ReadableStreamReadResult<Bytes>;

/** A reader of a body that is observed. */
interface ObservedReader {
  /** Reads a piece; it is the same one until it is taken. */
  read(): Promise<Result>;
  /** Takes the piece that was read; `undefined` at the end. */
  take(result: Result): Bytes | undefined;
  /** The source has failed. */
  fail(): void;
  /** The reader of the result has left. */
  cancel(reason: unknown): Promise<void>;
}

function observeReader(
  reader: ReadableStreamDefaultReader<Bytes>,
  events: BodyEvents,
): ObservedReader {
  let isOver = false;
  let reading: Promise<Result> | undefined;
  return {
    read: () => reading ??= reader.read(),
    take({ done, value }) {
      reading = undefined;
      if (isOver) return undefined;
      if (done) {
        isOver = true;
        events.onEnd();
        return undefined;
      }
      // An MCP server may send text: adapters on Node take it, Deno refuses it.
      const piece: unknown = value;
      if (typeof piece === "string") events.onBytes(new TextEncoder().encode(piece));
      else if (ArrayBuffer.isView(value)) events.onBytes(value);
      return value;
    },
    fail() {
      if (!isOver) events.onEnd();
      isOver = true;
    },
    cancel(reason) {
      if (!isOver) events.onLeave(reason);
      isOver = true;
      return reader.cancel(reason);
    },
  };
}

function passOn(reader: ObservedReader, ahead: Bytes[]): Stream {
  return new ReadableStream({
    // Not `async`: one promise for each piece is enough.
    pull(controller) {
      const early = ahead.shift();
      if (early !== undefined) return controller.enqueue(early);
      return reader.read().then((result) => {
        const piece = reader.take(result);
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      }, (error) => {
        reader.fail();
        throw error;
      });
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
