/**
 * The gate alone, for routers of the user.
 *
 * @module
 */

import type { AccessToken, AccessTokenPolicy } from "../oauth/access_token.ts";
import { answersFor } from "../oauth/api_key.ts";
import { refuseRequirement } from "../oauth/refusal_response.ts";
import { copyWithCors } from "./cors.ts";
import type { Gate } from "./gate.ts";
import type { AllowedOrigins } from "./host_and_origin.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";
import type { AuditedRequest, CallAudit } from "../operations/call_audit.ts";
import type { OperationGate } from "./operation_gate.ts";
import { holdsInfinity } from "../operations/calls.ts";
import type { Running } from "../operations/requirements.ts";
import { refuseAs } from "../lib/broken_rule.ts";
import { requireMembers } from "../lib/check_option.ts";

/** Answers the request of a verified caller. */
type Admitted = (caller: AccessToken) => Response | Promise<Response>;

/** The body, for a framework that has read and parsed it. */
interface AuthenticateOptions {
  readonly parsedBody: unknown;
}

/** The arguments of one call of `authenticate()`. */
interface Attempt {
  readonly request: Request;
  readonly admitted: Admitted;
  readonly options: AuthenticateOptions | undefined;
}

interface AuthenticateParts {
  readonly gate: Gate;
  readonly allowedOrigins: AllowedOrigins;
  /** Gives the policy of a request's path; `undefined` when no endpoint of an organization is there. */
  readonly policyFor: (request: Request) => AccessTokenPolicy | undefined;
  readonly runAs: <T>(running: Running, run: () => T) => T;
  /** Absent without the option `operations`. */
  readonly operationGate: OperationGate | undefined;
  /** Called for each verified caller whose calls were not judged. */
  readonly onUnjudged: () => void;
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
): (request: Request, admitted: Admitted, options?: AuthenticateOptions) => Promise<Response> {
  const { gate, allowedOrigins, policyFor, runAs, operationGate, audit } = parts;

  async function serve(
    caller: AccessToken,
    { request, admitted, options }: Attempt,
    policy: AccessTokenPolicy,
    audited: AuditedRequest | undefined,
  ): Promise<Response> {
    const judged = options && operationGate &&
      await operationGate(withBody(request, options), caller, policy, audited, request.method);
    if (judged instanceof Response) return judged;
    const running = {
      caller: judged?.caller ?? caller,
      parsedBody: judged?.parsedBody,
      audited,
    };
    const run = async () => {
      const answered = await runAs(running, async () => await admitted(running.caller))
        // A requirement such as requireScopes() that failed; other errors pass through.
        .catch((error: unknown) => refuseRequirement(error, policy));
      return await judged?.filter?.(answered) ?? answered;
    };
    if (judged !== undefined) return await (audited?.serve(run) ?? run());
    parts.onUnjudged();
    return await (audited?.readAndServe(caller, run, parts.onUnaudited) ?? run());
  }

  async function answer(attempt: Attempt, audited: AuditedRequest | undefined): Promise<Response> {
    const { request } = attempt;
    const policy = policyFor(request);
    if (policy === undefined) {
      return buildJsonRpcError(404, "transport", "No endpoint of an organization");
    }
    const caller = await gate(request, policy);
    if (caller instanceof Response) return caller;
    const served = await serve(caller, attempt, policy, audited);
    // Last, since the audit reads from the challenge that a call was refused.
    const answered = answersFor(caller)?.finish(served) ?? served;
    const origin = request.headers.get("Origin");
    if (origin === null) return answered;
    return copyWithCors(answered, answered.body, origin, allowedOrigins);
  }

  return (request, admitted, options) => {
    // Thrown at once, since code that gives no function may not wait for the promise either.
    if (typeof admitted !== "function") {
      throw new TypeError(
        "authenticate() needs a function as its second argument: it receives the caller, and returns the response",
      );
    }
    if (typeof request?.headers?.get !== "function") {
      throw new TypeError(
        "authenticate() needs a web-standard Request as its first argument: Node's own is for " +
          "authenticate() of @x/propelauth-mcp/node",
      );
    }
    refuseAs(
      "Cannot authenticate",
      () => options && requireMembers("options", options, ["parsedBody"]),
    );
    const attempt = { request, admitted, options };
    if (audit === undefined) return answer(attempt, undefined);
    return audit.follow(request, (audited) => answer(attempt, audited));
  };
}

/**
 * Builds a request for the gate of operations from a body that the framework has parsed. When the
 * framework has parsed none, the request keeps its fields, and the gate refuses it if they announce a
 * body.
 */
function withBody({ url, method, headers }: Request, { parsedBody }: AuthenticateOptions): Request {
  if (parsedBody === undefined) return new Request(url, { method, headers });
  // JSON of bytes, a stream or a form shows no call, while the framework may find one there; a function
  // has no JSON, and an infinite number is `null` there. The gate refuses `null`.
  const json = isJsonValue(parsedBody) ? JSON.stringify(parsedBody) : undefined;
  const body = json === undefined || holdsInfinity(parsedBody) ? "null" : json;
  return new Request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  });
}

/** Whether `JSON.parse()` could have returned a value, by its class; the class may be of another realm. */
function isJsonValue(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
