/**
 * A PropelAuth whose calls are recorded, and requests that carry them.
 *
 * @module
 */

import { auditCalls, type CallEvent } from "@x/propelauth-mcp/audit";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import type { AuditArguments } from "../../../src/entries/audit/call_event.ts";
import { createHarness, type Harness, mcpRequest } from "../../support/harness.ts";

export interface Audited extends Harness {
  /** The events of all calls that have ended, in order. */
  readonly events: CallEvent[];
}

/** Creates a PropelAuth that records its calls. */
export function createAudited(
  options: Partial<PropelAuthOptions> = {},
  auditArguments?: AuditArguments,
  answer?: Harness["answer"],
): Audited {
  const events: CallEvent[] = [];
  const onCall = (event: CallEvent): void => void events.push(event);
  const audit = auditCalls({ onCall, ...(auditArguments && { auditArguments }) });
  return Object.assign(createHarness({ audit, ...options }, answer), { events });
}

/** A JSON-RPC message that calls something. */
export function message(
  method: string,
  params: Record<string, unknown> = {},
  id: unknown = 1,
): Record<string, unknown> {
  return { jsonrpc: "2.0", ...(id !== undefined && { id }), method, params };
}

/** A message that calls a tool. */
export function toolCall(name: string, id: unknown = 1): Record<string, unknown> {
  return message("tools/call", { name, arguments: { text: "secret text" } }, id);
}

/** A notification that names a tool. */
export function notification(method: string, params: Record<string, unknown> = {}) {
  const { id: _id, ...rest } = message(method, params);
  return rest;
}

/** A request with a body, and headers beside those that every client sends. */
export function post(body: unknown, headers: HeadersInit = {}, init: RequestInit = {}): Request {
  const sent = new Headers(headers);
  sent.set("Content-Type", "application/json");
  sent.set("Accept", "application/json, text/event-stream");
  return mcpRequest("token-1", { body: JSON.stringify(body), headers: sent, ...init });
}

/** A stream that a test writes to as the MCP server. */
export function createStream(): {
  readonly response: Response;
  send(...messages: unknown[]): void;
  /** Sends text as it is. */
  sendText(text: string): void;
  close(): void;
  fail(): void;
  readonly isCancelled: () => boolean;
} {
  const encoder = new TextEncoder();
  let cancelled = false;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => void (cancelled = true),
  });
  const sendText = (text: string): void => controller?.enqueue(encoder.encode(text));
  return {
    response: new Response(body, { headers: { "Content-Type": "text/event-stream" } }),
    sendText,
    send(...messages) {
      for (const one of messages) sendText(`event: message\ndata: ${JSON.stringify(one)}\n\n`);
    },
    close: () => controller?.close(),
    fail: () => controller?.error(new Error("The server broke off")),
    isCancelled: () => cancelled,
  };
}

/** The members of an event that a test compares: method, name or URI, outcome and its details. */
export function short(event: CallEvent): unknown[] {
  const { method, name, uri, requestId, outcome } = event;
  const { errorCode, httpStatus, reason, scopes } = event as Partial<
    Record<"errorCode" | "httpStatus" | "reason" | "scopes", unknown>
  >;
  const more = [errorCode, httpStatus, reason, scopes].filter((one) => one !== undefined);
  return [method, name ?? uri, requestId, outcome, ...more];
}
