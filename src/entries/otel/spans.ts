/**
 * The spans of verifications and introspections, created when those have ended.
 *
 * @module
 */

import type { OtelApi, OtelAttributes, OtelContext, OtelSpan } from "./api.ts";
import { requestSpans } from "./request_spans.ts";
import {
  describeIntrospection,
  describeVerification,
  type IntrospectionEvent,
  type VerificationEvent,
} from "./shared_attributes.ts";

const INTERNAL = 0;
const CLIENT = 2;
const ERROR = 2;

/** How many introspections may wait for the verification that they belong to. */
const MAX_WAITING = 1000;

/** Receives the events from which spans are created. */
export interface Spans {
  /** An introspection has ended; its verification is about to end. */
  introspection(event: IntrospectionEvent): void;
  /** A verification has ended. */
  verification(event: VerificationEvent): void;
}

/** What every span has. */
export interface SpanOptions {
  /** The attributes of every span. */
  readonly attributes: OtelAttributes;
  /** Whether spans contain the caller's user id. */
  readonly recordSubject: boolean;
}

/**
 * Creates the spans.
 *
 * The span of an introspection is a child of the verification that asked. The span of a verification is
 * a child of the call's span, where `otelCalls()` creates one, and otherwise of the active span,
 * usually that of the HTTP request.
 *
 * @param api The module `@opentelemetry/api`.
 * @param scope The library's name.
 * @param options What every span has.
 * @returns Functions that receive the events.
 */
export function createSpans(api: OtelApi, scope: string, options: SpanOptions): Spans {
  const waiting = new Map<string, IntrospectionEvent>();
  const tracer = () => api.trace.getTracer(scope);

  function addIntrospection(event: IntrospectionEvent, context: OtelContext): void {
    const attributes = {
      ...options.attributes,
      ...describeIntrospection(event),
      "propelauth.token_digest": event.tokenDigest,
    };
    const span = tracer().startSpan("propelauth.introspect", {
      kind: CLIENT,
      attributes,
      startTime: startOf(event),
    }, context);
    end(span, event.occurredAt, event.code !== "introspection_completed");
  }

  function addVerification(
    event: VerificationEvent & EndedWithToken,
    introspection: IntrospectionEvent | undefined,
    context: OtelContext,
  ): void {
    const began = introspection === undefined ? Infinity : startOf(introspection);
    const span = tracer().startSpan("propelauth.verify", {
      kind: INTERNAL,
      attributes: {
        ...options.attributes,
        ...describeVerification(event),
        "propelauth.token_digest": event.tokenDigest,
        ...describeCaller(event, options.recordSubject),
      },
      startTime: Math.min(startOf(event), began),
    }, context);
    if (introspection !== undefined) {
      addIntrospection(introspection, api.trace.setSpan(context, span));
    }
    end(span, event.occurredAt, event.code === "token_unverified");
  }

  return {
    introspection(event: IntrospectionEvent): void {
      const { tokenDigest } = event;
      const earlier = waiting.get(tokenDigest);
      if (earlier !== undefined) addIntrospection(earlier, api.context.active());
      waiting.set(tokenDigest, event);
      if (waiting.size <= MAX_WAITING) return;
      const [oldest] = waiting.values();
      if (oldest === undefined) return;
      waiting.delete(oldest.tokenDigest);
      addIntrospection(oldest, api.context.active());
    },
    verification(event: VerificationEvent): void {
      // Without a token nothing took time.
      if (!endedWithToken(event)) return;
      const introspection = waiting.get(event.tokenDigest);
      waiting.delete(event.tokenDigest);
      const active = api.context.active();
      const add = (call = active) => addVerification(event, introspection, call);
      const request = requestSpans.getStore();
      if (request === undefined) add();
      else request.add(add);
    },
  };
}

interface EndedWithToken {
  readonly tokenDigest: string;
  readonly durationSeconds: number;
}

function endedWithToken(event: VerificationEvent): event is VerificationEvent & EndedWithToken {
  return event.tokenDigest !== undefined && event.durationSeconds !== undefined;
}

function describeCaller(event: VerificationEvent, recordSubject: boolean): OtelAttributes {
  if (event.code !== "token_accepted") return {};
  const { clientId, subject } = event;
  return {
    "propelauth.client_id": clientId,
    ...(recordSubject && subject !== undefined && { "enduser.id": subject }),
  };
}

/** Ends a span. A refused token is no error of this server; a token that it could not verify is one. */
function end(span: OtelSpan, occurredAt: number, failed: boolean): void {
  if (failed) span.setStatus({ code: ERROR });
  span.end(occurredAt * 1000);
}

/** The start in milliseconds since 1970. */
function startOf(event: { occurredAt: number; durationSeconds: number }): number {
  return (event.occurredAt - event.durationSeconds) * 1000;
}
