/**
 * Spans for verifications and questions, made when they have ended.
 *
 * @module
 */

import type { OtelApi, OtelAttributes, OtelContext, OtelSpan } from "./api.ts";
import {
  describeIntrospection,
  describeVerification,
  type IntrospectionEvent,
  type VerificationEvent,
} from "./shared_attributes.ts";

const INTERNAL = 0;
const CLIENT = 2;
const ERROR = 2;

/** How many questions wait for the verification that they belong to, at most. */
const MAX_WAITING = 1000;

/** Tells of what has ended. */
export interface Spans {
  /** A question has ended; its verification is about to. */
  introspection(event: IntrospectionEvent): void;
  /** A verification has ended. */
  verification(event: VerificationEvent): void;
}

/** How spans are made. */
export interface SpanOptions {
  /** The options of every span. */
  readonly attributes: OtelAttributes;
  /** Whether spans say who called. */
  readonly recordSubject: boolean;
}

/**
 * Creates what makes spans.
 *
 * The span of a question is a child of the verification that asked it, and that one of whatever is
 * under way (an HTTP request, as a rule).
 *
 * @param api The module `@opentelemetry/api`.
 * @param scope The library's name.
 * @param options How spans are made.
 * @returns What to tell.
 */
export function createSpans(api: OtelApi, scope: string, options: SpanOptions): Spans {
  /** The questions of a verification, by digest: about the token, and then about the API key. */
  const waiting = new Map<string, IntrospectionEvent[]>();
  // A tracer that is got before a provider is registered finds it later; still, nothing is got
  // before it is needed.
  const tracer = () => api.trace.getTracer(scope);

  function addIntrospection(event: IntrospectionEvent, context: OtelContext): void {
    const failed = event.code !== "introspection_completed";
    const attributes = {
      ...options.attributes,
      ...describeIntrospection(event),
      "propelauth.token_digest": event.tokenDigest,
    };
    const span = tracer().startSpan("propelauth.introspect", {
      kind: CLIENT,
      attributes,
      startTime: startOf(event.occurredAt, event.durationSeconds),
    }, context);
    end(span, event.occurredAt, failed);
  }

  function addAll(events: readonly IntrospectionEvent[]): void {
    for (const event of events) addIntrospection(event, api.context.active());
  }

  return {
    introspection(event: IntrospectionEvent): void {
      const { tokenDigest } = event;
      const earlier = waiting.get(tokenDigest) ?? [];
      // A second question to one endpoint is not of the same verification.
      const isNext = earlier.every(({ credential }) => credential !== event.credential);
      if (!isNext) addAll(earlier);
      waiting.set(tokenDigest, isNext ? [...earlier, event] : [event]);
      if (waiting.size <= MAX_WAITING) return;
      for (const [digest, oldest] of waiting) {
        waiting.delete(digest);
        return addAll(oldest);
      }
    },
    verification(event: VerificationEvent): void {
      const { tokenDigest, durationSeconds, occurredAt } = event;
      // No token, nothing that took time.
      if (tokenDigest === undefined || durationSeconds === undefined) return;
      const context = api.context.active();
      const questions = waiting.get(tokenDigest) ?? [];
      waiting.delete(tokenDigest);
      const began = Math.min(
        startOf(occurredAt, durationSeconds),
        ...questions.map((question) => startOf(question.occurredAt, question.durationSeconds)),
      );
      const span = tracer().startSpan("propelauth.verify", {
        kind: INTERNAL,
        attributes: {
          ...options.attributes,
          ...describeVerification(event),
          "propelauth.token_digest": tokenDigest,
          ...describeCaller(event, options.recordSubject),
        },
        startTime: began,
      }, context);
      for (const question of questions) {
        addIntrospection(question, api.trace.setSpan(context, span));
      }
      end(span, occurredAt, event.code === "token_unverified");
    },
  };
}

function describeCaller(event: VerificationEvent, recordSubject: boolean): OtelAttributes {
  if (event.code !== "token_accepted") return {};
  const { clientId, subject } = event;
  return {
    "propelauth.client_id": clientId,
    ...(recordSubject && subject !== undefined && { "enduser.id": subject }),
  };
}

/** A refused token is the client's affair; an error is what this server could not do. */
function end(span: OtelSpan, occurredAt: number, failed: boolean): void {
  if (failed) span.setStatus({ code: ERROR });
  span.end(occurredAt * 1000);
}

function startOf(occurredAt: number, durationSeconds: number): number {
  return (occurredAt - durationSeconds) * 1000;
}
