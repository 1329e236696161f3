// A protected server on Node that is called a few times over HTTP, with the Node SDK of OpenTelemetry
// in front of it. Started by `packed_test.ts`.
import { createServer } from "node:http";
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
const server = createServer(async (incoming, outgoing) => {
  const { authorization } = incoming.headers;
  const headers = authorization === undefined ? {} : { authorization };
  const url = `http://${incoming.headers.host}${incoming.url}`;
  const response = await handler(new Request(url, { headers }));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
const address = server.address();
const port = typeof address === "object" ? address?.port : undefined;

/** @param {string} [token] */
async function call(token) {
  const headers = new Headers(token ? { Authorization: `Bearer ${token}` } : {});
  const response = await fetch(`http://127.0.0.1:${port}/mcp`, { headers });
  await response.text();
  return response.status;
}

const token = kit.token({ subject: "user-7" });
const statuses = [await call(), await call(token), await call(token), await call("made-up")];
kit.fail(503);
statuses.push(await call(kit.token()));
console.log(JSON.stringify(statuses));
// As whoever runs a server stops it; docs/observe.md sets up that the SDK then sends what is left.
process.kill(process.pid, "SIGTERM");
