/**
 * Event streams that outlive neither the token that opened them nor the server.
 *
 * @module
 */

import type { World } from "../lib/world.ts";

/**
 * Tells whether a response is a stream that stays open by itself: the GET stream of the older
 * transports, or `subscriptions/listen`.
 *
 * The stream that answers one call ends with that call and is left alone: cutting it would lose
 * the answer. `Mcp-Method` may be believed here, since a server of that revision refuses a request
 * whose header and body differ.
 *
 * @param request The request.
 * @param response What the MCP server answered.
 * @returns Whether nothing but its reader or its writer would end it.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/transports | MCP Streamable HTTP}
 */
export function isStandingStream(request: Request, response: Response): boolean {
  const type = response.headers.get("Content-Type") ?? "";
  // The body last: whoever looks at it makes a stream of it, which takes longer to send than a text.
  return /^text\/event-stream\b/i.test(type) &&
    (request.method === "GET" || request.headers.get("Mcp-Method") === "subscriptions/listen") &&
    response.body !== null;
}

/** The standing streams that are open, so that they can be ended together. */
export interface OpenStreams {
  /** Adds what ends a stream, or calls it at once when all were ended; the result takes it out. */
  add(end: () => void): () => void;
  /** Ends all that are open, and from now on each that opens. */
  endAll(): void;
}

/**
 * Creates an empty set of streams.
 *
 * @returns The set.
 */
export function createOpenStreams(): OpenStreams {
  const ends = new Set<() => void>();
  let over = false;
  return {
    add(end: () => void): () => void {
      if (over) end();
      else ends.add(end);
      return () => ends.delete(end);
    },
    endAll(): void {
      over = true;
      for (const end of ends) end();
    },
  };
}

/**
 * Passes a stream on until a given time or until all streams end, then ends it as if the server had.
 *
 * The source is cancelled when that comes or when the reader leaves.
 *
 * @param source The stream.
 * @param endsAt Seconds since 1970; absent when the token has no `exp`.
 * @param world The clock.
 * @param streams Where it is listed while it is open.
 * @returns The stream to send.
 */
export function endStreamAt(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  endsAt: number | undefined,
  world: World,
  streams: OpenStreams,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = source.getReader();
  let ended = false;
  let stopTimer = (): void => {};
  let takeOut = (): void => {};

  /** True for the first caller alone: a stream is closed once. */
  function end(): boolean {
    if (ended) return false;
    ended = true;
    stopTimer();
    takeOut();
    return true;
  }

  return new ReadableStream({
    start(controller) {
      const onEnd = (): void => {
        if (!end()) return;
        controller.close();
        // The source may have failed by itself; nobody is left to be told.
        reader.cancel().catch(() => {});
      };
      takeOut = streams.add(onEnd);
      if (!ended && endsAt !== undefined) {
        stopTimer = world.startTimer(Math.max(0, endsAt - world.now()), onEnd);
      }
    },
    async pull(controller) {
      const { done, value } = await reader.read().catch((error) => {
        end();
        throw error;
      });
      if (ended) return;
      if (!done) controller.enqueue(value);
      else if (end()) controller.close();
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
