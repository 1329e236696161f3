/**
 * The real OpenTelemetry SDK, set up as the Node SDK sets it up, except that it keeps what it collects
 * in memory and is not registered globally: each test has one of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after } from "node:test";
import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { OtelApi } from "@x/propelauth-mcp/otel";

/** An SDK of one test. */
export interface TestSdk {
  /** Stands for the module `@opentelemetry/api`. */
  readonly api: OtelApi;
  readonly tracer: api.Tracer;
  /** The spans that have ended, in that order. */
  spans(): ReadableSpan[];
  /** The points of each metric: their attributes, and their value. */
  metrics(): Promise<Record<string, [Record<string, unknown>, unknown][]>>;
  /** Runs a function while a span is the active one. */
  within<T>(span: api.Span, run: () => T): T;
}

const providers: { shutdown(): Promise<void> }[] = [];
after(async () => {
  for (const provider of providers) await provider.shutdown();
});

/** Creates an SDK that has collected nothing yet. */
export function createTestSdk(): TestSdk {
  const spanExporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spanExporter)],
  });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 2 ** 31 - 1,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  providers.push(tracerProvider, meterProvider);
  const contexts = new AsyncLocalStorageContextManager().enable();
  const propagator = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
  return {
    api: {
      trace: {
        getTracer: (name) => tracerProvider.getTracer(name),
        setSpan: (context, span) => api.trace.setSpan(context as api.Context, span as api.Span),
        getSpanContext: (context) => api.trace.getSpanContext(context as api.Context),
      },
      metrics: { getMeter: (name) => meterProvider.getMeter(name) },
      context: {
        active: () => contexts.active(),
        with: (context, run) => contexts.with(context as api.Context, run),
      },
      propagation: {
        fields: () => propagator.fields(),
        extract: (context, carrier, getter) =>
          propagator.extract(context as api.Context, carrier, getter),
      },
    },
    tracer: tracerProvider.getTracer("test"),
    spans: () => spanExporter.getFinishedSpans(),
    within: (span, run) => contexts.with(api.trace.setSpan(api.ROOT_CONTEXT, span), run),
    async metrics() {
      await reader.forceFlush();
      const collected = metricExporter.getMetrics().at(-1)?.scopeMetrics ?? [];
      assert.deepEqual(collected.map(({ scope }) => scope.name), ["@x/propelauth-mcp"]);
      return Object.fromEntries(
        collected.flatMap(({ metrics }) => metrics).map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ attributes, value }) => [attributes, value]),
        ]),
      );
    },
  };
}
