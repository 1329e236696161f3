/**
 * A collector on loopback: takes what an OpenTelemetry exporter sends over OTLP/HTTP as JSON, and
 * keeps it.
 *
 * @module
 */
import { once } from "node:events";
import { createServer } from "node:http";

/** A span, as far as the tests look at it. */
export interface CollectedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Record<string, unknown>;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { code?: number };
  readonly links?: { readonly traceId: string; readonly spanId: string }[];
}

/** One point of a metric: what it is about, and what was measured. */
export interface CollectedPoint {
  readonly attributes: Record<string, unknown>;
  /** Of a sum or a gauge. */
  readonly value?: number;
  /** Of a histogram. */
  readonly count?: number;
  readonly sum?: number;
  readonly explicitBounds?: number[];
}

export interface Collector {
  /** The value for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** The service that sent it all. */
  readonly services: Set<string>;
  readonly spans: CollectedSpan[];
  /** The points of the newest export of each metric. */
  readonly metrics: Map<string, CollectedPoint[]>;
  /** All that came, as text. */
  readonly raw: string[];
  close(): Promise<void>;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

const SCOPE = "@x/propelauth-mcp";

/** Starts a collector on a free port. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const metrics = new Map<string, CollectedPoint[]>();
  const services = new Set<string>();
  const raw: string[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    raw.push(text);
    const body = JSON.parse(text);
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      services.add(String(read(resource.attributes)["service.name"]));
      for (const scope of scopeSpans) {
        for (const span of scope.spans) {
          spans.push({ ...span, attributes: read(span.attributes) });
        }
      }
    }
    for (const { scopeMetrics } of body.resourceMetrics ?? []) {
      for (const { scope, metrics: measured } of scopeMetrics) {
        if (scope.name !== SCOPE) continue;
        for (const metric of measured) metrics.set(metric.name, readPoints(metric));
      }
    }
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    services,
    spans,
    metrics,
    raw,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function readPoints(
  metric: Record<"sum" | "gauge" | "histogram", { dataPoints: Record<string, unknown>[] }>,
): CollectedPoint[] {
  const { dataPoints } = metric.sum ?? metric.gauge ?? metric.histogram;
  return dataPoints.map((point) => ({
    ...point,
    attributes: read(point["attributes"] as KeyValue[]),
    // Whole numbers are text in OTLP's JSON.
    ...("asDouble" in point || "asInt" in point
      ? { value: Number(point["asDouble"] ?? point["asInt"]) }
      : { count: Number(point["count"]), sum: Number(point["sum"]) }),
  }));
}

function read(attributes: KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => {
    const [[type, content] = []] = Object.entries(value);
    return [key, type === "intValue" ? Number(content) : content];
  }));
}
