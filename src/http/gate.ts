/**
 * The gate of the MCP endpoint: host, origin, preflight, credentials, verification.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import {
  type AllowedOrigins,
  isHostAllowed,
  isOriginAllowed,
  refuseHost,
} from "./host_and_origin.ts";
import { parseBearerToken } from "../oauth/bearer.ts";
import { buildPreflight, setCorsHeaders } from "./cors.ts";
import { AccessTokenError } from "../oauth/errors.ts";
import { type Emit, showForeign } from "../events/events.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import { buildRefusal } from "../oauth/refusal_response.ts";
import { startsSession } from "./sessions.ts";
import type { Verifier } from "../verification/verifier.ts";

/** The options of the gate. */
interface GateOptions {
  readonly allowedOrigins: AllowedOrigins;
  /** Whether only loopback hosts are served. */
  readonly onLoopback: boolean;
}

/**
 * The gate: a verified token, or the response to send instead. It returns no promise when the answer
 * about the token is cached.
 */
export type Gate = (
  request: Request,
  policy: AccessTokenPolicy,
) => AccessToken | Response | Promise<AccessToken | Response>;

/**
 * Creates the gate.
 *
 * The only way through is an access token judged for this very request. A preflight is answered
 * without one, since browsers send none; that answer reaches no MCP server.
 *
 * @param options Checked options.
 * @param verifier Checks the token, and reports the result.
 * @param emit Reports requests that are refused before the verifier sees a token.
 * @returns The gate. It throws or rejects only for a fault that is neither the client's nor PropelAuth's.
 */
export function createGate(
  options: GateOptions,
  verifier: Verifier,
  emit: Emit,
): Gate {
  const { allowedOrigins, onLoopback } = options;

  function readToken(request: Request): string {
    try {
      return parseBearerToken(request.headers.get("Authorization"));
    } catch (error) {
      if (error instanceof AccessTokenError) {
        emit?.({ code: "token_refused", reason: error.reason });
      }
      throw error;
    }
  }

  return (request, policy) => {
    if (onLoopback && !isHostAllowed(request)) return refuseHost(request, emit);
    const origin = request.headers.get("Origin");
    if (origin !== null && !isOriginAllowed(origin, allowedOrigins)) {
      emit?.({ code: "request_refused", reason: "origin", received: showForeign(origin) });
      return buildJsonRpcError(403, "transport", "This Origin is not allowed");
    }
    const withCors = (response: Response): Response => {
      setCorsHeaders(response.headers, origin, allowedOrigins);
      return response;
    };
    if (request.method === "OPTIONS") return withCors(buildPreflight(request));
    const refuse = (error: unknown): Response => withCors(buildRefusal(error, policy, request));
    try {
      // Cloudflare Workers may give a request no signal.
      const mayWait = () => startsSession(request) && request.signal?.aborted !== true;
      const verified = verifier.verify(readToken(request), policy, mayWait);
      return verified instanceof Promise ? verified.catch(refuse) : verified;
    } catch (error) {
      return refuse(error);
    }
  };
}
