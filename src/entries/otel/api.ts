/**
 * The part of `@opentelemetry/api` that this entry uses, as types of our own; the module fits them.
 *
 * @module
 */

/** Attributes of a span or of a measurement. */
export type OtelAttributes = Record<string, string | number | boolean>;

/** The part of the module `@opentelemetry/api` that this entry uses. */
export interface OtelApi {
  /** Spans. */
  readonly trace: OtelTraceApi;
  /** Instruments. */
  readonly metrics: OtelMetricsApi;
  /** The active context. */
  readonly context: OtelContextApi;
  /** The trace context of requests. */
  readonly propagation: OtelPropagationApi;
}

/** The part of the module's `trace` that this entry uses. */
export interface OtelTraceApi {
  /** Gives the tracer of a library. */
  getTracer(name: string): OtelTracer;
  /** Gives a context in which a span is the parent of others. */
  setSpan(context: OtelContext, span: OtelSpan): OtelContext;
  /** Gives the identity of a context's span. */
  getSpanContext(context: OtelContext): OtelSpanContext | undefined;
}

/** The part of the module's `metrics` that this entry uses. */
export interface OtelMetricsApi {
  /** Gives the meter of a library. */
  getMeter(name: string): OtelMeter;
}

/** The part of the module's `context` that this entry uses. */
export interface OtelContextApi {
  /** Gives the active context. */
  active(): OtelContext;
  /** Calls a function while a context is the active one. */
  with<T>(context: OtelContext, run: () => T): T;
}

/** The part of the module's `propagation` that this entry uses. */
export interface OtelPropagationApi {
  /** Gives a context with the remote span that a carrier names. */
  extract<Carrier>(
    context: OtelContext,
    carrier: Carrier,
    getter: OtelGetter<Carrier>,
  ): OtelContext;
  /** The names that the configured propagators read, such as `traceparent`. */
  fields(): string[];
}

/** Reads from a carrier. */
export interface OtelGetter<Carrier> {
  /** The names of all values. */
  keys(carrier: Carrier): string[];
  /** The value of a name. */
  get(carrier: Carrier, key: string): string | undefined;
}

/** A context; this entry only passes it on. */
export interface OtelContext {
  /** Reads a value; this entry does not. */
  getValue(key: symbol): unknown;
}

/** The part of a tracer that this entry uses. */
export interface OtelTracer {
  /** Starts a span. */
  startSpan(name: string, options?: OtelSpanOptions, context?: OtelContext): OtelSpan;
}

/** The identity of a span, in W3C Trace Context. */
export interface OtelSpanContext {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** 1: sampled. */
  traceFlags: number;
}

/** How a span is started. */
export interface OtelSpanOptions {
  /** 0: internal; 1: a server's answer; 2: a client's request. */
  kind?: number;
  /** The attributes of the span. */
  attributes?: OtelAttributes;
  /** Milliseconds since 1970. */
  startTime?: number;
  /** Spans that belong to it, and are not its parent. */
  links?: { context: OtelSpanContext }[];
}

/** The part of a span that this entry uses. */
export interface OtelSpan {
  /** Replaces its name. */
  updateName(name: string): unknown;
  /** Adds attributes. */
  setAttributes(attributes: OtelAttributes): unknown;
  /** Sets how it ended; 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it, at a time in milliseconds since 1970. */
  end(endTime?: number): void;
}

/** The part of a meter that this entry uses. */
export interface OtelMeter {
  /** Creates a sum that grows. */
  createCounter(name: string, options?: OtelInstrumentOptions): OtelCounter;
  /** Creates a sum that grows and shrinks. */
  createUpDownCounter(name: string, options?: OtelInstrumentOptions): OtelCounter;
  /** Creates a distribution. */
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelRecorder;
  /** Creates a value that is replaced by the next one. */
  createGauge?(name: string, options?: OtelInstrumentOptions): OtelRecorder;
}

/** The description and the unit of an instrument. */
export interface OtelInstrumentOptions {
  /** For people. */
  description?: string;
  /** By UCUM. */
  unit?: string;
  /** Bounds that suit the unit. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** A counter of either kind. */
export interface OtelCounter {
  /** Adds to it. */
  add(value: number, attributes?: OtelAttributes): void;
}

/** A histogram or a gauge. */
export interface OtelRecorder {
  /** Records a value. */
  record(value: number, attributes?: OtelAttributes): void;
}
