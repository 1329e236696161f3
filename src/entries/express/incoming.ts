/**
 * Node's request as a web-standard one.
 *
 * @module
 */

import { routeOf } from "../../lib/url.ts";

/** What is used of a request: Node's `IncomingMessage`, as Express hands it on. */
export interface IncomingRequest {
  /** The HTTP method. */
  readonly method?: string | undefined;
  /** The request target, without the path that a router is mounted at. */
  readonly url?: string | undefined;
  /** The whole request target. */
  readonly originalUrl?: string | undefined;
  /** Field names and values in turn, as they were received. */
  rawHeaders: string[];
  /** The same by name, in lower case. */
  readonly headers: Record<string, string | string[] | undefined>;
  /** The same, each value apart. */
  readonly headersDistinct?: Record<string, string[] | undefined>;
  /** What a body parser left here, or the gate when it had to read the body itself. */
  body?: unknown;
  /** The caller, set by `requireAuth()`: what the MCP SDKs' transports read. */
  auth?: unknown;
  /** Whether something has begun to read the body's stream. */
  readonly readableDidRead?: boolean;
  /** Listens. */
  on(event: string, listener: (value: Uint8Array) => void): unknown;
  /** Has parts of the body come. */
  resume(): unknown;
  /** Has them wait. */
  pause(): unknown;
}

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
 * two have to be refused. The host of the URL is a placeholder, for the `Host` field goes along;
 * forwarded fields are fields like any other.
 *
 * The body is what a parser left. Without one the stream is read, but only when somebody asks for
 * the body: it stays whole for whoever comes next.
 *
 * @param incoming The request.
 * @returns The same.
 * @throws {TypeError} It is none that may be sent: a method such as TRACE, a target without a path, a path
 * that has another spelling as a URL.
 */
export function buildRequest(incoming: IncomingRequest): BuiltRequest {
  const { method = "GET", rawHeaders, body } = incoming;
  const target = incoming.originalUrl ?? incoming.url ?? "";
  const url = target.startsWith("/") ? `http://localhost${target}` : target;
  if (!METHOD.test(method) || !URL.canParse(url)) throw new TypeError("Not a web request");
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    if (!name.startsWith(":")) headers.append(name, value);
    else if (name === ":authority") headers.set("Host", value);
  }
  const request = new Request(url, { method, headers });
  // A router reads the path as it came. With dot segments it would find another endpoint there.
  if (routeOf(request.url) !== routeOf(url)) throw new TypeError("Not a web request");
  let wasRead = false;
  // Express 4's parsers leave an empty object for a body that they did not read.
  const parsed = incoming.readableDidRead !== false && body !== undefined;
  if (method !== "GET" && method !== "HEAD") {
    offerBody(request, () => parsed ? serialize(body) : streamOf(incoming, () => wasRead = true));
  }
  return { request, wasRead: () => wasRead };
}

/** A parsed body as text again, so that what is judged is what the next handler sees. */
function serialize(body: unknown): BodyInit {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

/**
 * Gives a request a body that is made when it is asked for. One that is given to the constructor is
 * read at once, as soon as the request is copied.
 */
function offerBody(request: Request, make: () => BodyInit | null): void {
  let body: ReadableStream<Uint8Array<ArrayBuffer>> | null | undefined;
  const open = () => body ??= new Response(make()).body;
  const read = () => new Response(open());
  Object.defineProperties(request, {
    body: { get: open },
    arrayBuffer: { value: () => read().arrayBuffer() },
    text: { value: () => read().text() },
    json: { value: () => read().json() },
  });
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
      // Somebody has it, and left us nothing to judge: it must not pass for an empty one.
      if (incoming.readableDidRead === true) throw new TypeError("The body was read already");
      onRead();
      incoming.on("data", (bytes) => {
        if (!ended) controller.enqueue(new Uint8Array(bytes));
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
      incoming.pause();
    },
  }, { highWaterMark: 0 });
}

/**
 * Takes out of a request the fields that are not the MCP server's to see, such as the client's
 * credentials.
 *
 * @param incoming The request; changed.
 * @param forwarded What the MCP server may see.
 */
export function hideFields(incoming: IncomingRequest, { headers: seen }: Request): void {
  // Node makes both of the raw fields when they are first asked for, and counted those before.
  const { headers, headersDistinct, rawHeaders } = incoming;
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? "";
    if (name.startsWith(":") || seen.has(name)) continue;
    rawHeaders.splice(i, 2);
    delete headers[name];
    delete headersDistinct?.[name];
  }
}
