/**
 * An object that stands in for a response of the runtime. No code but the gate's sees it; the stream of a
 * body takes long to make on Node, and most answers are sent as they were written.
 *
 * @module
 */

import type { LightHeaders } from "./light_headers.ts";
import type { Parts } from "./parts.ts";

/** RFC 9110 §15: answers that have no content; a web-standard response insists on it. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * Creates a stand-in.
 *
 * @param status The status, from 200 to 599.
 * @param headers The fields.
 * @param parts The parts of the body; `undefined` when the body cannot be read.
 * @returns The stand-in; it passes for a `Response`.
 */
export function createResponseStandIn(
  ...[status, headers, parts]: ConstructorParameters<typeof StandIn>
): Response {
  const create: new (...parts: ConstructorParameters<typeof StandIn>) => unknown = StandIn;
  return new create(status, headers, parts) as Response;
}

class StandIn {
  readonly status: number;
  readonly statusText = "";
  readonly headers: LightHeaders;
  readonly #parts: Parts | undefined;

  constructor(status: number, headers: LightHeaders, parts: Parts | undefined) {
    this.status = status;
    this.headers = headers;
    this.#parts = parts;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return WITHOUT_BODY.has(this.status) ? null : this.#parts?.body ?? null;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return new Response(this.body).arrayBuffer();
  }

  json(): Promise<unknown> {
    return new Response(this.body).json();
  }

  text(): Promise<string> {
    return new Response(this.body).text();
  }
}

// Once for all: an object whose own prototype is changed is slow to make.
Object.setPrototypeOf(StandIn.prototype, Response.prototype);
