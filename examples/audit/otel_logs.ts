// Sends each call to a collector as a log record of OpenTelemetry. docs/audit.md explains it.
// deno-lint-ignore-file no-console no-unversioned-import
import { type AuditLog, auditLog, type CallEvent } from "jsr:@x/propelauth-mcp/audit";
import { type LogAttributes, type LogRecord, SeverityNumber } from "@opentelemetry/api-logs";
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { defaultResource, detectResources, envDetector } from "@opentelemetry/resources";
import { LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";

export function createOtelLog(): AuditLog {
  const exporter = new OTLPLogExporter();
  let records: ReadableLogRecord[] = [];
  const provider = new LoggerProvider({
    resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
    // In place of the SDK's batches, which drop what cannot be sent.
    processors: [{
      onEmit: (record) => void records.push(record),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    }],
  });
  const logger = provider.getLogger("@x/propelauth-mcp");
  return auditLog({
    write(events) {
      records = [];
      for (const event of events) logger.emit(describe(event));
      return new Promise((resolve, reject) =>
        exporter.export(
          records,
          ({ code, error }) => code === ExportResultCode.SUCCESS ? resolve() : reject(error),
        )
      );
    },
    onProblem: ({ error, ...problem }) => console.error("audit:", JSON.stringify(problem), error),
  });
}

function describe(event: CallEvent): LogRecord {
  const { method, name, outcome } = event;
  return {
    eventName: "mcp.call",
    timestamp: event.endedAt * 1000,
    severityNumber: outcome === "ok" ? SeverityNumber.INFO : SeverityNumber.WARN,
    severityText: outcome === "ok" ? "INFO" : "WARN",
    body: `${method} ${name ?? event.uri ?? ""}: ${outcome}`,
    attributes: defined({
      // A collector may drop a record that has the id of another.
      "log.record.uid": event.eventId,
      "mcp.method.name": method,
      [method === "tools/call" ? "gen_ai.tool.name" : "gen_ai.prompt.name"]: name,
      "mcp.resource.uri": event.uri,
      "mcp.session.id": event.sessionId,
      "mcp.protocol.version": event.protocolVersion,
      "jsonrpc.request.id": event.requestId?.toString(),
      "error.type": errorType(event),
      "enduser.id": event.subject,
      "propelauth.client_id": event.clientId,
      "propelauth.org_id": event.orgId,
      "propelauth.credential": event.credential,
      "propelauth.token_digest": event.tokenDigest,
      "propelauth.duration": event.durationSeconds,
      "propelauth.scopes": event.outcome === "refused" ? [...event.scopes] : undefined,
      "gen_ai.tool.call.arguments": event.arguments && JSON.stringify(event.arguments),
    }),
  };
}

/** The same values as the spans of `otelCalls()` have. */
function errorType(event: CallEvent): string | undefined {
  if (event.outcome === "ok") return undefined;
  if (event.outcome === "refused") return event.reason;
  if (event.outcome !== "error") return event.outcome;
  return String(event.errorCode ?? event.httpStatus ?? "_OTHER");
}

const defined = (attributes: LogAttributes): LogAttributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
