/**
 * Passes a body on unchanged, and hands each piece to a reader.
 *
 * @module
 */

import { holdsSoon } from "../../lib/soon.ts";

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

/**
 * Observes a body.
 *
 * @param source The body; it is read no faster than the result.
 * @param events The functions that are called; one of `onEnd` and `onLeave` is called once.
 * @returns The body to send.
 */
export function observeBody(source: Stream, events: BodyEvents): Stream {
  return passOn(createPieces(source, events), []);
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
  const pieces = createPieces(source, events);
  const ahead: Bytes[] = [];
  let length = 0;
  let isEnded = false;
  let isStopped = false;

  const stop = (): void => void (isStopped = true);
  const take = (piece: Bytes | undefined): void => {
    // The stream that is sent takes this piece.
    if (isStopped) return;
    pieces.take();
    if (piece === undefined) {
      isEnded = true;
      return;
    }
    ahead.push(piece);
    length += piece.length;
    if (length > MAX_BYTES_AHEAD) stop();
    else pieces.next().then(take, stop);
  };

  pieces.next().then(take, stop);
  await holdsSoon(() => isEnded || isStopped);
  if (isEnded) return concatenate(ahead, length);
  stop();
  return passOn(pieces, ahead);
}

/** The pieces of a body, one after the other. */
interface Pieces {
  /** The piece that comes next, `undefined` at the end; the same until it is taken. */
  next(): Promise<Bytes | undefined>;
  /** Takes the piece that {@linkcode next} gave. */
  take(): void;
  /** The reader has left. */
  cancel(reason: unknown): Promise<void>;
}

function createPieces(source: Stream, events: BodyEvents): Pieces {
  const reader = source.getReader();
  let isOver = false;
  let piece: Promise<Bytes | undefined> | undefined;

  async function read(): Promise<Bytes | undefined> {
    try {
      const { done, value } = await reader.read();
      if (isOver) return undefined;
      if (!done) {
        events.onBytes(value);
        return value;
      }
    } catch (error) {
      if (!isOver) events.onEnd();
      isOver = true;
      throw error;
    }
    isOver = true;
    events.onEnd();
    return undefined;
  }

  return {
    next: () => piece ??= read(),
    take: () => void (piece = undefined),
    cancel(reason) {
      if (!isOver) events.onLeave(reason);
      isOver = true;
      return reader.cancel(reason);
    },
  };
}

function passOn(pieces: Pieces, ahead: Bytes[]): Stream {
  return new ReadableStream({
    async pull(controller) {
      const early = ahead.shift();
      if (early !== undefined) return controller.enqueue(early);
      const piece = await pieces.next();
      pieces.take();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel: (reason) => pieces.cancel(reason),
  }, { highWaterMark: 0 });
}

function concatenate(pieces: readonly Bytes[], length: number): Bytes {
  const [first, second] = pieces;
  if (first !== undefined && second === undefined) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
