/**
 * Builds the events about calls. Pure: no clock, no network.
 *
 * @module
 */

import { shortDigest } from "../../events/events.ts";
import { sha256 } from "../../lib/digest.ts";
import { isObject } from "../../lib/json.ts";
import type { CredentialType } from "../../oauth/api_key.ts";
import type { Operation } from "../../operations/operations.ts";
import type { BegunCall, CallEnd, CallObserver, CallOutcome } from "./observer.ts";

/**
 * A JSON-RPC call that has ended: who called what, and how it ended. Holds no token, no arguments but
 * those that `auditArguments` picks, and nothing of a result.
 */
export type CallEvent = CallOutcome & {
  /** A UUID of the call: the same in every log, and whenever the event is written again. */
  readonly eventId: string;
  /** When the call ended: seconds since 1970, with fractions. */
  readonly endedAt: number;
  /** Seconds from the receipt of the HTTP request to the end of the call, with fractions. */
  readonly durationSeconds: number;
  /** The JSON-RPC method, such as `tools/call`. */
  readonly method: string;
  /** The name of the tool or prompt, at most 512 characters. */
  readonly name?: string;
  /** The URI of the resource, at most 4,096 characters. */
  readonly uri?: string;
  /** The URIs of the resources that `subscriptions/listen` names, when there are several. */
  readonly uris?: readonly string[];
  /** PropelAuth's user id. */
  readonly subject?: string;
  /** The OAuth client; with an API key `"api_key_"` and 16 hex digits of its SHA-256. */
  readonly clientId: string;
  /** The organization that the credential is for. */
  readonly orgId?: string;
  /** The kind of credential. */
  readonly credential: CredentialType;
  /** The first 12 hex digits of the credential's SHA-256, as in the events of `onEvent`. */
  readonly tokenDigest: string;
  /** The id of the JSON-RPC request, cut to 200 characters; absent for a notification. */
  readonly requestId?: string | number;
  /** The header `MCP-Protocol-Version`, or what the body says; cut to 200 characters. */
  readonly protocolVersion?: string;
  /** The MCP session, cut to 200 characters. */
  readonly sessionId?: string;
  /** The record that `auditArguments` returned, as JSON has it. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /**
   * Why there is no record: it is longer than 4,096 characters of JSON, or `auditArguments` threw or
   * returned no record.
   */
  readonly argumentsOmitted?: "too_long" | "failed";
};

/**
 * Picks the arguments of an operation that belong into the audit trail; `undefined` for none. Called
 * before the MCP server, and for refused operations too.
 */
export type AuditArguments = (operation: Operation) => Record<string, unknown> | undefined;

/** The most characters of a value of the client's in an event. */
const MAX_TEXT_LENGTH = 200;
/** The most characters of picked arguments, as JSON. */
const MAX_ARGUMENTS_LENGTH = 4096;

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
type Picked = Pick<CallEvent, "arguments" | "argumentsOmitted">;
const NOTHING_PICKED: Picked = Object.freeze({});

/**
 * Creates the observer that turns calls into events.
 *
 * @param onCall Receives each event at the end of its call.
 * @param auditArguments Picks arguments; `undefined`: no event has any.
 * @returns The function `begin` of an observer.
 */
export function createEventBuilder(
  onCall: (event: CallEvent) => void,
  auditArguments: AuditArguments | undefined,
): CallObserver["begin"] {
  return (call) => {
    // Now: the MCP server may change the arguments.
    const picked = auditArguments === undefined ? NOTHING_PICKED : pick(call, auditArguments);
    return (end) => onCall(buildEvent(call, end, picked));
  };
}

/**
 * Calls a listener of the user's. The promise of an asynchronous one is not waited for, and its rejection
 * is ignored: one that nothing handles would end the process.
 *
 * @param listener The listener.
 * @param value Its argument.
 * @throws {Error} The listener threw.
 */
export function notify<T>(listener: (value: T) => void, value: T): void {
  const returned: unknown = listener(value);
  if (returned instanceof Promise) ignoreRejection(returned);
}

function ignoreRejection(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

/** Sets member after member, since spreads take longer than all the rest. */
function buildEvent(call: BegunCall, end: CallEnd, picked: Picked): CallEvent {
  const { startedAt, name, uri, uris, requestId, protocolVersion, caller } = call;
  const { eventId, endedAt, outcome, openedSessionId } = end;
  const { subject, orgId } = caller;
  const sessionId = openedSessionId ?? call.sessionId;
  const event: Mutable<CallEvent> = {
    ...outcome,
    eventId,
    endedAt,
    durationSeconds: Math.round((endedAt - startedAt) * 1e6) / 1e6,
    method: call.method,
    clientId: caller.clientId,
    credential: caller.credential,
    tokenDigest: digestOf(caller),
  };
  if (name !== undefined) event.name = name;
  if (uri !== undefined) event.uri = uri;
  if (uris.length > 0) event.uris = uris;
  if (subject !== undefined) event.subject = subject;
  if (orgId !== undefined) event.orgId = orgId;
  if (requestId !== undefined) event.requestId = cut(requestId);
  if (protocolVersion !== undefined) event.protocolVersion = cut(protocolVersion);
  if (sessionId !== undefined) event.sessionId = cut(sessionId);
  if (picked !== NOTHING_PICKED) Object.assign(event, picked);
  return event;
}

/** The digests by claims: all requests that use one answer about a credential share its claims. */
const digests = new WeakMap<object, string>();

/** Hashing takes longer than the rest of an event, so a digest is kept as long as its answer. */
function digestOf({ token, claims }: BegunCall["caller"]): string {
  const known = digests.get(claims);
  if (known !== undefined) return known;
  const digest = shortDigest(sha256(token));
  digests.set(claims, digest);
  return digest;
}

function pick(call: BegunCall, auditArguments: AuditArguments): Picked {
  const { method, name, uri, arguments: args } = call;
  try {
    const picked: unknown = auditArguments({
      method,
      name: name ?? uri ?? method,
      arguments: args,
    });
    if (picked === undefined) return NOTHING_PICKED;
    if (picked instanceof Promise) {
      // JSON would make an empty record of it.
      ignoreRejection(picked);
      return { argumentsOmitted: "failed" };
    }
    const json = JSON.stringify(picked);
    if (json.length > MAX_ARGUMENTS_LENGTH) return { argumentsOmitted: "too_long" };
    // A copy, since the MCP server may change what the record refers to.
    const copy: unknown = JSON.parse(json);
    if (isObject(copy)) return { arguments: copy };
  } catch {
    // The function of the user is not the caller's fault.
  }
  return { argumentsOmitted: "failed" };
}

/** Cuts a long text to its beginning, as a copy: a slice would keep all of the text in memory. */
function cut<T extends string | number>(value: T): T | string {
  if (typeof value !== "string" || value.length <= MAX_TEXT_LENGTH) return value;
  return JSON.parse(JSON.stringify(value.slice(0, MAX_TEXT_LENGTH)));
}
