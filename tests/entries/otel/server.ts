// A protected server that is called a few times over HTTP. Started by `deno_test.ts` and others with
// Deno's own exporter on; they look at what it exports.
import * as api from "@opentelemetry/api";
import { createPropelAuth } from "@x/propelauth-mcp";
import { otelCalls, otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";

const kit = createTestPropelAuth({
  baseUrl: "http://127.0.0.1:8000",
  tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  onEvent: otelEvents(api),
  audit: otelCalls(api),
});
// By the real clock, as servers run.
const handler = createPropelAuth(kit.options).handler(async (request) => {
  const { id } = await request.json();
  return await api.trace.getTracer("notes").startActiveSpan("SELECT notes", (span) => {
    span.end();
    return Response.json({ jsonrpc: "2.0", id, result: { content: [] } });
  });
});
const stop = new AbortController();
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
  handler,
);
const call = async (token?: string, _meta: Record<string, string> = {}): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/mcp`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "MCP-Protocol-Version": "2025-11-25",
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "search_notes", arguments: {}, _meta },
    }),
  });
  await response.text();
  return response.status;
};

const token = kit.token({ subject: "user-7" });
// The span of the client's own call.
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const statuses = [
  await call(),
  await call(token),
  await call(token, { traceparent }),
  await call("made-up"),
];
kit.fail(503);
statuses.push(await call(kit.token()));
console.log(JSON.stringify(statuses));
stop.abort();
await server.finished;
