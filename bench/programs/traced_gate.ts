// In a module of its own: the servers on Node run without OpenTelemetry.
import * as api from "@opentelemetry/api";
import type { PropelAuth } from "@x/propelauth-mcp";
import { otelCalls, otelEvents } from "@x/propelauth-mcp/otel";
import { createGate } from "../fixture.ts";

/** Creates a gate that records each call with OpenTelemetry. */
export function createTracedGate(baseUrl: string): PropelAuth {
  const recorded = { onEvent: otelEvents(api), audit: otelCalls(api) };
  return createGate(baseUrl, {}, undefined, undefined, recorded);
}
