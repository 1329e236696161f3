/**
 * The gate as middleware for Express 4 and 5.
 *
 * Every request goes through {@linkcode PropelAuth.handler}, so refusals, answers and events are the
 * same as there.
 *
 * @example A protected endpoint in an app that exists
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { metadataRoutes, requireAuth } from "@x/propelauth-mcp/express";
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 * });
 * // app.use(metadataRoutes(auth));
 * // app.all("/mcp", requireAuth(auth), express.json(), (req, res) => …);
 * assert.equal(requireAuth(auth).length, metadataRoutes(auth).length);
 * ```
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe } from "../../lib/check_option.ts";
import { isObject } from "../../lib/json.ts";
import type { PropelAuth } from "../../propel_auth.ts";
import { type HandlerResponse, holdResponse } from "./held_response.ts";
import { buildBadRequest, hideFields, tryBuildRequest } from "./incoming.ts";
import type { IncomingRequest } from "./incoming_request.ts";
import { isAnswered, type OutgoingResponse, sendResponse } from "./outgoing.ts";
import { asRequestStandIn, type RequestStandIn } from "./request_stand_in.ts";
import { canBeWatched, watchResponse } from "./watched_response.ts";
import type { McpRequestOptions } from "../../http/mcp_server.ts";

export type { FieldValue, OutgoingResponse } from "./outgoing.ts";
export type { IncomingFields, IncomingRequest } from "./incoming_request.ts";

/** Middleware, as Express 4 and 5 and their like take it. */
export type ExpressMiddleware = (
  request: IncomingRequest,
  response: OutgoingResponse,
  next: (error?: unknown) => void,
) => void;

interface Exchange {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly next: (error?: unknown) => void;
  /** Whether the body was taken from the stream. */
  readonly wasRead: () => boolean;
  /** The next handler's response, once the request was let through. */
  answer?: HandlerResponse;
}

/**
 * Creates middleware that guards the path it is mounted on as the MCP endpoint.
 *
 * The next handler finds the caller in `request.auth`, where the transports of the MCP SDKs look
 * for it, and by `auth.getAccessToken()`; the `Authorization` header is gone. Its answer is treated
 * as by `auth.handler`: CORS, lists that show only operations that the caller may use, sessions that
 * belong to their caller, standing streams that end with their token.
 *
 * Body parsers may stand before or behind. With the option `operations` the body has to be judged:
 * when no parser was there before, it is read here, and left in `request.body`.
 *
 * Reads no forwarded header: `trust proxy` changes nothing.
 *
 * @param auth The resource server; scopes and other options are its own.
 * @returns The middleware.
 * @throws {TypeError} `auth` is not a PropelAuth, or is not the only argument.
 */
export function requireAuth(auth: PropelAuth): ExpressMiddleware {
  requireArguments("requireAuth", arguments);
  // Not in an AsyncLocalStorage, which makes each promise of a server on Node 20 slower.
  const exchanges = new WeakMap<IncomingRequest, Exchange>();
  const handler = auth.handler((request, options) => {
    const forwarded = asRequestStandIn(request);
    const exchange = forwarded && exchanges.get(forwarded.incoming);
    if (!forwarded || !exchange) throw new Error("There is no request under way");
    return letThrough(exchange, forwarded, options);
  }, { everyPath: true });
  return (request, response, next) => {
    const built = tryBuildRequest(request);
    if (built === undefined) return void sendResponse(response, buildBadRequest());
    const exchange: Exchange = { request, response, next, wasRead: built.wasRead };
    exchanges.set(request, exchange);
    handler(built.request)
      .then(
        (decided) => exchange.answer?.release(decided) ?? sendResponse(response, decided),
        async (error: unknown) => {
          // The next handler's answer is buffered: without another one its client would wait for ever.
          await exchange.answer?.release(new Response(null, { status: 500 }));
          throw error;
        },
      )
      // The error handlers of Express could not answer any more.
      .catch((error: unknown) => isAnswered(response) ? undefined : next(error));
  };
}

/** Calls the next handler as the caller, and waits for its answer. */
async function letThrough(
  exchange: Exchange,
  forwarded: RequestStandIn,
  { authInfo, parsedBody }: McpRequestOptions,
): Promise<Response> {
  const { request, response, next } = exchange;
  request.auth = authInfo;
  hideFields(request, forwarded.headers.deleted);
  // The body that was judged: another parser could read the same bytes otherwise.
  if (parsedBody !== undefined) request.body = parsedBody;
  else if (exchange.wasRead()) request.body = await forwarded.text();
  // Another middleware answered, or the client left, while PropelAuth was asked or the body was read.
  if (isAnswered(response)) return new Response();
  exchange.answer = forwarded.isSentAsWritten && canBeWatched(response)
    ? watchResponse(response)
    : holdResponse(response, () => forwarded.abort());
  next();
  return await exchange.answer.response;
}

/**
 * Creates middleware that serves the metadata of an MCP server, at each of its places, and passes
 * everything else on. For the root of an app: well-known paths are those of the origin.
 *
 * @param auth The resource server.
 * @returns The middleware.
 * @throws {TypeError} `auth` is not a PropelAuth, or is not the only argument.
 */
export function metadataRoutes(auth: PropelAuth): ExpressMiddleware {
  requireArguments("metadataRoutes", arguments);
  const notMetadata = new Response();
  const handler = auth.handler(() => notMetadata, { fallback: () => notMetadata });
  return (request, response, next) => {
    const target = request.originalUrl ?? request.url;
    if (!target?.startsWith("/.well-known/")) return next();
    const built = tryBuildRequest(request);
    if (built === undefined) return next();
    handler(built.request)
      .then((answer) => answer === notMetadata ? next() : sendResponse(response, answer))
      .catch(next);
  };
}

/** Without the second check an option such as `requiredScopes` would have no effect, unnoticed. */
function requireArguments(name: string, { 0: auth, length }: ArrayLike<unknown>): void {
  refuseAs(`Cannot create ${name}()`, () => {
    if (!isObject(auth) || typeof auth["handler"] !== "function") {
      const received = isObject(auth) && "headers" in auth
        ? `a request: give Express ${name}(auth), not ${name}`
        : describe(auth);
      throw new BrokenRule("auth", "a result of createPropelAuth()", received);
    }
    if (length === 1) return;
    throw new BrokenRule(
      "auth",
      "the only argument, since createPropelAuth() takes the options",
      `${length} arguments`,
    );
  });
}
