/**
 * Passes a body on unchanged, and hands each piece to a reader.
 *
 * @module
 */

/** What happens to a body. */
interface BodyEvents {
  /** A piece has come. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The source has ended, or failed. */
  readonly onEnd: () => void;
  /** The reader has left; `reason` is the reader's own. */
  readonly onLeave: (reason: unknown) => void;
}

/**
 * Observes a body.
 *
 * @param source The body; it is read no faster than the result.
 * @param events The functions that are called; one of `onEnd` and `onLeave` is called once.
 * @returns The body to send.
 */
export function observeBody(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  events: BodyEvents,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = source.getReader();
  let isOver = false;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (isOver) return;
        if (!done) {
          events.onBytes(value);
          controller.enqueue(value);
          return;
        }
        isOver = true;
        events.onEnd();
        controller.close();
      } catch (error) {
        if (!isOver) events.onEnd();
        isOver = true;
        throw error;
      }
    },
    cancel(reason) {
      if (!isOver) events.onLeave(reason);
      isOver = true;
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
