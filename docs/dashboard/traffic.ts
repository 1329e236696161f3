// A protected server and its callers, for 26 seconds: normal load, a burst of new tokens, six seconds
// in which PropelAuth is down, and normal load again. `draw.ts` starts it with Deno's exporter on.
import * as api from "@opentelemetry/api";
import { createPropelAuth } from "@x/propelauth-mcp";
import { otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";

const CALLS_PER_SECOND = 80;

const kit = createTestPropelAuth({
  baseUrl: "http://127.0.0.1:8000",
  requiredScopes: ["read"],
  tokenIntrospectionOverrides: { cacheTtlSeconds: 2 },
});
const { options } = kit;
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** PropelAuth over a network: most answers take 20 to 80 ms, a few take longer. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  await wait(20 + 60 * Math.random() ** 2 + (Math.random() < 0.04 ? 250 * Math.random() : 0));
  return await options.tokenIntrospectionOverrides?.fetch?.(url, init) ?? Response.error();
}

const handler = createPropelAuth({
  ...options,
  tokenIntrospectionOverrides: { ...options.tokenIntrospectionOverrides, fetch: ask },
  onEvent: otelEvents(api),
}).handler(() => new Response("served"));
const stop = new AbortController();
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
  handler,
);

async function call(token?: string): Promise<void> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/mcp`, { headers });
  await response.body?.cancel();
}

const users = Array.from({ length: 25 }, (_, i) => kit.token({ subject: `user-${i}` }));
const lacking = kit.token({ scopes: [] });

/** A random caller: mostly a known user, sometimes without a token, with an unknown one, or without the scope. */
function anyone(): string | undefined {
  const dice = Math.random();
  if (dice < 0.04) return undefined;
  if (dice < 0.07) return "made-up";
  if (dice < 0.1) return lacking;
  return users[Math.floor(Math.random() * users.length)];
}

async function flow(seconds: number): Promise<void> {
  const calls: Promise<void>[] = [];
  for (let i = 0; i < seconds * CALLS_PER_SECOND; i++) {
    calls.push(call(anyone()));
    await wait(1000 / CALLS_PER_SECOND);
  }
  await Promise.all(calls);
}

await flow(6);
const newcomers = Array.from({ length: 10 }, () => kit.token());
await Promise.all(newcomers.flatMap((token) => Array.from({ length: 15 }, () => call(token))));
await flow(4);
kit.fail(503);
await flow(6);
kit.recover();
await flow(10);
stop.abort();
await server.finished;
