/**
 * Turns calls and events into OpenTelemetry spans and metrics. The module `@opentelemetry/api` is
 * passed in: no package is installed for users who do not want it.
 *
 * @example With Deno's own exporter (`OTEL_DENO=true`), or with the Node SDK
 * ```ts
 * import assert from "node:assert/strict";
 * import * as api from "@opentelemetry/api";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { otelCalls, otelEvents } from "@x/propelauth-mcp/otel";
 *
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 *   onEvent: otelEvents(api),
 *   audit: otelCalls(api),
 * });
 * const handler = auth.handler(() => new Response("for callers only"));
 * assert.equal((await handler(new Request("https://mcp.example.com/mcp"))).status, 401);
 * ```
 *
 * @module
 */

import type { EventListener } from "../../events/events.ts";
import type { Audit } from "../../operations/call_audit.ts";
import { observeCalls } from "../audit/observe_calls.ts";
import { requireCall } from "../events/require_call.ts";
import type { OtelApi, OtelAttributes } from "./api.ts";
import { createCallObserver } from "./calls.ts";
import { createMeasurements } from "./event_metrics.ts";
import { createSpans } from "./verification_spans.ts";
import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe, requireBoolean, requireMembers } from "../../lib/check_option.ts";
import { isObject } from "../../lib/json.ts";

export type {
  OtelApi,
  OtelAttributes,
  OtelContext,
  OtelContextApi,
  OtelCounter,
  OtelGetter,
  OtelInstrumentOptions,
  OtelMeter,
  OtelMetricsApi,
  OtelPropagationApi,
  OtelRecorder,
  OtelSpan,
  OtelSpanContext,
  OtelSpanOptions,
  OtelTraceApi,
  OtelTracer,
} from "./api.ts";

/** The name of the library's tracer and meter. */
const SCOPE = "@x/propelauth-mcp";

/** Attributes that are recorded only on request. */
export interface OtelEventsOptions {
  /**
   * Added to every span and measurement, to tell several servers in one process apart.
   *
   * @default {none}
   */
  attributes?: OtelAttributes;
  /**
   * Whether spans say who called: PropelAuth's user id, as `enduser.id`. Metrics never do.
   *
   * @default {false}
   */
  recordSubject?: boolean;
}

/** Attributes that are recorded only on request. */
export interface OtelCallsOptions extends OtelEventsOptions {
  /**
   * Whether the counter `propelauth.organization.calls` counts the calls of each organization: its id is
   * `propelauth.org_id`, for up to 1,000 organizations. Spans always contain the id.
   *
   * @default {false}
   */
  recordOrganization?: boolean;
}

/**
 * Creates a listener for the option `onEvent` that records spans and metrics.
 *
 * Spans: `propelauth.verify`, a child of the active span, and `propelauth.introspect` within it.
 * Metrics: `propelauth.verifications`, `propelauth.introspection.duration`,
 * `propelauth.flights.joined`, `propelauth.cache.hit_ratio`, `propelauth.breaker.open`,
 * `propelauth.shared_cache.lost`, `propelauth.shared_cache.rejected`,
 * `propelauth.shared_cache.orders_lost` and `propelauth.requests.refused`.
 *
 * Instruments are created at the first event, so the SDK has to be started before the first request.
 * Neither spans nor metrics hold a token or a secret.
 *
 * @param api The module `@opentelemetry/api`, version 1.9 or later. An older one has no gauge: then
 *   `propelauth.cache.hit_ratio` is not recorded, and everything else is.
 * @param options Attributes that are recorded in addition.
 * @returns The listener.
 * @throws {TypeError} `api` is not that module, or an option is unknown or breaks its rule.
 */
export function otelEvents(api: OtelApi, options: OtelEventsOptions = {}): EventListener {
  const { attributes, recordSubject } = refuseAs("Cannot create otelEvents", () => {
    requireCall(api, "otelEvents", "otelEvents(api)", "No telemetry is recorded");
    requireApi(api);
    requireMembers("options", options, ["attributes", "recordSubject"]);
    return resolveOptions(options);
  });
  const spans = createSpans(api, SCOPE, { attributes, recordSubject });
  const measure = createMeasurements(api, SCOPE, attributes);
  return (event) => {
    measure(event);
    switch (event.code) {
      case "introspection_completed":
      case "propelauth_unreachable":
      case "propelauth_misconfigured":
        return spans.introspection(event);
      case "token_accepted":
      case "token_refused":
      case "token_unverified":
        return spans.verification(event);
    }
  };
}

/**
 * Creates a listener for the option `audit` that records each call as OpenTelemetry's conventions for
 * MCP have it.
 *
 * Each JSON-RPC request and notification has a span of the kind server, such as
 * `tools/call search_notes`. The spans of {@linkcode otelEvents} for the same request are its children,
 * and so are the spans that the MCP server starts, except in a batch of several requests. Its parent is
 * the span that `params._meta` names in W3C Trace Context, else the active span, else the span that the
 * HTTP request's headers name.
 *
 * Metrics: `mcp.server.operation.duration`, and `propelauth.organization.calls` on request. Callers
 * choose method and tool names, so a metric has at most 1,000 names of calls that succeeded and 100
 * others of each; the rest are `_OTHER`. Arguments and results are never recorded.
 *
 * @param api The module `@opentelemetry/api`, version 1.9 or later.
 * @param options Attributes that are recorded in addition.
 * @returns The value for the option `audit`.
 * @throws {TypeError} `api` is not that module, or an option is unknown or breaks its rule.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ | Semantic conventions for MCP}
 */
export function otelCalls(api: OtelApi, options: OtelCallsOptions = {}): Audit {
  const resolved = refuseAs("Cannot create otelCalls", () => {
    requireApi(api, "propagation");
    requireMembers("options", options, ["attributes", "recordSubject", "recordOrganization"]);
    const { recordOrganization = false } = options;
    return {
      ...resolveOptions(options),
      recordOrganization: requireBoolean("recordOrganization", recordOrganization),
    };
  });
  return observeCalls(createCallObserver(api, SCOPE, resolved), {});
}

function requireApi(api: OtelApi, ...more: "propagation"[]): void {
  for (const part of ["trace", "metrics", "context", ...more] as const) {
    if (typeof api?.[part] !== "object" && typeof api?.[part] !== "function") {
      const received = isObject(api) ? `an object without ${part}` : describe(api);
      throw new BrokenRule("api", "the module @opentelemetry/api", received);
    }
  }
}

function resolveOptions({ attributes = {}, recordSubject = false }: OtelEventsOptions) {
  if (!isObject(attributes)) {
    throw new BrokenRule("attributes", "an object", describe(attributes));
  }
  return { attributes, recordSubject: requireBoolean("recordSubject", recordSubject) };
}
