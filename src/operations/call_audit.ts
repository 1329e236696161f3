/**
 * The interface between a request and the option `audit`, whose code is in an entry of its own: types,
 * and the table that finds the code behind the option's value.
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";
import type { AccessTokenError } from "../oauth/errors.ts";
import type { World } from "../lib/world.ts";
import type { Call } from "./calls.ts";

/**
 * A listener for calls: the value of the option `audit`, which functions of
 * `@x/propelauth-mcp/audit` and `@x/propelauth-mcp/otel` create.
 */
export interface Audit {
  /** Always `"calls"`. */
  readonly audits: "calls";
}

/** Follows the calls of every request to the MCP endpoint. */
export interface CallAudit {
  /** Answers one request; called before its token is read. Rejects as `answer` does. */
  follow(
    request: Request,
    answer: (audited: AuditedRequest) => Promise<Response>,
  ): Promise<Response>;
  /** Ends the calls whose answer could only come on a stream that is closed now. */
  close(): void;
}

/** The calls of one request, from the moment that its body was read. */
export interface AuditedRequest {
  /**
   * Begins the calls. They may still be refused.
   *
   * @param caller The caller.
   * @param calls The calls of the body: one for each message that has a `method`, in their order.
   * @param parsedBody The body: a message, or an array of messages.
   * @returns The response to send instead, while calls cannot be recorded.
   */
  begin(caller: AccessToken, calls: readonly Call[], parsedBody: unknown): Response | undefined;
  /**
   * Ends all calls: they do not reach the MCP server.
   *
   * @param error Why not; `undefined`: no rule allows the operation.
   */
  refuse(error: unknown): void;
  /**
   * Calls the MCP server, and ends each call with its answer, which may come after the response.
   *
   * @returns The MCP server's response, to send in place of the original.
   */
  serve(run: () => Promise<Response>): Promise<Response>;
  /** Notes that a requirement such as `requireScopes()` refused the caller inside the MCP server. */
  noteRefusal(error: AccessTokenError): void;
  /**
   * Begins the calls in a copy of the request's body, then calls the MCP server as `serve` does. For
   * requests whose body no gate has read.
   *
   * @param onUnread Called when the copy cannot be read: `run` is called all the same.
   */
  readAndServe(
    caller: AccessToken,
    run: () => Promise<Response>,
    onUnread: () => void,
  ): Promise<Response>;
}

/** Connects the listeners of one PropelAuth with its clock; all share one reading of each answer. */
type ConnectAudits = (audits: readonly Audit[], world: World) => CallAudit;

const connections = new WeakMap<Audit, ConnectAudits>();

/**
 * Creates a value for the option `audit`.
 *
 * @param connect Connects it, and the other listeners beside it.
 * @param members The other members of the value.
 * @returns The value, which shows nothing of its code.
 */
export function createAudit<T extends object>(connect: ConnectAudits, members: T): Audit & T {
  const audit: Audit & T = Object.freeze({ ...members, audits: "calls" });
  connections.set(audit, connect);
  return audit;
}

/**
 * Finds the code behind a value of the option `audit`.
 *
 * @param value The value.
 * @returns The code; `undefined` when {@linkcode createAudit} did not return the value.
 */
export function findAudit(value: Audit): ConnectAudits | undefined {
  return connections.get(value);
}
