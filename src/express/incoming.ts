/**
 * Node's request as a web-standard one.
 *
 * @module
 */

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
  /** What a body parser left here. */
  body?: unknown;
  /** The caller, set by `requireAuth()`: what the MCP SDKs' transports read. */
  auth?: unknown;
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
 * @param incoming The request. Its stream is left alone.
 * @returns The same, with the body that a parser left.
 * @throws {TypeError} It is none that may be sent: a method such as TRACE, a target without a path.
 */
export function buildRequest(incoming: IncomingRequest): Request {
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
  const mayHaveBody = method !== "GET" && method !== "HEAD" && body !== undefined;
  return new Request(url, { method, headers, ...(mayHaveBody && { body: serialize(body) }) });
}

/** A parsed body as text again, so that what is judged is what the next handler sees. */
function serialize(body: unknown): BodyInit {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

/**
 * Takes the client's credentials out of a request: they are not the MCP server's to see.
 *
 * @param incoming The request; changed.
 */
export function hideAuthorization(incoming: IncomingRequest): void {
  // Node makes both of the raw fields when they are first asked for, and counted those before.
  const { headers, headersDistinct, rawHeaders } = incoming;
  delete headers["authorization"];
  delete headersDistinct?.["authorization"];
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (rawHeaders[i]?.toLowerCase() === "authorization") rawHeaders.splice(i, 2);
  }
}
