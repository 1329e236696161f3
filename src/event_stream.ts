/**
 * Event streams that do not outlive the token that opened them.
 *
 * @module
 */

import type { World } from "./world.ts";

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
  if (response.body === null || !/^text\/event-stream\b/i.test(type)) return false;
  return request.method === "GET" || request.headers.get("Mcp-Method") === "subscriptions/listen";
}

/**
 * Passes a stream on until a given time, then ends it as if the server had.
 *
 * The source is cancelled when the time comes or when the reader leaves.
 *
 * @param source The stream.
 * @param endsAt Seconds since 1970.
 * @param world The clock.
 * @returns The stream to send.
 */
export function endStreamAt(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  endsAt: number,
  world: World,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = source.getReader();
  let ended = false;
  let stopTimer = (): void => {};

  /** True for the first caller alone: a stream is closed once. */
  function end(): boolean {
    if (ended) return false;
    ended = true;
    stopTimer();
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
      stopTimer = world.startTimer(Math.max(0, endsAt - world.now()), onEnd);
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
