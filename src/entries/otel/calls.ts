/**
 * The span and the measurement of each call to the MCP server.
 *
 * @module
 */

import type { BegunCall, CallEnd, CallObserver } from "../audit/observer.ts";
import type { OtelApi, OtelAttributes, OtelContext, OtelMeter } from "./api.ts";
import {
  type CallNames,
  cut,
  describeCall,
  describeEnd,
  describeNames,
  nameSpan,
} from "./call_attributes.ts";
import { ATTRIBUTE, OPERATION_DURATION } from "./conventions.ts";
import { createNameLimit } from "./name_limit.ts";
import { findParent } from "./parent_context.ts";
import { createRequestSpans, requestSpans } from "./request_spans.ts";

const SERVER = 1;
const ERROR = 2;

/** The options of the recording. */
export interface CallOptions {
  /** The attributes of every span and measurement. */
  readonly attributes: OtelAttributes;
  /** Whether spans contain the caller's user id. */
  readonly recordSubject: boolean;
  /** Whether calls are counted by the caller's organization. */
  readonly recordOrganization: boolean;
}

/**
 * Creates the observer that records each call.
 *
 * @param api The module `@opentelemetry/api`.
 * @param scope The library's name.
 * @param options The options of the recording.
 * @returns The observer.
 */
export function createCallObserver(
  api: OtelApi,
  scope: string,
  options: CallOptions,
): CallObserver {
  const { attributes, recordSubject, recordOrganization } = options;
  const contexts = new WeakMap<BegunCall, OtelContext>();
  const names = createCallNames();
  const organizations = createNameLimit();
  let instruments: Instruments | undefined;

  function measure(call: BegunCall, measured: CallNames, end: CallEnd): void {
    // Not before the first call: on Node, an instrument that is created before a meter provider is
    // registered never records anything.
    instruments ??= createInstruments(api.metrics.getMeter(scope));
    const duration = Math.max(0, end.endedAt - call.startedAt);
    const described = { ...attributes, ...describeNames(measured), ...describeEnd(end.outcome) };
    instruments.duration.record(duration, described);
    const { orgId } = call.caller;
    if (!recordOrganization || orgId === undefined) return;
    organizations.prove(orgId);
    const organization = { "propelauth.org_id": organizations.limit(orgId) };
    instruments.organizationCalls.add(1, { ...attributes, ...organization });
  }

  return {
    aroundRequest(_request, _receivedAt, run) {
      const spans = createRequestSpans();
      return requestSpans.run(spans, () => {
        const result = run();
        // Without a call, the spans of the verification stand for themselves.
        const settle = (): void => spans.settle(undefined);
        Promise.resolve(result).then(settle, settle);
        return result;
      });
    },
    begin(call) {
      const { context: parent, links } = findParent(api, call);
      const { subject } = call.caller;
      const span = api.trace.getTracer(scope).startSpan(nameSpan(names.limit(call)), {
        kind: SERVER,
        attributes: {
          ...attributes,
          ...describeCall(call),
          ...(recordSubject && subject !== undefined && { [ATTRIBUTE.subject]: subject }),
        },
        startTime: call.startedAt * 1000,
        links,
      }, parent);
      const context = api.trace.setSpan(parent, span);
      contexts.set(call, context);
      requestSpans.getStore()?.settle(context);
      return (end) => {
        // A notification succeeds whatever it names.
        if (end.outcome.outcome === "ok" && call.requestId !== undefined) names.prove(call);
        const limited = names.limit(call);
        measure(call, limited, end);
        span.updateName(nameSpan(limited));
        const ended = describeEnd(end.outcome);
        const { openedSessionId } = end;
        span.setAttributes({
          ...ended,
          ...(openedSessionId !== undefined && { [ATTRIBUTE.sessionId]: cut(openedSessionId) }),
        });
        if (ATTRIBUTE.errorType in ended) span.setStatus({ code: ERROR });
        span.end(end.endedAt * 1000);
      };
    },
    aroundServer(calls, run) {
      const requests = calls.filter(({ requestId }) => requestId !== undefined);
      const [call, ...others] = requests.length > 0 ? requests : calls;
      // The MCP server handles a batch as one request: its work belongs to no single call.
      if (call === undefined || others.length > 0) return run();
      const context = contexts.get(call);
      return context === undefined ? run() : api.context.with(context, run);
    },
  };
}

/** The revisions of MCP. A later one has room among the values that are not proven. */
const PROTOCOL_VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/** Bounds the values of the metric that callers choose. */
function createCallNames() {
  const [methods, names, versions] = [createNameLimit(), createNameLimit(), createNameLimit()];
  for (const version of PROTOCOL_VERSIONS) versions.prove(version);
  return {
    /** Gives the values of a call, or `_OTHER` in their place. */
    limit({ method, name, protocolVersion }: CallNames): CallNames {
      return {
        method: methods.limit(method),
        name: name && names.limit(name),
        protocolVersion: protocolVersion && versions.limit(protocolVersion),
      };
    },
    /**
     * Keeps the method and the name of a call that succeeded. Success proves no version: a server answers
     * an `initialize` of a version that it does not know with one that it knows (MCP, Lifecycle).
     */
    prove({ method, name }: CallNames): void {
      methods.prove(method);
      if (name) names.prove(name);
    },
  };
}

type Instruments = ReturnType<typeof createInstruments>;

function createInstruments(meter: OtelMeter) {
  const { name, description, unit, boundaries } = OPERATION_DURATION;
  return {
    duration: meter.createHistogram(name, {
      description,
      unit,
      advice: { explicitBucketBoundaries: boundaries },
    }),
    organizationCalls: meter.createCounter("propelauth.organization.calls", {
      description: "Calls by the caller's organization",
      unit: "{call}",
    }),
  };
}
