/**
 * The MCP endpoint: verifies the token, checks the session, judges the operations, calls the MCP
 * server and finishes its response.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import type { AllowedOrigins } from "./host_and_origin.ts";
import { setCorsHeaders } from "./cors.ts";
import { AccessTokenError } from "../oauth/errors.ts";
import { refusalOf } from "../oauth/refusal_sentences.ts";
import { endStreamAt, isStandingStream, type OpenStreams } from "./standing_streams.ts";
import type { Emit } from "../events/events.ts";
import type { Gate } from "./gate.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import type { Admission, OperationGate } from "./operation_gate.ts";
import type { AuditedRequest, CallAudit } from "../operations/call_audit.ts";
import type { Running } from "../operations/requirements.ts";
import { admitParsed } from "./parsed_body.ts";
import { buildRefusal, withoutChallenge } from "../oauth/refusal_response.ts";
import {
  createEndpointReader,
  listPresentedSessions,
  MAX_PRESENTED_SESSIONS,
  type Sessions,
} from "./sessions.ts";
import { buildSessionRefused } from "../events/token_events.ts";
import { BrokenRule, refuseAs } from "../lib/broken_rule.ts";
import { describe } from "../lib/check_option.ts";
import { isObject } from "../lib/json.ts";
import type { World } from "../lib/world.ts";

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

/** The parts that an MCP endpoint works with. */
export interface McpEndpointParts {
  readonly gate: Gate;
  /** Absent without the option `operations`. */
  readonly operationGate: OperationGate | undefined;
  readonly allowedOrigins: AllowedOrigins;
  /** Runs a function with a request as ambient context. */
  readonly runAs: <T>(running: Running, run: () => T) => T;
  readonly world: World;
  /** The standing streams that are open. */
  readonly streams: OpenStreams;
  /** Shared by all handlers, since a router may have a handler for each method. */
  readonly sessions: Sessions;
  readonly emit: Emit;
  /** Absent without the option `audit`. */
  readonly audit: CallAudit | undefined;
}

/** Answers a request under the token policy of the resource that it is for. */
type McpEndpoint = (request: Request, policy: AccessTokenPolicy) => Promise<Response>;

/**
 * Creates the endpoint of one MCP server.
 *
 * @param parts The gates, the tables and the clock.
 * @param server The MCP server.
 * @returns The endpoint. It rejects with the error that the MCP server throws; only an
 * `AccessTokenError` of a requirement such as `requireScopes()` is answered 403.
 * @throws {TypeError} `server` is not a {@linkcode McpServerHandler}.
 */
export function createMcpEndpoint(parts: McpEndpointParts, server: McpServerHandler): McpEndpoint {
  const mcp = refuseAs("Cannot create a handler", () => asFunction(server));
  const { gate, allowedOrigins, runAs, world, streams, sessions, emit, audit } = parts;
  const operationGate = parts.operationGate ?? admitParsed;

  async function serve(
    admission: Admission,
    tokenPolicy: AccessTokenPolicy,
    audited: AuditedRequest | undefined,
  ): Promise<Response> {
    const { caller, request, parsedBody, filter } = admission;
    const options = { authInfo: caller, ...(parsedBody !== undefined && { parsedBody }) };
    try {
      const response = requireResponse(
        await runAs({ caller, parsedBody, audited }, () => mcp(request, options)),
      );
      const handedOut = response.headers.get("Mcp-Session-Id");
      if (handedOut !== null) sessions.assign(handedOut, caller);
      return filter === undefined ? response : await filter(response);
    } catch (error) {
      // A function may let a failed requirement through; the MCP SDKs turn it into a result.
      if (error instanceof AccessTokenError && refusalOf(error.reason).status === 403) {
        return buildRefusal(error, tokenPolicy);
      }
      throw error;
    }
  }

  async function answer(
    request: Request,
    tokenPolicy: AccessTokenPolicy,
    audited: AuditedRequest | undefined,
  ): Promise<Response> {
    const passed = gate(request, tokenPolicy);
    // Awaited only where it has to be: each turn of the event loop takes time on a warm call.
    const caller = passed instanceof Promise ? await passed : passed;
    if (caller instanceof Response) return caller;
    const origin = request.headers.get("Origin");
    const presented = [...listPresentedSessions(request)];
    let response: Response;
    if (presented.length > MAX_PRESENTED_SESSIONS) {
      response = buildJsonRpcError(400, "transport", "The query has too many values");
    } else if (!presented.every((sessionId) => sessions.belongsTo(sessionId, caller))) {
      emit?.(buildSessionRefused(caller));
      response = buildJsonRpcError(404, "session_not_found", "Session not found");
    } else {
      const admitted = operationGate(request, caller, tokenPolicy, audited);
      const admission = admitted instanceof Promise ? await admitted : admitted;
      if (admission instanceof Response) {
        setCorsHeaders(admission.headers, origin, allowedOrigins);
        return admission;
      }
      const served = audited === undefined
        ? await serve(admission, tokenPolicy, undefined)
        : await audited.serve(() => serve(admission, tokenPolicy, audited));
      // Last, since the audit reads from the challenge that a call was refused.
      response = caller.apiKey === undefined ? served : withoutChallenge(served);
    }
    const stands = isStandingStream(request, response);
    // Passed on untouched when no header is to be added: copying a response costs time on each call.
    if (origin === null && !stands) return response;
    const assign = (assigned: string): void => sessions.assign(assigned, caller);
    const body = response.body !== null && stands
      ? endStreamAt(response.body, caller.expiresAt, world, streams, createEndpointReader(assign))
      : response.body;
    const readable = new Response(body, response);
    setCorsHeaders(readable.headers, origin, allowedOrigins);
    return readable;
  }

  if (audit === undefined) {
    return (request, tokenPolicy) => answer(request, tokenPolicy, undefined);
  }
  return (request, tokenPolicy) =>
    audit.follow(request, (audited) => answer(request, tokenPolicy, audited));
}

function asFunction(mcp: McpServerHandler): McpFunction {
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
  // Those for Node's own requests take the response as their second argument, and a third one.
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

/** By its members: a server may have a class `Response` of its own. */
function requireResponse(returned: Response): Response {
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
