/**
 * A program that leaves everything open that the library can have open, and comes to its end:
 * a cached token, a pooled connection, a stream until far from now, questions without an answer and
 * others in the queue. `tests/behaviour/exit_test.ts` waits for its process to end. Usage: AUTH_URL
 *
 * @module
 */

import process from "node:process";
import { createPropelAuth } from "../../mod.ts";

const auth = createPropelAuth({
  authUrl: process.argv[2] ?? "",
  introspectionClientId: "id",
  introspectionClientSecret: "secret",
  baseUrl: "https://mcp.example.com",
  tokenIntrospectionOverrides: {
    cacheTtlSeconds: 3600,
    staleIfErrorSeconds: 3600,
    timeoutSeconds: 300,
    maxConcurrentIntrospections: 2,
    // A real network, but for tokens whose answers never come.
    fetch: (url, init) =>
      String(init.body).includes("stuck") ? new Promise(() => {}) : fetch(url, init),
  },
});
const handler = auth.handler(() =>
  new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
    headers: { "Content-Type": "text/event-stream" },
  })
);
const stream = await handler(
  new Request("https://mcp.example.com/mcp", { headers: { "Authorization": "Bearer live" } }),
);
stream.text().catch(() => {});
for (let i = 0; i < 5; i++) auth.verifier.verifyAccessToken(`stuck-${i}`).catch(() => {});
process.stdout.write(`${stream.status}\n`);
