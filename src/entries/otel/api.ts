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
}

/** The part of the module's `trace` that this entry uses. */
export interface OtelTraceApi {
  /** Gives the tracer of a library. */
  getTracer(name: string): OtelTracer;
  /** Gives a context in which a span is the parent of others. */
  setSpan(context: OtelContext, span: OtelSpan): OtelContext;
}

/** The part of the module's `metrics` that this entry uses. */
export interface OtelMetricsApi {
  /** Gives the meter of a library. */
  getMeter(name: string): OtelMeter;
}

/** The part of the module's `context` that this entry uses. */
export interface OtelContextApi {
  /** Gives the context under way. */
  active(): OtelContext;
}

/** A context, which is handed on as it is. */
export interface OtelContext {
  /** Reads a value; not used here. */
  getValue(key: symbol): unknown;
}

/** The part of a tracer that this entry uses. */
export interface OtelTracer {
  /** Starts a span. */
  startSpan(name: string, options?: OtelSpanOptions, context?: OtelContext): OtelSpan;
}

/** How a span is started. */
export interface OtelSpanOptions {
  /** 0: internal; 2: a client's request. */
  kind?: number;
  /** The attributes of the span. */
  attributes?: OtelAttributes;
  /** Milliseconds since 1970. */
  startTime?: number;
}

/** The part of a span that this entry uses. */
export interface OtelSpan {
  /** Says how it went; 2 is an error. */
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
  createGauge(name: string, options?: OtelInstrumentOptions): OtelRecorder;
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
