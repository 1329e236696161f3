/**
 * Node's request as a web-standard one.
 *
 * @module
 */

import { buildJsonRpcError } from "../../http/json_rpc_error.ts";
import { COPY_WITHOUT, type NewBody } from "../../lib/copy_request.ts";
import { routeOf } from "../../lib/url.ts";

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

const INCOMING = Symbol("incoming request");

// Fetch §2.2.1: the methods whose case is normalized.
const NORMALIZED = /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i;

/** A request, and whether its body was taken from the stream. */
export interface BuiltRequest {
  readonly request: Request;
  readonly wasRead: () => boolean;
}

// RFC 9110 §9.1, without the methods that Fetch forbids: not every runtime sees to it.
const METHOD = /^(?!(?:CONNECT|TRACE|TRACK)$)[!#$%&'*+\-.^_`|~0-9A-Z]+$/i;

/**
 * Builds the web-standard request of an incoming one.
 *
 * Takes the fields as they were received: Node drops all but the first `Authorization` of two, and
 * two have to be refused. A field that only `headers` has counts too: behind `serverless-http` there
 * are no others, and middleware may have added one. The host of the URL is a placeholder, since the
 * `Host` field goes along; forwarded fields are fields like any other.
 *
 * The body is the one that a parser left. Without one the stream is read, but only when the body is
 * asked for: it stays unread for the next handler.
 *
 * @param incoming The request.
 * @returns The web-standard request.
 * @throws {TypeError} The method is one that Fetch forbids, such as TRACE, or the target is not a path
 * that a URL parser leaves as it is.
 */
export function buildRequest(incoming: IncomingRequest): BuiltRequest {
  const { method = "GET", body } = incoming;
  const target = incoming.originalUrl ?? incoming.url ?? "";
  const url = target.startsWith("/") ? `http://localhost${target}` : target;
  if (!METHOD.test(method) || !URL.canParse(url)) throw new TypeError("Not a web request");
  const { href } = new URL(url);
  // A router reads the path as it came. With dot segments it would find another endpoint there.
  if (routeOf(href) !== routeOf(url)) throw new TypeError("Not a web request");
  let wasRead = false;
  // Express 4's parsers leave an empty object for a body that they did not read.
  const parsed = didRead(incoming) !== false && body !== undefined;
  const makeBody = () => parsed ? serialize(body) : streamOf(incoming, () => wasRead = true);
  const normalized = NORMALIZED.test(method) ? method.toUpperCase() : method;
  const request = standIn(incoming, href, normalized, readHeaders(incoming), makeBody);
  return { request, wasRead: () => wasRead };
}

/**
 * Builds the web-standard request of an incoming one, where there can be one.
 *
 * @param incoming The request.
 * @returns The request; `undefined` for a method or a target that Fetch cannot have.
 */
export function tryBuildRequest(incoming: IncomingRequest): BuiltRequest | undefined {
  try {
    return buildRequest(incoming);
  } catch {
    return undefined;
  }
}

/** Builds the 400 to a request that {@linkcode tryBuildRequest} cannot build. */
export function buildBadRequest(): Response {
  return buildJsonRpcError(400, "transport", "Unsupported HTTP method or request target");
}

/** Whether the stream was read; `undefined` for a request without one, as tests and adapters make. */
function didRead(incoming: IncomingRequest): boolean | undefined {
  try {
    return incoming.readableDidRead;
  } catch {
    return undefined;
  }
}

function readHeaders({ rawHeaders = [], headers: byName }: IncomingRequest): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    if (!name.startsWith(":")) headers.append(name, value);
    else if (name === ":authority") headers.set("Host", value);
  }
  const raw = new Set(rawHeaders.map((text) => String(text).toLowerCase()));
  for (const [name, value = []] of Object.entries(byName)) {
    if (name.startsWith(":") || raw.has(name.toLowerCase())) continue;
    for (const single of [value].flat()) headers.append(name, String(single));
  }
  return headers;
}

/** A parsed body as text again, so that what is judged is what the next handler sees. */
function serialize(body: unknown): BodyInit {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

/**
 * Creates an object that stands in for a request of the runtime. No code but the gate's sees it, and on
 * Node a real one takes longer to make than all the rest of the gate.
 *
 * Its body is made when it is asked for: one that is given to the constructor of `Request` is read at
 * once, as soon as the request is copied.
 */
function standIn(...parts: ConstructorParameters<typeof StandIn>): Request {
  const create: new (...parts: ConstructorParameters<typeof StandIn>) => unknown = StandIn;
  return new create(...parts) as Request;
}

class StandIn {
  readonly [INCOMING]: IncomingRequest;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly bodyUsed: boolean = false;
  readonly #makeBody: () => BodyInit | null;
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | null | undefined;
  #signal: AbortSignal | undefined;

  constructor(
    incoming: IncomingRequest,
    url: string,
    method: string,
    headers: Headers,
    makeBody: () => BodyInit | null,
  ) {
    this[INCOMING] = incoming;
    this.url = url;
    this.method = method;
    this.headers = headers;
    this.#makeBody = makeBody;
  }

  /** Never aborts: the middleware itself sees when the client leaves. */
  get signal(): AbortSignal {
    return this.#signal ??= new AbortController().signal;
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

  [COPY_WITHOUT](field: string, text?: NewBody): Request {
    const left = new Headers(this.headers);
    left.delete(field);
    const newBody = typeof text === "string" ? () => text : text ?? (() => this.body);
    return standIn(this[INCOMING], this.url, this.method, left, newBody);
  }
}

// Once for all: an object whose own prototype is changed is slow to make.
Object.setPrototypeOf(StandIn.prototype, Request.prototype);

/** Finds Node's request behind a request of {@linkcode tryBuildRequest}, or behind its copy. */
export function incomingOf(request: Request): IncomingRequest | undefined {
  return Reflect.get(request, INCOMING);
}

function streamOf(
  incoming: IncomingRequest,
  onRead: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reading = false;
  let ended = false;
  return new ReadableStream({
    pull(controller) {
      if (reading) return void incoming.resume();
      reading = true;
      // A reader before us kept the body: there is nothing to judge, and it was not empty.
      if (didRead(incoming) === true) throw new TypeError("The body was read already");
      onRead();
      incoming.on("data", (bytes) => {
        if (ended) return;
        controller.enqueue(new Uint8Array(bytes));
        incoming.pause();
      });
      incoming.on("end", () => {
        if (!ended) controller.close();
        ended = true;
      });
      incoming.on("close", () => {
        if (!ended) controller.error(new TypeError("The body broke off"));
        ended = true;
      });
    },
    cancel() {
      ended = true;
      // The rest is dropped, so that the connection can take the next request.
      incoming.resume();
    },
  }, { highWaterMark: 0 });
}

/**
 * Removes from a request the fields that the MCP server may not see, such as the client's credentials.
 *
 * @param incoming The request; changed.
 * @param forwarded The request with the fields that it may see.
 */
export function hideFields(incoming: IncomingRequest, { headers: seen }: Request): void {
  // Node fills both objects from the raw fields when they are first read, so they are read before.
  const { headers, headersDistinct, rawHeaders = [] } = incoming;
  const isHidden = (name: string) => !name.startsWith(":") && !seen.has(name);
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (isHidden(String(rawHeaders[i]))) rawHeaders.splice(i, 2);
  }
  for (const name of Object.keys(headers).filter(isHidden)) {
    delete headers[name];
    delete headersDistinct?.[name];
  }
}
