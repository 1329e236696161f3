/**
 * The name and the attributes of a call's span, and the attributes of its measurement, as
 * OpenTelemetry's conventions for MCP have them. Pure: no clock, no network.
 *
 * @module
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/#server | Spans of servers}
 */

import type { BegunCall, CallOutcome } from "../audit/observer.ts";
import type { OtelAttributes } from "./api.ts";
import { ATTRIBUTE, EXECUTE_TOOL, OTHER, TOOL_ERROR } from "./conventions.ts";

/** The values that a call gives to a metric or to a span's name, each from a bounded set. */
export type CallNames = Pick<BegunCall, "method" | "name" | "protocolVersion">;

/** The methods whose `uri` is that of a resource, by the conventions. */
const WITH_URI = new Set(["resources/read", "resources/subscribe", "resources/unsubscribe"]);

/** How many characters of a value from outside a span shows. */
const MAX_SHOWN_LENGTH = 256;

/**
 * Names the span of a call, such as `tools/call search_notes`: by its method, and by the tool or prompt.
 * The URI of a resource is left out, since there may be any number of them.
 *
 * @param names The method and the name.
 * @returns The name.
 */
export function nameSpan({ method, name }: CallNames): string {
  return name === undefined ? method : `${method} ${name}`;
}

/**
 * Describes a call for its span, as far as it is known before the call has ended.
 *
 * @param call The call.
 * @returns The attributes; values from outside are cut to 256 characters.
 */
export function describeCall(call: BegunCall): OtelAttributes {
  const { method, name, uri, requestId, sessionId, protocolVersion, caller } = call;
  return {
    ...describeNames({
      method: cut(method),
      name: name && cut(name),
      protocolVersion: protocolVersion && cut(protocolVersion),
    }),
    ...(uri !== undefined && WITH_URI.has(method) && { [ATTRIBUTE.resourceUri]: cut(uri) }),
    ...(requestId !== undefined && { [ATTRIBUTE.requestId]: cut(String(requestId)) }),
    ...(sessionId !== undefined && { [ATTRIBUTE.sessionId]: cut(sessionId) }),
    "propelauth.client_id": caller.clientId,
    "propelauth.credential": caller.credential,
    ...(caller.orgId !== undefined && { "propelauth.org_id": caller.orgId }),
  };
}

/**
 * Describes a call for its measurement: few values each, and nothing about a person, a session or a
 * single request.
 *
 * @param names The method, the tool or prompt, and the protocol version.
 * @returns The attributes.
 */
export function describeNames({ method, name, protocolVersion }: CallNames): OtelAttributes {
  const isTool = method === "tools/call";
  return {
    [ATTRIBUTE.method]: method,
    ...(name !== undefined && { [isTool ? ATTRIBUTE.tool : ATTRIBUTE.prompt]: name }),
    ...(isTool && { [ATTRIBUTE.operation]: EXECUTE_TOOL }),
    ...(protocolVersion !== undefined && { [ATTRIBUTE.protocolVersion]: protocolVersion }),
    [ATTRIBUTE.networkProtocol]: "http",
    [ATTRIBUTE.networkTransport]: "tcp",
  };
}

/**
 * Describes how a call ended, for its span and for its measurement.
 *
 * @param ended How the call ended.
 * @returns The attributes: none for a call that succeeded; for any other `error.type`.
 */
export function describeEnd(ended: CallOutcome): OtelAttributes {
  switch (ended.outcome) {
    case "ok":
      return {};
    case "tool_error":
      return { [ATTRIBUTE.errorType]: TOOL_ERROR };
    case "cancelled":
    case "no_answer":
      return { [ATTRIBUTE.errorType]: ended.outcome };
    case "refused":
      return { [ATTRIBUTE.errorType]: ended.reason };
    case "error": {
      const { errorCode, httpStatus } = ended;
      if (errorCode === undefined) return { [ATTRIBUTE.errorType]: String(httpStatus ?? OTHER) };
      const code = String(errorCode);
      return { [ATTRIBUTE.errorType]: code, [ATTRIBUTE.responseStatus]: code };
    }
  }
}

/**
 * Cuts a text from outside to 256 characters.
 *
 * @param text The text.
 * @returns Its beginning.
 */
export function cut(text: string): string {
  return text.slice(0, MAX_SHOWN_LENGTH);
}
