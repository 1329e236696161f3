/**
 * Calls from their begin to their end, as every listener of the option `audit` observes them. Types
 * alone.
 *
 * @module
 */

import type { AccessToken } from "../../oauth/access_token.ts";
import type {
  AccessTokenErrorReason,
  IntrospectionErrorReason,
} from "../../oauth/refusal_sentences.ts";

/** A JSON-RPC request or notification whose body was read, and that may still be refused. */
export interface BegunCall {
  readonly method: string;
  /** The name of the tool or prompt. */
  readonly name: string | undefined;
  /** The URI of the resource; of several that are listened to, all are in `uris`. */
  readonly uri: string | undefined;
  readonly uris: readonly string[];
  /** `undefined` for a notification. */
  readonly requestId: string | number | undefined;
  readonly protocolVersion: string | undefined;
  readonly sessionId: string | undefined;
  readonly caller: AccessToken;
  /** When the HTTP request was received: seconds since 1970, with fractions. */
  readonly startedAt: number;
  /** The headers of the client's request, credentials included. */
  readonly headers: Headers;
  /** The parameters, as the client sent them; `{}` where there are none. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The member `_meta` of the parameters, as the client sent it. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** The arguments, as the client sent them; the MCP server may change them later. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Why a call was refused; `operation`: no rule allows it. */
export type CallRefusalReason = AccessTokenErrorReason | IntrospectionErrorReason | "operation";

/**
 * How a call ended.
 *
 * - `ok`: a result; of a notification, that the MCP server took it.
 * - `tool_error`: a result with `isError`.
 * - `error`: a JSON-RPC error with its code. Without a code the MCP server threw, or answered with an
 *   HTTP error and no JSON-RPC.
 * - `refused`: by `operations`, or by a requirement such as `requireScopes()` inside the MCP server.
 * - `cancelled`: the client left, or cancelled the call, before its answer.
 * - `no_answer`: no answer passed through this process.
 */
export type CallOutcome =
  | { readonly outcome: "ok" | "tool_error" | "cancelled" | "no_answer" }
  | {
    readonly outcome: "error";
    /** The JSON-RPC error code. */
    readonly errorCode?: number;
    /** The status of the HTTP response, when it is 400 or above. */
    readonly httpStatus?: number;
  }
  | {
    readonly outcome: "refused";
    readonly reason: CallRefusalReason;
    /** All scopes that the call needs, when it lacks one. */
    readonly scopes: readonly string[];
  };

/** The end of a call; all observers of the call receive the same object. */
export interface CallEnd {
  /** A UUID of this call alone. */
  readonly eventId: string;
  readonly outcome: CallOutcome;
  /** Seconds since 1970, with fractions. */
  readonly endedAt: number;
  /** The session that `initialize` was answered with. */
  readonly openedSessionId: string | undefined;
}

/** Observes the calls of one PropelAuth. Errors of `begin` and of the function it returns are ignored. */
export interface CallObserver {
  /** Receives a function that ends all calls without an answer, for a process that is about to end. */
  readonly connect?: (endOpenCalls: () => void) => void;
  /** Runs the answering of one HTTP request, before its token is read. */
  readonly aroundRequest?: <T>(request: Request, receivedAt: number, run: () => T) => T;
  /**
   * Tells whether `count` calls may begin now: `undefined`, or the seconds after which the client may
   * come again.
   */
  readonly refusesFor?: (count: number) => number | undefined;
  /** Observes a call; the returned function is called once, at the call's end. */
  readonly begin: (call: BegunCall) => (end: CallEnd) => void;
  /** Runs the MCP server, when all calls of a request have begun and none was refused. */
  readonly aroundServer?: <T>(calls: readonly BegunCall[], run: () => T) => T;
}
