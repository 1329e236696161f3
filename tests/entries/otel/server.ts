// A protected server that is called a few times over HTTP. Started by `otel_deno_test.ts` with
// Deno's own exporter on; what it makes is looked at there.
import * as api from "@opentelemetry/api";
import { createPropelAuth } from "@x/propelauth-mcp";
import { otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";

const kit = createTestPropelAuth({
  baseUrl: "http://127.0.0.1:8000",
  tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  onEvent: otelEvents(api),
});
// By the real clock, as servers run.
const handler = createPropelAuth(kit.options).handler(() => new Response("served"));
const stop = new AbortController();
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
  handler,
);
const call = async (token?: string): Promise<number> => {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/mcp`, { headers });
  await response.body?.cancel();
  return response.status;
};

const token = kit.token({ subject: "user-7" });
const statuses = [await call(), await call(token), await call(token), await call("made-up")];
kit.fail(503);
statuses.push(await call(kit.token()));
console.log(JSON.stringify(statuses));
stop.abort();
await server.finished;
