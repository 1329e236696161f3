/**
 * Copies requests without one of their header fields, in the way that is the cheapest for each runtime.
 *
 * @module
 */

/**
 * The member by which an object that stands in for a request makes a copy of itself: a function of the
 * name of the field to leave out and of the new body, if there is one.
 */
export const COPY_WITHOUT: unique symbol = Symbol("copy without a field");

/**
 * The member by which such an object learns that its response is sent as the MCP server writes it: a
 * function without arguments. Its adapter need not hold the response back.
 */
export const SEND_AS_WRITTEN: unique symbol = Symbol("send as written");

/** Replaces a body: a text, or a function that makes it when it is read. */
export type NewBody = string | (() => string);

/**
 * Copies a request without one field. The copy belongs to the runtime's own class, unless the request
 * copies itself: a clone of the copy, or any other request that is created from it, has no such field.
 *
 * @param field The name of the field, in lower case.
 * @param request The request; its body may be used up when `body` is given.
 * @param body Replaces its body.
 * @returns The copy.
 */
export function copyWithout(field: string, request: Request, body?: NewBody): Request {
  const copyItself: unknown = Reflect.get(request, COPY_WITHOUT);
  const copy: Request = typeof copyItself === "function"
    ? copyItself.call(request, field, body)
    : copyRequest(field, request, body);
  if (body !== undefined) {
    // The length is that of the original body. And `Request` adds a type to a string that the client
    // did not send.
    copy.headers.delete("Content-Length");
    if (!request.headers.has("Content-Type")) copy.headers.delete("Content-Type");
  }
  return copy;
}

/**
 * Tells an object that stands in for a request that its response is sent as the MCP server writes it.
 *
 * @param request The request; one of the runtime's own class learns nothing.
 */
export function announceAsWritten(request: Request): void {
  const announce: unknown = Reflect.get(request, SEND_AS_WRITTEN);
  if (typeof announce === "function") announce.call(request);
}

function copyRequest(field: string, request: Request, newBody: NewBody | undefined): Request {
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  if (newBody !== undefined || !hasBody) {
    const body = typeof newBody === "function" ? streamOf(newBody) : newBody ?? null;
    return rebuildWithout(field, request, body);
  }
  // Said here, since each runtime fails in its own words, and Bun makes a copy.
  if (request.bodyUsed) throw new TypeError(UNUSABLE);
  let copy: Request;
  try {
    copy = new Request(request);
  } catch {
    // An adapter's own class that cannot be copied (srvx).
    return rebuildWithout(field, request, request.body);
  }
  // Deleted from the copy: the headers of a server's own requests are immutable.
  copy.headers.delete(field);
  return copy;
}

/**
 * Whether an MCP server has looked at the signal of a forwarded request, as SDK v2 does with each.
 *
 * Deno creates the signal of every request that is copied. That takes longer than to read all header
 * fields, unless the MCP server has it created anyway.
 */
let isSignalWanted = false;

/** Builds a request anew, without making an adapter's own whole. */
function rebuildWithout(
  field: string,
  request: Request,
  body: string | Request["body"],
): Request {
  const getSignal = (): AbortSignal => request.signal;
  if (isSignalWanted && Object.getPrototypeOf(request) === Request.prototype) {
    const copy = new ForwardedRequest(request, { body, signal: null }, getSignal);
    copy.headers.delete(field);
    return copy;
  }
  const { url, method } = request;
  const headers: [string, string][] = [];
  // An iterator would take Deno twice as long. The names are compared in lower case, since an adapter's
  // own class of headers may keep the client's spelling.
  request.headers.forEach((value, name) => {
    if (name.toLowerCase() !== field) headers.push([name, value]);
  });
  return new ForwardedRequest(url, { method, headers, body }, getSignal);
}

const USED = "The body was read already";
const UNUSABLE =
  "Cannot forward a request whose body was read before: give the handler one that is " +
  "unread, or call auth.authenticate(), which needs no body";

/** What a forwarded request does not have from its original. */
interface ForwardedInit extends RequestInit {
  readonly body: string | Request["body"];
}

/**
 * A request whose signal is that of another, and whose body may be a text.
 *
 * The signal is asked for when the MCP server asks for it: on Deno a look at the signal of a server's
 * request, and on Node a request that follows another signal, take as long as the rest of the copy.
 * Therefore a request that the MCP server makes of this one (`new Request(request)`) has a signal that
 * never aborts; a clone has the right one.
 *
 * `text()` and `json()` return the text as it is: on Node the runtime would encode it, make a stream of
 * it, and decode that. The other readers do not notice that these two have read the body.
 */
export class ForwardedRequest extends Request {
  readonly #text: string | undefined;
  readonly #getSignal: () => AbortSignal;
  #isRead = false;

  constructor(original: string | Request, init: ForwardedInit, getSignal: () => AbortSignal) {
    // Node insists on `duplex` for a stream.
    const forwarded: ForwardedInit & { duplex: "half" } = { ...init, duplex: "half" };
    super(original, forwarded);
    this.#text = typeof init.body === "string" ? init.body : undefined;
    this.#getSignal = getSignal;
  }

  override get signal(): AbortSignal {
    isSignalWanted = true;
    return this.#getSignal();
  }

  override get bodyUsed(): boolean {
    return this.#isRead || super.bodyUsed;
  }

  override text(): Promise<string> {
    if (this.#text === undefined || super.bodyUsed) return super.text();
    if (this.#isRead) return Promise.reject(new TypeError(USED));
    this.#isRead = true;
    return Promise.resolve(this.#text);
  }

  override async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  override clone(): Request {
    if (this.#isRead) throw new TypeError(USED);
    return Object.defineProperty(super.clone(), "signal", { get: this.#getSignal });
  }
}

function streamOf(makeBody: () => string): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(makeBody()));
      controller.close();
    },
  }, { highWaterMark: 0 });
}
