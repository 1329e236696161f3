/**
 * Outcomes of calls. Pure: no clock, no network.
 *
 * @module
 */

import { AccessTokenError, IntrospectionError } from "../../oauth/errors.ts";
import type { Answer } from "./answers.ts";
import type { CallOutcome } from "./observer.ts";

/**
 * Turns the answer to a call into its outcome.
 *
 * @param answer The answer.
 * @param status The status of the HTTP response that it came with.
 * @returns The outcome.
 */
export function outcomeOf({ outcome, errorCode }: Answer, status: number): CallOutcome {
  if (outcome !== "error") return { outcome };
  return {
    outcome,
    ...(errorCode !== undefined && { errorCode }),
    ...(status >= 400 && { httpStatus: status }),
  };
}

/**
 * Turns the error by which calls were refused into their outcome.
 *
 * @param error The error; `undefined`: no rule allows the operation.
 * @returns The outcome; for any other error that of a request that failed.
 */
export function refusedBy(error: unknown): CallOutcome {
  if (error === undefined) return { outcome: "refused", reason: "operation", scopes: [] };
  if (error instanceof AccessTokenError) {
    return { outcome: "refused", reason: error.reason, scopes: error.scopes };
  }
  if (error instanceof IntrospectionError) {
    return { outcome: "refused", reason: error.reason, scopes: [] };
  }
  return { outcome: "error" };
}

/**
 * Reads the challenge of an MCP server that refuses by itself, as SDK v2 does (RFC 6750 §3.1).
 *
 * @param headers The headers of a 403.
 * @returns The scopes that are missing; `undefined` without a challenge for scopes.
 */
export function readChallenge(headers: Headers): readonly string[] | undefined {
  const challenge = headers.get("WWW-Authenticate") ?? "";
  if (!/\berror="?insufficient_scope\b/.test(challenge)) return undefined;
  const [, scopes = ""] = /\bscope="([^"]*)"/.exec(challenge) ?? [];
  return scopes.split(" ").filter((scope) => scope !== "");
}
