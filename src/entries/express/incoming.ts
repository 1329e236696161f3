/**
 * Node's request as a web-standard one.
 *
 * @module
 */

import { buildJsonRpcError } from "../../http/json_rpc_error.ts";
import { routeOf } from "../../lib/url.ts";
import { prepareBody } from "./incoming_body.ts";
import { fieldsOf } from "./incoming_fields.ts";
import type { IncomingRequest } from "./incoming_request.ts";
import { LightHeaders } from "./light_headers.ts";
import { createRequestStandIn } from "./request_stand_in.ts";

// Fetch §2.2.1: the methods whose case is normalized.
const NORMALIZED = /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i;

/** A request, and whether its body was taken from the stream. */
export interface BuiltRequest {
  readonly request: Request;
  readonly wasRead: () => boolean;
}

// RFC 9110 §9.1, without the methods that Fetch forbids: not every runtime sees to it.
const METHOD = /^(?!(?:CONNECT|TRACE|TRACK)$)[!#$%&'*+\-.^_`|~0-9A-Z]+$/i;

/** Targets that a URL parser leaves as they are, so that it need not be asked: without dot segments. */
const PLAIN_TARGET = /^(?:\/(?:[\w~-][\w~.-]*)?)+(?:\?[\w~.%&=-]*)?$/;

/**
 * Builds the web-standard request of an incoming one.
 *
 * The host of the URL is a placeholder, since the `Host` field goes along; forwarded fields are fields
 * like any other.
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
  const { method = "GET" } = incoming;
  const target = incoming.originalUrl ?? incoming.url ?? "";
  const url = target.startsWith("/") ? `http://localhost${target}` : target;
  if (!METHOD.test(method)) throw new TypeError("Not a web request");
  let wasRead = false;
  const request = createRequestStandIn({
    incoming,
    url: PLAIN_TARGET.test(target) ? url : normalize(url),
    method: NORMALIZED.test(method) ? method.toUpperCase() : method,
    headers: new LightHeaders(fieldsOf(incoming)),
    makeBody: prepareBody(incoming, () => wasRead = true),
  });
  return { request, wasRead: () => wasRead };
}

function normalize(url: string): string {
  const { href } = new URL(url);
  // A router reads the path as it came. With dot segments it would find another endpoint there.
  if (routeOf(href) !== routeOf(url)) throw new TypeError("Not a web request");
  return href;
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

/**
 * Removes from a request the fields that the MCP server may not see, such as the client's credentials.
 *
 * @param incoming The request; changed.
 * @param hidden The names of the fields, in lower case.
 */
export function hideFields(incoming: IncomingRequest, hidden: readonly string[]): void {
  // Node fills both objects from the raw fields when they are first read, so they are read before.
  const { headers, headersDistinct, rawHeaders = [] } = incoming;
  const isHidden = (name: string) => hidden.includes(name.toLowerCase());
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (isHidden(String(rawHeaders[i]))) rawHeaders.splice(i, 2);
  }
  for (const byName of [headers, headersDistinct ?? {}]) {
    for (const name of Object.keys(byName).filter(isHidden)) delete byName[name];
  }
}
