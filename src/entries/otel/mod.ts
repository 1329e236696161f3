/**
 * Turns events into OpenTelemetry spans and metrics. The module `@opentelemetry/api` is passed in:
 * no package is installed for users who do not want it.
 *
 * @example With Deno's own exporter (`OTEL_DENO=true`), or with the Node SDK
 * ```ts
 * import assert from "node:assert/strict";
 * import * as api from "@opentelemetry/api";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { otelEvents } from "@x/propelauth-mcp/otel";
 *
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 *   onEvent: otelEvents(api),
 * });
 * const handler = auth.handler(() => new Response("for callers only"));
 * assert.equal((await handler(new Request("https://mcp.example.com/mcp"))).status, 401);
 * ```
 *
 * @module
 */

import type { EventListener } from "../../events/events.ts";
import type { OtelApi, OtelAttributes } from "./api.ts";
import { createMeasurements } from "./measurements.ts";
import { createSpans } from "./spans.ts";
import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe, requireBoolean, requireMembers } from "../../lib/check_option.ts";
import { isObject } from "../../lib/json.ts";

export type {
  OtelApi,
  OtelAttributes,
  OtelContext,
  OtelContextApi,
  OtelCounter,
  OtelInstrumentOptions,
  OtelMeter,
  OtelMetricsApi,
  OtelRecorder,
  OtelSpan,
  OtelSpanOptions,
  OtelTraceApi,
  OtelTracer,
} from "./api.ts";

/** Under this name the library's tracer and meter are known. */
const SCOPE = "@x/propelauth-mcp";

/** Data that is recorded only when it is asked for. */
export interface OtelEventsOptions {
  /**
   * Added to every span and measurement, to tell several servers in one process apart.
   *
   * @default {none}
   */
  attributes?: OtelAttributes;
  /**
   * Whether the span of an accepted token says who called: PropelAuth's user id, as `enduser.id`.
   * Metrics never do.
   *
   * @default {false}
   */
  recordSubject?: boolean;
}

/**
 * Creates a listener for the option `onEvent` that makes spans and metrics.
 *
 * Spans: `propelauth.verify`, within whatever is under way, and `propelauth.introspect` within it.
 * Metrics: `propelauth.verifications`, `propelauth.introspection.duration`,
 * `propelauth.flights.joined`, `propelauth.cache.hit_ratio`, `propelauth.breaker.open`,
 * `propelauth.shared_cache.lost`, `propelauth.shared_cache.rejected`,
 * `propelauth.shared_cache.orders_lost` and `propelauth.requests.refused`.
 *
 * Instruments are made at the first event, so the SDK has to be started before the first request.
 * Neither spans nor metrics hold a token or a secret.
 *
 * @param api The module `@opentelemetry/api`, version 1.9 or later.
 * @param options What is recorded beside the usual.
 * @returns The listener.
 * @throws {TypeError} `api` is not that module, or an option is unknown or breaks its rule.
 */
export function otelEvents(api: OtelApi, options: OtelEventsOptions = {}): EventListener {
  const { attributes, recordSubject } = refuseAs(
    "Cannot create otelEvents",
    () => resolveOtelOptions(api, options),
  );
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

function resolveOtelOptions(api: OtelApi, options: OtelEventsOptions) {
  for (const part of ["trace", "metrics", "context"] as const) {
    if (typeof api?.[part] !== "object" && typeof api?.[part] !== "function") {
      const received = isObject(api) ? `an object without ${part}` : describe(api);
      throw new BrokenRule("api", "the module @opentelemetry/api", received);
    }
  }
  requireMembers("options", options, ["attributes", "recordSubject"]);
  const { attributes = {}, recordSubject = false } = options;
  if (!isObject(attributes)) {
    throw new BrokenRule("attributes", "an object", describe(attributes));
  }
  return { attributes, recordSubject: requireBoolean("recordSubject", recordSubject) };
}
