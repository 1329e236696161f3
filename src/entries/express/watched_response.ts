/**
 * A response that Express handlers write to the client themselves, while its head is read.
 *
 * @module
 */

import { ServerResponse } from "node:http";
import type { HandlerResponse } from "./held_response.ts";
import { LightHeaders } from "./light_headers.ts";
import { findSent, type OutgoingResponse } from "./outgoing.ts";
import { createResponseStandIn } from "./response_stand_in.ts";

/**
 * Tells whether every head of a response is sent by its `writeHead`, also one that the handler did not
 * write.
 *
 * @param outgoing The response.
 * @returns Whether its other methods that send a head are Node's own. Over HTTP/2, in imitations, and
 * behind middleware that has replaced them, they may do it without `writeHead`.
 */
export function canBeWatched({ write, end, flushHeaders }: OutgoingResponse): boolean {
  const own: Pick<OutgoingResponse, "write" | "end" | "flushHeaders"> = ServerResponse.prototype;
  return write === own.write && end === own.end && flushHeaders === own.flushHeaders;
}

/**
 * Reads the head of a response when it is sent. The gate learns from it which session was handed out; it
 * is too late to change anything.
 *
 * One method is replaced, not all as in {@linkcode holdResponse}: on Node 20 and 22 each takes long to set
 * on a response of Express.
 *
 * @param outgoing The response; its `writeHead` is replaced.
 * @returns The head as a web-standard response without a body. Nothing is left to release.
 */
export function watchResponse(outgoing: OutgoingResponse): HandlerResponse {
  const { writeHead } = outgoing;
  let settle = (_response: Response): void => {};
  const response = new Promise<Response>((resolve) => settle = resolve);
  outgoing.writeHead = (...head) => {
    const returned = writeHead.apply(outgoing, head);
    const headers = new LightHeaders(findSent(outgoing, head));
    settle(createResponseStandIn(outgoing.statusCode, headers, undefined));
    return returned;
  };
  return { response, release: () => Promise.resolve() };
}
