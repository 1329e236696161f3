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
} from "./verification_attributes.ts";

const INTERNAL = 0;
const CLIENT = 2;
const ERROR = 2;

/** How many tokens may have introspections that wait for the verification that they belong to. */
const MAX_WAITING = 1000;

/** How many introspections of one token may wait: in an outage one verification may have several. */
const MAX_WAITING_OF_TOKEN = 20;

/** Receives the events from which spans are created. */
interface Spans {
  /** An introspection has ended; its verification is about to end. */
  introspection(event: IntrospectionEvent): void;
  /** A verification has ended. */
  verification(event: VerificationEvent): void;
}

/** The options of every span. */
interface SpanOptions {
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
 * @param options The options of every span.
 * @returns Functions that receive the events.
 */
export function createSpans(api: OtelApi, scope: string, options: SpanOptions): Spans {
  /** Introspections whose verification has not ended, by digest. */
  const waiting = new Map<string, IntrospectionEvent[]>();
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

  function addAll(events: readonly IntrospectionEvent[]): void {
    for (const event of events) addIntrospection(event, api.context.active());
  }

  function addVerification(
    event: VerificationEvent & EndedWithToken,
    introspections: readonly IntrospectionEvent[],
    context: OtelContext,
  ): void {
    const span = tracer().startSpan("propelauth.verify", {
      kind: INTERNAL,
      attributes: {
        ...options.attributes,
        ...describeVerification(event),
        "propelauth.token_digest": event.tokenDigest,
        ...describeCaller(event, options.recordSubject),
      },
      startTime: Math.min(...[event, ...introspections].map(startOf)),
    }, context);
    for (const introspection of introspections) {
      addIntrospection(introspection, api.trace.setSpan(context, span));
    }
    end(span, event.occurredAt, event.code === "token_unverified");
  }

  return {
    introspection(event: IntrospectionEvent): void {
      const { tokenDigest } = event;
      const all = [...waiting.get(tokenDigest) ?? [], event];
      if (all.length > MAX_WAITING_OF_TOKEN) addAll(all.splice(0, 1));
      waiting.set(tokenDigest, all);
      if (waiting.size <= MAX_WAITING) return;
      for (const [digest, oldest] of waiting) {
        waiting.delete(digest);
        return addAll(oldest);
      }
    },
    verification(event: VerificationEvent): void {
      // Without a token nothing took time.
      if (!endedWithToken(event)) return;
      // A millisecond of tolerance: differences of large numbers are not exact.
      const began = startOf(event) - 1;
      const all = waiting.get(event.tokenDigest) ?? [];
      waiting.delete(event.tokenDigest);
      // An introspection that was over before belongs to a verification that never ended.
      const isOwn = ({ occurredAt }: IntrospectionEvent) => occurredAt * 1000 >= began;
      const introspections = all.filter(isOwn);
      addAll(all.filter((introspection) => !isOwn(introspection)));
      const active = api.context.active();
      const add = (call = active) => addVerification(event, introspections, call);
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
