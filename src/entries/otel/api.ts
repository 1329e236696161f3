/**
 * What is used of `@opentelemetry/api`, as types of our own: the module itself fits them.
 *
 * @module
 */

/** Attributes of a span or of a measurement. */
export type OtelAttributes = Record<string, string | number | boolean>;

/** What is used of the module `@opentelemetry/api`. */
export interface OtelApi {
  /** Spans. */
  readonly trace: OtelTraceApi;
  /** Instruments. */
  readonly metrics: OtelMetricsApi;
  /** What is under way. */
  readonly context: OtelContextApi;
}

/** What is used of the module's `trace`. */
export interface OtelTraceApi {
  /** Gives the tracer of a library. */
  getTracer(name: string): OtelTracer;
  /** Gives a context in which a span is the parent of others. */
  setSpan(context: OtelContext, span: OtelSpan): OtelContext;
}

/** What is used of the module's `metrics`. */
export interface OtelMetricsApi {
  /** Gives the meter of a library. */
  getMeter(name: string): OtelMeter;
}

/** What is used of the module's `context`. */
export interface OtelContextApi {
  /** Gives the context under way. */
  active(): OtelContext;
}

/** A context, which is handed on as it is. */
export interface OtelContext {
  /** Reads a value; not used here. */
  getValue(key: symbol): unknown;
}

/** What is used of a tracer. */
export interface OtelTracer {
  /** Starts a span. */
  startSpan(name: string, options?: OtelSpanOptions, context?: OtelContext): OtelSpan;
}

/** How a span is started. */
export interface OtelSpanOptions {
  /** 0: internal; 2: a client's request. */
  kind?: number;
  /** What it is about. */
  attributes?: OtelAttributes;
  /** Milliseconds since 1970. */
  startTime?: number;
}

/** What is used of a span. */
export interface OtelSpan {
  /** Says how it went; 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it, at a time in milliseconds since 1970. */
  end(endTime?: number): void;
}

/** What is used of a meter. */
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

/** What an instrument is. */
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
