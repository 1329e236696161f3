/**
 * The MCP server that a handler protects: its forms, and the mistakes that are made with them.
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";
import { BrokenRule } from "../lib/broken_rule.ts";
import { describe } from "../lib/check_option.ts";
import { isObject } from "../lib/json.ts";

/** The second argument of the MCP server, beside the request. */
export interface McpRequestOptions {
  /** The caller. */
  authInfo: AccessToken;
  /** The request's body as a value, when the gate has parsed it. */
  parsedBody?: unknown;
}

/** An MCP server as a function. */
export type McpFunction = (
  request: Request,
  options: McpRequestOptions,
) => Response | Promise<Response>;

/**
 * An MCP server: a function, an object or a function with `fetch` (SDK v2's `createMcpHandler`, that
 * of Cloudflare's `agents`), or two factories that create a server and a transport for each request
 * (SDK v1).
 *
 * Also an object with `handleRequest`, which is one connected transport. It serves one session, so it
 * is for tests; one without sessions answers a single request and is refused.
 */
export type McpServerHandler =
  | McpFunction
  | { fetch(request: Request, options: McpRequestOptions): Response | Promise<Response> }
  | {
    /** Creates the SDK's `McpServer`. */
    server():
      | { connect(transport: never): Promise<void> }
      | Promise<{ connect(transport: never): Promise<void> }>;
    /** Creates the SDK's `WebStandardStreamableHTTPServerTransport`. */
    transport(): {
      handleRequest(request: Request, options: McpRequestOptions): Response | Promise<Response>;
    };
  }
  | { handleRequest(request: Request, options: McpRequestOptions): Response | Promise<Response> };

/**
 * Makes one function of any MCP server.
 *
 * @param mcp The MCP server.
 * @returns The function.
 * @throws {BrokenRule} `mcp` is not a {@linkcode McpServerHandler}, or a transport without sessions.
 */
export function asFunction(mcp: McpServerHandler): McpFunction {
  const hasMembers = typeof mcp === "object" && mcp !== null || typeof mcp === "function";
  // Before the function itself: that of Cloudflare's `agents` ignores its second argument.
  if (hasMembers && "fetch" in mcp && typeof mcp.fetch === "function") {
    return (request, options) => mcp.fetch(request, options);
  }
  if (typeof mcp === "function") return mcp;
  if (hasMembers) {
    if ("server" in mcp && isFactory(mcp.server) && isFactory(mcp.transport)) {
      return async (request, options) => await connectAndHandle(mcp, request, options);
    }
    if ("handleRequest" in mcp && typeof mcp.handleRequest === "function") {
      if (!isStateless(mcp)) return (request, options) => mcp.handleRequest(request, options);
      throw new BrokenRule("mcp", RULE, `a transport that answers one request only: ${FACTORIES}`);
    }
  }
  throw new BrokenRule("mcp", RULE, describeMistake(mcp));
}

const RULE = "a function, or an object with fetch, or with server and transport";
const FACTORIES = "give { server: () => new McpServer(...), " +
  "transport: () => new WebStandardStreamableHTTPServerTransport() }";

/** Answers a request by a server and a transport of its own. */
async function connectAndHandle(
  mcp: Extract<McpServerHandler, { transport: unknown }>,
  request: Request,
  options: McpRequestOptions,
): Promise<Response> {
  const transport = mcp.transport();
  const server = await mcp.server();
  if (typeof server?.connect !== "function") throw wrongResult("server", "an SDK McpServer");
  // Transports for Node's own requests take three arguments: request, response and body.
  if (typeof transport?.handleRequest !== "function" || transport.handleRequest.length > 2) {
    throw wrongResult("transport", "a WebStandardStreamableHTTPServerTransport");
  }
  // Server and transport come from one SDK; its types are not ours to name.
  await server.connect(transport as never);
  return await transport.handleRequest(request, options);
}

function wrongResult(name: string, needed: string): TypeError {
  return new TypeError(`Cannot answer a request: ${name}() must return ${needed}`);
}

/** A class cannot be called without `new`. */
function isFactory(value: unknown): boolean {
  return typeof value === "function" && !/^class\b/.test(String(value));
}

/** Without a generator of session ids the transports of both SDK majors refuse a second request. */
function isStateless(transport: object): boolean {
  return "sessionIdGenerator" in transport && transport.sessionIdGenerator === undefined;
}

/**
 * Requires that an MCP server returned a response.
 *
 * @param returned The result of its function.
 * @returns The same.
 * @throws {TypeError} It is something else. Its members count: a server may have a class `Response` of
 * its own.
 */
export function requireResponse(returned: Response): Response {
  if (typeof returned?.headers?.get === "function") return returned;
  const received = returned === undefined ? "nothing" : describeMistake(returned);
  throw new TypeError(
    `Cannot answer a request: your function returned ${received}, and must return a Response`,
  );
}

/** Names what newcomers hand in by mistake, with the remedy. */
function describeMistake(value: unknown): string {
  if (!isObject(value)) return describe(value);
  if (typeof value["then"] === "function") return "a Promise: await it";
  if (
    typeof value["registerTool"] === "function" || typeof value["setRequestHandler"] === "function"
  ) {
    return `an SDK McpServer: wrap it in createMcpHandler(); with SDK v1 ${FACTORIES}`;
  }
  if ("server" in value || "transport" in value) return `not two functions: ${FACTORIES}`;
  if (typeof value["fetch"] === "function") {
    return "an object with fetch: give auth.handler() that object";
  }
  // The members of a `Request` are those of its prototype.
  return "headers" in value && "url" in value
    ? "a request: give the result of auth.handler(mcp) to the server that receives requests"
    : describe(value);
}
