/**
 * An object that stands in for a request of the runtime. No code but the gate's sees it; on Node a real
 * one, with its `Headers`, takes longer to make than all the rest of the gate.
 *
 * @module
 */

import { COPY_WITHOUT, type NewBody, SEND_AS_WRITTEN } from "../../lib/copy_request.ts";
import type { IncomingRequest } from "./incoming_request.ts";
import type { LightHeaders } from "./light_headers.ts";

interface Leaving {
  controller?: AbortController;
}

/** The parts of a request that stands in for a real one. */
interface Parts {
  /** Node's request behind it. */
  readonly incoming: IncomingRequest;
  readonly url: string;
  readonly method: string;
  readonly headers: LightHeaders;
  /** Called when the body is asked for. */
  readonly makeBody: () => BodyInit | null;
  /** Holds the controller of the signal, which a request and its copies share; made when it is asked for. */
  readonly leaving?: Leaving;
}

/**
 * Creates a stand-in.
 *
 * Its body is made when it is asked for: one that is given to the constructor of `Request` is read at
 * once, as soon as the request is copied.
 *
 * @param parts Its parts.
 * @returns The stand-in; it passes for a `Request`.
 */
export function createRequestStandIn(parts: Parts): Request {
  const create: new (parts: Parts) => unknown = StandIn;
  return new create(parts) as Request;
}

/**
 * Tells a stand-in, or its copy, from any other request.
 *
 * @param request Any request.
 * @returns The stand-in; `undefined` for another request.
 */
export function asRequestStandIn(request: object): RequestStandIn | undefined {
  return request instanceof StandIn ? request : undefined;
}

export type RequestStandIn = StandIn;

class StandIn {
  readonly incoming: IncomingRequest;
  readonly url: string;
  readonly method: string;
  readonly headers: LightHeaders;
  readonly bodyUsed: boolean = false;
  /** Whether the gate sends the response as the next handler writes it. */
  isSentAsWritten = false;
  readonly #makeBody: () => BodyInit | null;
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | null | undefined;
  readonly #leaving: Leaving;

  constructor({ incoming, url, method, headers, makeBody, leaving = {} }: Parts) {
    this.#leaving = leaving;
    this.incoming = incoming;
    this.url = url;
    this.method = method;
    this.headers = headers;
    this.#makeBody = makeBody;
  }

  get signal(): AbortSignal {
    return (this.#leaving.controller ??= new AbortController()).signal;
  }

  /** Aborts the signal, if there is one: the response is over, or its client has left. */
  abort(): void {
    this.#leaving.controller?.abort();
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    const hasBody = this.method !== "GET" && this.method !== "HEAD";
    return this.#body ??= hasBody ? new Response(this.#makeBody()).body : null;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return new Response(this.body).arrayBuffer();
  }

  text(): Promise<string> {
    return new Response(this.body).text();
  }

  json(): Promise<unknown> {
    return new Response(this.body).json();
  }

  [SEND_AS_WRITTEN](): void {
    this.isSentAsWritten = true;
  }

  [COPY_WITHOUT](field: string, newBody?: NewBody): Request {
    return createRequestStandIn({
      incoming: this.incoming,
      url: this.url,
      method: this.method,
      headers: this.headers.copyWithout(field),
      makeBody: typeof newBody === "string" ? () => newBody : newBody ?? (() => this.body),
      leaving: this.#leaving,
    });
  }
}

// Once for all: an object whose own prototype is changed is slow to make.
Object.setPrototypeOf(StandIn.prototype, Request.prototype);
