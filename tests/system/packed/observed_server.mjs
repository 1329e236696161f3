// A protected server on Node that is called a few times over HTTP, with the Node SDK of OpenTelemetry
// in front of it. Started by `packed_test.ts`.
import { createServer } from "node:http";
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
const server = createServer(async (incoming, outgoing) => {
  const headers = new Headers();
  for (const name of ["authorization", "content-type", "mcp-protocol-version"]) {
    const value = incoming.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  let body = "";
  for await (const part of incoming.setEncoding("utf8")) body += part;
  const url = `http://${incoming.headers.host}${incoming.url}`;
  const response = await handler(new Request(url, { method: "POST", headers, body }));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
const address = server.address();
const port = typeof address === "object" ? address?.port : undefined;

/**
 * @param {string} [token]
 * @param {Record<string, string>} [_meta]
 */
async function call(token, _meta = {}) {
  const response = await fetch(`http://127.0.0.1:${port}/mcp`, {
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
}

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
// As whoever runs a server stops it; docs/observe.md sets up that the SDK then sends what is left.
process.kill(process.pid, "SIGTERM");
