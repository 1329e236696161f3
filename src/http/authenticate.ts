/**
 * The gate alone, for routers of the user.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import { buildRefusal, withoutChallenge } from "../oauth/refusal_response.ts";
import { setCorsHeaders } from "./cors.ts";
import type { Gate } from "./gate.ts";
import type { AllowedOrigins } from "./host_and_origin.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import type { AuditedRequest, CallAudit } from "../operations/call_audit.ts";
import type { Running } from "../operations/requirements.ts";

/** Answers the request of a verified caller. */
type Admitted = (caller: AccessToken) => Response | Promise<Response>;

interface AuthenticateParts {
  readonly gate: Gate;
  readonly allowedOrigins: AllowedOrigins;
  /** Gives the policy of a request's path; `undefined` when no endpoint of an organization is there. */
  readonly policyFor: (request: Request) => AccessTokenPolicy | undefined;
  readonly runAs: <T>(running: Running, run: () => T) => T;
  /** Called for each verified caller: no call was judged. */
  readonly onAdmitted: () => void;
  /** Absent without the option `audit`. */
  readonly audit: CallAudit | undefined;
  /** Called when calls are not recorded. */
  readonly onUnaudited: () => void;
}

/**
 * Creates `authenticate()`.
 *
 * It takes a function for the admitted, not a result to look at: a caller who forgets `await` then
 * sends a promise instead of letting everybody in.
 *
 * @param parts The gate, and how the caller is made known while `admitted` runs.
 * @returns A function that gives the response of `admitted`, or the refusal.
 */
export function createAuthenticate(
  parts: AuthenticateParts,
): (request: Request, admitted: Admitted) => Promise<Response> {
  const { gate, allowedOrigins, policyFor, runAs, onAdmitted, audit, onUnaudited } = parts;

  async function run(
    request: Request,
    admitted: Admitted,
    audited: AuditedRequest | undefined,
  ): Promise<Response> {
    const policy = policyFor(request);
    if (policy === undefined) {
      return buildJsonRpcError(404, "transport", "No endpoint of an organization");
    }
    const caller = await gate(request, policy);
    if (caller instanceof Response) return caller;
    onAdmitted();
    const answer = async (): Promise<Response> => {
      const answered = await runAs(
        { caller, parsedBody: undefined },
        async () => await admitted(caller),
      )
        // A requirement such as requireScopes() that failed; other errors pass through.
        .catch((error: unknown) => buildRefusal(error, policy));
      return caller.apiKey === undefined ? answered : withoutChallenge(answered);
    };
    const answered = await (audited?.readAndServe(caller, answer, onUnaudited) ?? answer());
    const origin = request.headers.get("Origin");
    if (origin === null) return answered;
    const readable = new Response(answered.body, answered);
    setCorsHeaders(readable.headers, origin, allowedOrigins);
    return readable;
  }

  return (request, admitted) => {
    // At once, not as a rejection: code for the form without a function must not go on.
    if (typeof admitted !== "function") {
      throw new TypeError(
        "authenticate() needs a function as its second argument: it receives the caller, and returns the response",
      );
    }
    if (audit === undefined) return run(request, admitted, undefined);
    return audit.follow(request, (audited) => run(request, admitted, audited));
  };
}
