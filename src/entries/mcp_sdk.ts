/**
 * A verifier for servers that keep the gate of the MCP SDK, `requireBearerAuth`, or `withMcpAuth` of
 * `mcp-handler`. Those gates know only the SDK's own errors, so the SDK's classes are passed in.
 *
 * @example With SDK v2; the class stands in for `OAuthError` of `@modelcontextprotocol/server`
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { createSdkVerifier } from "@x/propelauth-mcp/mcp-sdk";
 * class OAuthError extends Error {
 *   readonly code: string;
 *   constructor(code: string, message: string) {
 *     super(message);
 *     this.code = code;
 *   }
 * }
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 * });
 * const verifier = createSdkVerifier(auth, OAuthError);
 * // requireBearerAuth({ verifier, expectedResource: new URL(auth.resourceMetadata.resource) })
 * await assert.rejects(verifier.verifyAccessToken("*"), { code: "invalid_request" });
 * ```
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";
import type { PropelAuth } from "../propel_auth.ts";
import { AccessTokenError, IntrospectionError, refusalFor } from "../oauth/errors.ts";
import { type BearerErrorCode, type Refusal, refusalOf } from "../oauth/refusal_sentences.ts";
import { BrokenRule, refuseAs } from "../lib/broken_rule.ts";
import { describe } from "../lib/check_option.ts";

/** `OAuthError` of SDK v2, which `mcp-handler` shares. */
export type SdkV2Error = new (code: string, message: string) => Error;

/** An error class of SDK v1. */
export type SdkV1Error = new (message: string) => Error;

/** The module `@modelcontextprotocol/sdk/server/auth/errors.js` of SDK v1, or these parts of it. */
export interface SdkV1Errors {
  /** Answered 400. */
  readonly InvalidRequestError: SdkV1Error;
  /** Answered 401. */
  readonly InvalidTokenError: SdkV1Error;
  /** Answered 403. */
  readonly InsufficientScopeError: SdkV1Error;
  /** Answered 500. */
  readonly ServerError: SdkV1Error;
}

/** A verified token with the members that the SDK's gates insist on. */
export interface SdkAccessToken extends AccessToken {
  /** Seconds since 1970; {@linkcode NEVER} when the token has no `exp`. */
  readonly expiresAt: number;
}

/** The verifier that the SDK's gates call; fits `OAuthTokenVerifier` of both majors. */
export interface SdkVerifier {
  /**
   * Verifies an access token as {@linkcode PropelAuth.handler} does, but for its own errors.
   *
   * An outage, and a fault of our own set-up, is `server_error`, which those gates answer with 500:
   * the client keeps its token. It is never 401.
   *
   * @param token The access token, without `Bearer`.
   * @returns The verified token; `resource` is this server's own.
   * @throws An error of the classes that were passed in. Its `cause` tells the private reason.
   */
  verifyAccessToken(token: string): Promise<SdkAccessToken>;
}

/**
 * The expiry of a token that has no `exp`: the last second that a `Date` can hold. The
 * SDK's gates take a token without one for expired.
 */
export const NEVER = 8_640_000_000_000;

type Code = BearerErrorCode | "server_error";

/**
 * Creates a verifier whose errors are the SDK's.
 *
 * Through those gates there is no ambient caller: tools read the `authInfo` of the SDK.
 *
 * @param auth The resource server.
 * @param errors SDK v2 or `mcp-handler`: the class `OAuthError`. SDK v1: the module
 * `@modelcontextprotocol/sdk/server/auth/errors.js`.
 * @returns The verifier.
 * @throws {TypeError} `auth` is not a PropelAuth, or `errors` is neither.
 */
export function createSdkVerifier(
  auth: PropelAuth,
  errors: SdkV2Error | SdkV1Errors,
): SdkVerifier {
  const build = refuseAs("Cannot create a verifier", () => {
    if (typeof auth?.verifier?.verifyAccessToken !== "function") {
      throw new BrokenRule("auth", "a result of createPropelAuth()", describe(auth));
    }
    return createErrorBuilder(errors);
  });
  return Object.freeze({
    async verifyAccessToken(token: string): Promise<SdkAccessToken> {
      try {
        const accessToken = await auth.verifier.verifyAccessToken(token);
        return Object.assign(accessToken, { expiresAt: accessToken.expiresAt ?? NEVER });
      } catch (cause) {
        const { code, message } = describeFailure(cause);
        throw Object.assign(build(code, message), { cause });
      }
    },
  });
}

/** Any other error is a fault of this server, which `withMcpAuth` would answer with 401. */
function describeFailure(error: unknown): { code: Code; message: string } {
  const known = error instanceof AccessTokenError || error instanceof IntrospectionError;
  const refusal = known ? refusalFor(error) : refusalOf("malformed_response");
  return { code: codeOf(refusal), message: refusal.description ?? "There is no token" };
}

/** The SDK's gates know one code for each status, and answer every other code with 400. */
function codeOf({ status, error }: Refusal): Code {
  if (status === 503 || status === 500) return "server_error";
  if (status === 403) return "insufficient_scope";
  return error === "invalid_request" ? error : "invalid_token";
}

function createErrorBuilder(errors: unknown): (code: Code, message: string) => Error {
  if (isV2(errors)) return (code, message) => new errors(code, message);
  if (!isV1(errors)) {
    const rule = "the class OAuthError of SDK v2, or the module server/auth/errors.js of SDK v1";
    throw new BrokenRule("errors", rule, describe(errors));
  }
  const classes: Record<Code, SdkV1Error> = {
    invalid_request: errors.InvalidRequestError,
    invalid_token: errors.InvalidTokenError,
    insufficient_scope: errors.InsufficientScopeError,
    server_error: errors.ServerError,
  };
  return (code, message) => new classes[code](message);
}

/** A single error class of SDK v1 is refused: an outage would get the status of that class. */
function isV2(errors: unknown): errors is SdkV2Error {
  return typeof errors === "function" && !("errorCode" in errors);
}

function isV1(errors: unknown): errors is SdkV1Errors {
  if (typeof errors !== "object" || errors === null) return false;
  const names = ["InvalidRequestError", "InvalidTokenError", "InsufficientScopeError"];
  return [...names, "ServerError"].every((name) => typeof Reflect.get(errors, name) === "function");
}
