/**
 * The parts of a body that wait to be read.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Bytes that may wait before the writer is asked to wait too. */
const HIGH_WATER_MARK_BYTES = 64 * 1024;

/** A part, as the writer gave it. */
interface Part {
  readonly isLast: boolean;
  /** A chunk, its encoding and a callback, or fewer of them. */
  readonly args: readonly unknown[];
}

/** Parts in order, and a stream that takes them. */
export interface Parts {
  /** Adds a part; `false` asks the writer to wait. */
  add(part: Part): boolean;
  /** Whether the last part is there. */
  readonly ended: boolean;
  /** The parts that no reader has taken. */
  readonly waiting: readonly Part[];
  /** Takes them one by one; made when it is first asked for. When cancelled, it drops further parts. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Creates an empty list.
 *
 * @param onDrain Called when the last of the waiting parts was taken.
 * @returns The list.
 */
export function createParts(onDrain: () => void): Parts {
  const waiting: Part[] = [];
  let waitingBytes = 0;
  let ended = false;
  let cancelled = false;
  let wake = (): void => {};

  let body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  const open = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (waiting.length === 0) await new Promise<void>((resolve) => wake = resolve);
        const part = waiting.shift();
        if (part === undefined) return;
        const bytes = toBytes(part);
        waitingBytes -= sizeOf(part);
        if (bytes.length > 0) controller.enqueue(bytes);
        callBack(part);
        if (part.isLast) return controller.close();
        // A pull that enqueues nothing would not be followed by another.
        if (bytes.length === 0) controller.enqueue(bytes);
        if (waiting.length === 0) onDrain();
      },
      cancel() {
        cancelled = true;
        wake();
      },
    }, { highWaterMark: 0 });

  return {
    add(part) {
      if (part.isLast) ended = true;
      if (cancelled) {
        callBack(part);
        return true;
      }
      waiting.push(part);
      waitingBytes += sizeOf(part);
      wake();
      return waitingBytes < HIGH_WATER_MARK_BYTES;
    },
    get ended() {
      return ended;
    },
    waiting,
    get body() {
      return body ??= open();
    },
  };
}

function toBytes({ args: [chunk, encoding] }: Part): Uint8Array<ArrayBuffer> {
  if (chunk instanceof Uint8Array) return new Uint8Array(chunk);
  if (typeof chunk !== "string") return new Uint8Array();
  const known = typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
  return new Uint8Array(Buffer.from(chunk, known));
}

/** Near enough: a text counts its characters. */
function sizeOf({ args: [chunk] }: Part): number {
  return chunk instanceof Uint8Array || typeof chunk === "string" ? chunk.length : 0;
}

function callBack({ args }: Part): void {
  const callback = args.find((arg) => typeof arg === "function");
  if (callback !== undefined) queueMicrotask(() => callback());
}
