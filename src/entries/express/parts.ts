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

/**
 * Parts in order, and a stream that takes them. A class: an object literal with getters is slow to make, and
 * slow to read.
 */
export class Parts {
  /** The parts that no reader has taken. */
  readonly waiting: Part[] = [];
  /** Whether the last part is there. */
  ended = false;
  readonly #onDrain: () => void;
  #waitingBytes = 0;
  #cancelled = false;
  #wake = (): void => {};
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  /** @param onDrain Called when the last of the waiting parts was taken. */
  constructor(onDrain: () => void) {
    this.#onDrain = onDrain;
  }

  /** Adds a part; `false` asks the writer to wait. */
  add(part: Part): boolean {
    if (part.isLast) this.ended = true;
    if (this.#cancelled) {
      callBack(part);
      return true;
    }
    this.waiting.push(part);
    this.#waitingBytes += sizeOf(part);
    this.#wake();
    return !this.isFull;
  }

  /** Whether the writer was asked to wait. */
  get isFull(): boolean {
    return this.#waitingBytes >= HIGH_WATER_MARK_BYTES;
  }

  /** Takes them one by one; made when it is first asked for. When cancelled, it drops further parts. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#body ??= new ReadableStream({
      pull: (controller) => this.#take(controller),
      cancel: () => {
        this.#cancelled = true;
        this.#wake();
      },
    }, { highWaterMark: 0 });
  }

  async #take(
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    if (this.waiting.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const part = this.waiting.shift();
    if (part === undefined) return;
    const bytes = toBytes(part);
    this.#waitingBytes -= sizeOf(part);
    if (bytes.length > 0) controller.enqueue(bytes);
    callBack(part);
    if (part.isLast) return controller.close();
    // A pull that enqueues nothing would not be followed by another.
    if (bytes.length === 0) controller.enqueue(bytes);
    if (this.waiting.length === 0) this.#onDrain();
  }
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
