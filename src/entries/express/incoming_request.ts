/**
 * The types of Node's request.
 *
 * @module
 */

/** The head of a request, as Node's `IncomingMessage` has it. */
export interface IncomingFields {
  /** The HTTP method. */
  readonly method?: string | undefined;
  /** The request target, without the path that a router is mounted at. */
  readonly url?: string | undefined;
  /** Field names and values in turn, as they were received. Adapters for functions leave them out. */
  rawHeaders?: string[];
  /** The same by name, in lower case. */
  readonly headers: Record<string, string | string[] | undefined>;
}

/** The part of Node's `IncomingMessage` that this module uses. */
export interface IncomingRequest extends IncomingFields {
  /** The whole request target. */
  readonly originalUrl?: string | undefined;
  /** The same, each value apart. */
  readonly headersDistinct?: Record<string, string[] | undefined>;
  /** The body as a parser left it, or as the gate read it. */
  body?: unknown;
  /** The caller, set by `requireAuth()`: what the MCP SDKs' transports read. */
  auth?: unknown;
  /** Whether something has begun to read the body's stream. */
  readonly readableDidRead?: boolean;
  /** Adds an event listener. */
  on(event: string, listener: (value: Uint8Array) => void): unknown;
  /** Resumes `data` events. */
  resume(): unknown;
  /** Pauses `data` events. */
  pause(): unknown;
}
