/**
 * Standing event streams: each ends with its token, and all end when the server shuts down.
 *
 * @module
 */

import { isEventStream } from "../lib/body.ts";
import type { World } from "../lib/world.ts";

/**
 * Tells whether a response is a stream that stays open until the reader or the server closes it: the
 * GET stream of the older transports, or `subscriptions/listen`.
 *
 * A stream that answers one call is not: it ends with that call, and cutting it would lose the answer.
 * The header `Mcp-Method` is trusted here, since a server of that revision refuses a request whose
 * header and body differ.
 *
 * @param request The request.
 * @param response The response of the MCP server.
 * @returns Whether it is a standing stream.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/transports | MCP Streamable HTTP}
 */
export function isStandingStream(request: Request, response: Response): boolean {
  // The request first, since Deno sends a response faster whose headers no code has read. `body`
  // last: reading it turns a text into a stream, which takes longer to send.
  return mayStand(request) && isEventStream(response.headers) && response.body !== null;
}

/** Whether the response to a request may be a standing stream. */
export function mayStand({ method, headers }: Request): boolean {
  return method === "GET" || headers.get("Mcp-Method") === "subscriptions/listen";
}

/** The reason given to the source when the stream ends here, and not because its reader left. */
export const STREAM_ENDED = "The stream has ended";

/** The standing streams that are open, so that they can be ended together. */
export interface OpenStreams {
  /**
   * Adds a stream by the function that ends it, and calls that at once after {@linkcode endAll}. The
   * returned function removes it.
   */
  add(end: () => void): () => void;
  /** Ends all open streams, and from now on each that opens. */
  endAll(): void;
}

/** Creates an empty set of streams. */
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
 * Passes a stream on until a given time or until all streams end, then closes it as the server would.
 *
 * The source is cancelled then, and when the reader leaves.
 *
 * @param source The stream.
 * @param endsAt Seconds since 1970; absent when the token has no `exp`.
 * @param world The clock.
 * @param streams The open streams, to which it belongs while it is open.
 * @param onBytes Receives each piece before the reader does.
 * @returns The stream to send.
 */
export function endStreamAt(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  endsAt: number | undefined,
  world: World,
  streams: OpenStreams,
  onBytes: (bytes: Uint8Array) => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = source.getReader();
  let ended = false;
  let stopTimer = (): void => {};
  let remove = (): void => {};

  /** Returns true at the first call alone: a stream is closed once. */
  function end(): boolean {
    if (ended) return false;
    ended = true;
    stopTimer();
    remove();
    return true;
  }

  return new ReadableStream({
    start(controller) {
      const onEnd = (): void => {
        if (!end()) return;
        controller.close();
        // The source may have failed meanwhile; there is no reader left to tell.
        reader.cancel(STREAM_ENDED).catch(() => {});
      };
      remove = streams.add(onEnd);
      if (!ended && endsAt !== undefined) {
        stopTimer = world.startTimer(Math.max(0, endsAt - world.now()), onEnd);
      }
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (ended) return;
        if (!done) {
          onBytes(value);
          controller.enqueue(value);
        } else if (end()) controller.close();
      } catch (error) {
        end();
        reader.cancel(error).catch(() => {});
        throw error;
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
