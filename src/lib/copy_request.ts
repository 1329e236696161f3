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

/** Replaces a body: a text, or a function that makes it when it is read. */
export type NewBody = string | (() => string);

/**
 * Tells whether a request is one of the runtime's own class. Adapters for Node hand out objects that
 * only look like one, and become one at some cost when they are copied or cloned.
 *
 * @param request The request.
 * @returns Whether its class is the runtime's `Request` itself.
 */
export function isNative(request: Request): boolean {
  return Object.getPrototypeOf(request) === Request.prototype && !(COPY_WITHOUT in request);
}

/**
 * Copies a request without one field. The copy belongs to the runtime's own class, unless the request
 * copies itself: nothing that is made of it, such as a clone, has the field either.
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

function copyRequest(field: string, request: Request, newBody: NewBody | undefined): Request {
  const body = typeof newBody === "function" ? streamOf(newBody) : newBody;
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  if (!isNative(request) && (body !== undefined || !hasBody)) {
    return rebuildWithout(field, request, body ?? null);
  }
  let copy: Request;
  try {
    copy = body === undefined ? new Request(request) : new Request(request, withBody({}, body));
  } catch {
    // An adapter's own class that cannot be copied (srvx).
    return rebuildWithout(field, request, body ?? request.body);
  }
  // Deleted from the copy: the headers of a server's own requests are immutable. Passing changed headers
  // to the constructor would cost four times as much here, since it parses and checks all of them again.
  copy.headers.delete(field);
  return copy;
}

/** Builds a request from its parts, without making the original whole. */
function rebuildWithout(
  field: string,
  request: Request,
  body: string | Request["body"],
): Request {
  const { url, method, signal } = request;
  const headers: [string, string][] = [];
  for (const [name, value] of request.headers) {
    // In lower case, since an adapter's own class of headers may keep the client's spelling.
    if (name.toLowerCase() !== field) headers.push([name, value]);
  }
  return new Request(url, withBody({ method, headers, signal }, body));
}

/** Node insists on `duplex` for a stream. */
function withBody(
  init: RequestInit,
  body: string | Request["body"],
): RequestInit & { duplex: "half" } {
  return { ...init, body, duplex: "half" };
}

function streamOf(makeBody: () => string): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(makeBody()));
      controller.close();
    },
  }, { highWaterMark: 0 });
}
