/**
 * From a web-standard request to a response: the MCP endpoint, metadata, or neither.
 *
 * @module
 */

import { buildPublicPreflight, METADATA_METHODS } from "./cors.ts";
import { isHostAllowed, refuseHost } from "./host_and_origin.ts";
import { createMcpEndpoint, type McpEndpointParts } from "./mcp_endpoint.ts";
import type { McpServerHandler } from "./mcp_server.ts";
import type { ProtectedResources } from "../oauth/resources.ts";
import { refuseAs } from "../lib/broken_rule.ts";
import { requireBoolean, requireFunction, requireMembers } from "../lib/check_option.ts";
import { routeOf } from "../lib/url.ts";

const AUTHORIZATION_SERVER_METADATA_PATH = "/.well-known/oauth-authorization-server";

/** How requests that are not for the MCP endpoint are answered. */
export interface HandlerOptions {
  /**
   * Answers every path that is neither the MCP endpoint nor metadata, for callers without a token too.
   *
   * @default {404}
   */
  fallback?: (request: Request) => Response | Promise<Response>;
  /**
   * Guards whatever path it is given as the MCP endpoint, and serves nothing else: for routers that
   * have chosen the path already. Where `mcpPath` has `{orgId}` it has no effect, since the path names
   * the organization.
   *
   * @default {false}
   */
  everyPath?: boolean;
}

/** A web-standard request handler. */
export type RequestHandler = (request: Request) => Promise<Response>;

/** The parts that all handlers of one PropelAuth share. */
export interface HandlerParts extends McpEndpointParts {
  readonly resources: ProtectedResources;
  readonly mcpPath: string;
  readonly onLoopback: boolean;
  /** Gives PropelAuth's own metadata; absent when it is not forwarded. */
  readonly authorizationServerMetadata: (() => Promise<string | undefined>) | undefined;
}

/**
 * Creates the handler of one MCP server.
 *
 * @param parts The gate, the resources and the other parts.
 * @param mcp The MCP server.
 * @param options How other paths are answered.
 * @returns The handler. It rejects with the error that the MCP server or the fallback throws; only an
 * `AccessTokenError` of a requirement such as `requireScopes()` is answered 403.
 * @throws {TypeError} `mcp` is not a {@linkcode McpServerHandler}, or an option is unknown or breaks
 * its rule.
 */
export function createHandler(
  parts: HandlerParts,
  mcp: McpServerHandler,
  options: HandlerOptions = {},
): RequestHandler {
  // Before the options: a server that was given `auth.handler` itself calls it with a request.
  const serveMcp = createMcpEndpoint(parts, mcp);
  refuseAs("Cannot create a handler", () => checkHandlerOptions(options));
  const { mcpPath, onLoopback, authorizationServerMetadata, resources, emit } = parts;
  const { fallback = () => notFound(mcpPath) } = options;
  const anywhere = options.everyPath ? resources.single : undefined;

  async function serveOther(request: Request, path: string): Promise<Response> {
    if (onLoopback && !isHostAllowed(request)) return refuseHost(request, emit);
    const metadata = resources.metadataAt(path);
    if (metadata !== undefined) return await serveMetadata(request, () => metadata);
    if (authorizationServerMetadata && path === AUTHORIZATION_SERVER_METADATA_PATH) {
      return await serveMetadata(request, authorizationServerMetadata);
    }
    return await fallback(request);
  }

  return (request) => {
    if (typeof request.headers?.get !== "function") return Promise.reject(notWebRequest());
    const path = routeOf(request.url);
    const policy = anywhere ?? resources.policyAt(path);
    return policy === undefined ? serveOther(request, path) : serveMcp(request, policy);
  };
}

/** A request of node:http or Express would never be answered: nothing there sends a `Response`. */
function notWebRequest(): TypeError {
  return new TypeError(
    "Cannot answer a request: it must be a web-standard Request. With Express use requireAuth() of " +
      "@x/propelauth-mcp/express, with node:http serve() of @hono/node-server",
  );
}

function checkHandlerOptions(options: HandlerOptions): void {
  requireMembers("options", options, ["fallback", "everyPath"]);
  requireFunction("fallback", options.fallback);
  requireBoolean("everyPath", options.everyPath ?? false);
}

/** Answers with a metadata document; without one, since PropelAuth did not give it, with 502. */
async function serveMetadata(
  request: Request,
  getDocument: () => string | undefined | Promise<string | undefined>,
): Promise<Response> {
  if (request.method === "OPTIONS") return buildPublicPreflight(request);
  const headers = new Headers({ "Access-Control-Allow-Origin": "*" });
  if (request.method !== "GET" && request.method !== "HEAD") {
    headers.set("Allow", METADATA_METHODS);
    return new Response(null, { status: 405, headers });
  }
  const document = await getDocument();
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
