/**
 * The MCP endpoint: verifies the token, checks the session, judges the operations, calls the MCP
 * server and finishes its response.
 *
 * @module
 */

import type { AccessTokenPolicy } from "../oauth/access_token.ts";
import type { AllowedOrigins } from "./host_and_origin.ts";
import { copyWithCors, setCorsHeaders } from "./cors.ts";
import { answersFor } from "../oauth/api_key.ts";
import { endStreamAt, isStandingStream, mayStand, type OpenStreams } from "./standing_streams.ts";
import type { Emit } from "../events/events.ts";
import { announceAsWritten } from "../lib/copy_request.ts";
import type { Gate } from "./gate.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import type { Admission, OperationGate } from "./operation_gate.ts";
import type { AuditedRequest, CallAudit } from "../operations/call_audit.ts";
import type { Running } from "../operations/requirements.ts";
import { asFunction, type McpServerHandler, requireResponse } from "./mcp_server.ts";
import { admitParsed } from "./parsed_body.ts";
import { refuseRequirement } from "../oauth/refusal_response.ts";
import {
  createEndpointReader,
  listPresentedSessions,
  MAX_PRESENTED_SESSIONS,
  type Sessions,
} from "./sessions.ts";
import { buildSessionRefused } from "../events/token_events.ts";
import { refuseAs } from "../lib/broken_rule.ts";
import type { World } from "../lib/world.ts";

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
      return refuseRequirement(error, tokenPolicy);
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
      // Each part of the gate that may change the answer stands here.
      const isSentAsWritten = origin === null && audited === undefined &&
        admission.filter === undefined && !mayStand(request) && answersFor(caller) === undefined;
      if (isSentAsWritten) announceAsWritten(admission.request);
      const run = () => serve(admission, tokenPolicy, audited);
      const served = await (audited?.serve(run) ?? run());
      // Last, since the audit reads from the challenge that a call was refused.
      response = answersFor(caller)?.finish(served) ?? served;
    }
    const stands = isStandingStream(request, response);
    // Passed on untouched when no header is to be added: copying a response costs time on each call.
    if (origin === null && !stands) return response;
    const assign = (assigned: string): void => sessions.assign(assigned, caller);
    const body = response.body !== null && stands
      ? endStreamAt(response.body, caller.expiresAt, world, streams, createEndpointReader(assign))
      : response.body;
    return copyWithCors(response, body, origin, allowedOrigins);
  }

  return (request, tokenPolicy) =>
    audit === undefined
      ? answer(request, tokenPolicy, undefined)
      : audit.follow(request, (audited) => answer(request, tokenPolicy, audited));
}
