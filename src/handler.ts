/**
 * From a web-standard request to a response: metadata, gate, then the MCP server.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "./access_token.ts";
import { buildPublicPreflight, setCorsHeaders } from "./cors.ts";
import { AccessTokenError, refusalOf } from "./errors.ts";
import { endStreamAt, isStandingStream, type OpenStreams } from "./event_stream.ts";
import type { Emit } from "./events.ts";
import { buildForwardedRequest } from "./forwarded_request.ts";
import { type Gate, isHostAllowed, refuseHost } from "./gate.ts";
import { buildJsonRpcError, SESSION_NOT_FOUND } from "./json_rpc_error.ts";
import type { Admission, OperationGate } from "./operation_gate.ts";
import type { AllowedOrigins } from "./options.ts";
import { ORG_PLACEHOLDER } from "./organizations.ts";
import type { ProtectedResources } from "./protected_resources.ts";
import { buildRefusal } from "./refusal.ts";
import { routeOf } from "./resource_identifier.ts";
import type { Sessions } from "./sessions.ts";
import { buildSessionRefused } from "./token_events.ts";
import type { World } from "./world.ts";

const AUTHORIZATION_SERVER_METADATA_PATH = "/.well-known/oauth-authorization-server";

/** What the MCP server receives beside the request. */
export interface McpRequestOptions {
  /** The caller. */
  authInfo: AccessToken;
  /** The request's body, when it was parsed already. */
  parsedBody?: unknown;
}

/** An MCP server as a function. */
export type McpFunction = (
  request: Request,
  options: McpRequestOptions,
) => Response | Promise<Response>;

/**
 * An MCP server: a function, an object with `fetch` (SDK v2's `createMcpHandler`), or one with
 * `handleRequest` (the web-standard transports of SDK v1 and v2).
 */
export type McpServer =
  | McpFunction
  | { fetch(request: Request, options: McpRequestOptions): Response | Promise<Response> }
  | { handleRequest(request: Request, options: McpRequestOptions): Response | Promise<Response> };

/** How requests that are not for the MCP endpoint are answered. */
export interface HandlerOptions {
  /**
   * Answers every path that is neither the MCP endpoint nor metadata. Never guarded.
   *
   * @default {404}
   */
  fallback?: (request: Request) => Response | Promise<Response>;
  /**
   * Guards whatever path it is given as the MCP endpoint, and serves nothing else: for routers that
   * have chosen the path already.
   *
   * @default {false}
   */
  everyPath?: boolean;
}

/** A web-standard request handler. */
export type RequestHandler = (request: Request) => Promise<Response>;

/** What handlers are made of. */
export interface HandlerParts {
  readonly gate: Gate;
  /** Absent: every operation needs what every request needs, and no body is read. */
  readonly operationGate: OperationGate | undefined;
  readonly resources: ProtectedResources;
  readonly mcpPath: string;
  readonly allowedOrigins: AllowedOrigins;
  readonly onLoopback: boolean;
  /** Absent: not forwarded. */
  readonly authorizationServerMetadata: (() => Promise<string | undefined>) | undefined;
  /** Runs a function with the caller as ambient context. */
  readonly runAs: <T>(caller: AccessToken, run: () => T) => T;
  readonly world: World;
  /** Where standing streams are listed while they are open. */
  readonly streams: OpenStreams;
  /** Whose they are: of all handlers together, since each method may have one of its own. */
  readonly sessions: Sessions;
  readonly emit: Emit;
}

/**
 * Creates the handler of one MCP server.
 *
 * @param parts What it is made of.
 * @param mcp The MCP server.
 * @param options How other paths are answered.
 * @returns The handler. What the MCP server or the fallback throws passes through, but for what the
 * MCP server requires of its caller: that is answered 403.
 * @throws {TypeError} `mcp` is none of what {@linkcode McpServer} lists.
 */
export function createHandler(
  parts: HandlerParts,
  mcp: McpServer,
  options: HandlerOptions = {},
): RequestHandler {
  const { mcpPath, onLoopback, authorizationServerMetadata, resources, emit } = parts;
  const { fallback = () => notFound(mcpPath) } = options;
  const serveMcp = createMcpEndpoint(parts, asFunction(mcp));
  // Where each organization has a resource of its own, only the path tells which.
  const anywhere = options.everyPath === true && !mcpPath.includes(ORG_PLACEHOLDER)
    ? resources.policyOf()
    : undefined;

  return async (request) => {
    const path = routeOf(request.url);
    const policy = anywhere ?? resources.policyAt(path);
    if (policy !== undefined) return await serveMcp(request, policy);
    if (onLoopback && !isHostAllowed(request)) return refuseHost(request, emit);
    const metadata = resources.metadataAt(path);
    if (metadata !== undefined) return serveMetadata(request, metadata);
    if (authorizationServerMetadata && path === AUTHORIZATION_SERVER_METADATA_PATH) {
      const withBody = request.method === "GET" || request.method === "HEAD";
      return serveMetadata(request, withBody ? await authorizationServerMetadata() : "");
    }
    return await fallback(request);
  };
}

function createMcpEndpoint(
  parts: HandlerParts,
  mcp: McpFunction,
): (request: Request, policy: AccessTokenPolicy) => Promise<Response> {
  const { gate, operationGate, allowedOrigins, runAs, world, streams, sessions, emit } = parts;

  async function serve(admission: Admission, policy: AccessTokenPolicy): Promise<Response> {
    const { caller, request, parsedBody, filter } = admission;
    const options = { authInfo: caller, ...(parsedBody !== undefined && { parsedBody }) };
    try {
      const response = await runAs(caller, () => mcp(request, options));
      return filter === undefined ? response : await filter(response);
    } catch (error) {
      // What a function requires of its caller the client has to hear. An SDK tells it by itself.
      if (error instanceof AccessTokenError && refusalOf(error.reason).status === 403) {
        return buildRefusal(error, policy);
      }
      throw error;
    }
  }

  return async (request, policy) => {
    const caller = await gate(request, policy);
    if (caller instanceof Response) return caller;
    const origin = request.headers.get("Origin");
    const sessionId = request.headers.get("Mcp-Session-Id");
    let response: Response;
    if (sessionId !== null && !sessions.mayUse(sessionId, caller)) {
      emit?.(buildSessionRefused(caller));
      response = buildJsonRpcError(404, SESSION_NOT_FOUND, "Session not found");
    } else {
      const admission = operationGate === undefined
        ? {
          caller,
          request: buildForwardedRequest(request),
          parsedBody: undefined,
          filter: undefined,
        }
        : await operationGate(request, caller, policy);
      if (admission instanceof Response) {
        setCorsHeaders(admission.headers, origin, allowedOrigins);
        return admission;
      }
      response = await serve(admission, policy);
      const handedOut = response.headers.get("Mcp-Session-Id");
      if (handedOut !== null) sessions.assign(handedOut, caller);
    }
    const stands = isStandingStream(request, response);
    // Untouched where nothing is to be added: a response made anew costs time on every call.
    if (origin === null && !stands) return response;
    const body = response.body !== null && stands
      ? endStreamAt(response.body, caller.expiresAt, world, streams)
      : response.body;
    const readable = new Response(body, response);
    setCorsHeaders(readable.headers, origin, allowedOrigins);
    return readable;
  };
}

function asFunction(mcp: McpServer): McpFunction {
  if (typeof mcp === "function") return mcp;
  if (typeof mcp === "object" && mcp !== null) {
    if ("fetch" in mcp && typeof mcp.fetch === "function") {
      return (request, options) => mcp.fetch(request, options);
    }
    if ("handleRequest" in mcp && typeof mcp.handleRequest === "function") {
      return (request, options) => mcp.handleRequest(request, options);
    }
  }
  const rule = "a function, or an object with fetch or handleRequest";
  const received = mcp === null ? "null" : `a value of type ${typeof mcp}`;
  throw new TypeError(`Cannot create a handler: mcp must be ${rule}: received ${received}`);
}

/** `document` is `undefined` when it cannot be had now. */
function serveMetadata(request: Request, document: string | undefined): Response {
  if (request.method === "OPTIONS") return buildPublicPreflight(request);
  const headers = new Headers({ "Access-Control-Allow-Origin": "*" });
  if (request.method !== "GET" && request.method !== "HEAD") {
    headers.set("Allow", "GET, HEAD, OPTIONS");
    return new Response(null, { status: 405, headers });
  }
  headers.set("Content-Type", "application/json");
  headers.set("Cache-Control", document === undefined ? "no-store" : "public, max-age=3600");
  const body = document ??
    '{"error":"temporarily_unavailable","error_description":"The metadata cannot be had now"}';
  const status = document === undefined ? 502 : 200;
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}

function notFound(mcpPath: string): Response {
  return new Response(`Not found. The MCP endpoint of this server is ${mcpPath}\n`, {
    status: 404,
    headers: { "Content-Type": "text/plain; charset=utf-8" },
  });
}
