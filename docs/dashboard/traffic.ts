// A protected MCP server and its callers, for 26 seconds: normal load, a burst of new tokens, six
// seconds in which PropelAuth is down, and normal load again. `draw.ts` starts it with Deno's exporter
// on.
import * as api from "@opentelemetry/api";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { createPropelAuth } from "@x/propelauth-mcp";
import { otelCalls, otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";

const CALLS_PER_SECOND = 80;
/** How long clients wait for an answer. */
const PATIENCE_MS = 3000;

const kit = createTestPropelAuth({
  baseUrl: "http://127.0.0.1:8000",
  requiredScopes: ["notes:read"],
  operations: { tools: { write_note: ["notes:write"], delete_notes: ["notes:admin"] } },
  tokenIntrospectionOverrides: { cacheTtlSeconds: 2 },
});
const { options } = kit;
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** PropelAuth over a network: most answers take 20 to 80 ms, a few take longer. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  await wait(20 + 60 * Math.random() ** 2 + (Math.random() < 0.04 ? 250 * Math.random() : 0));
  return await options.tokenIntrospectionOverrides?.fetch?.(url, init) ?? Response.error();
}

/** The tools: how often each is called, how many milliseconds it takes, and how often it fails. */
const TOOLS = {
  search_notes: { weight: 50, ms: 30, failures: 0 },
  read_note: { weight: 30, ms: 8, failures: 0.02 },
  write_note: { weight: 12, ms: 60, failures: 0.05 },
  summarize: { weight: 5, ms: 900, failures: 0.1 },
  export_notes: { weight: 2, ms: 2500, failures: 0.3 },
  delete_notes: { weight: 1, ms: 15, failures: 0 },
};

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "notes", version: "1.0.0" });
  for (const [name, { ms, failures }] of Object.entries(TOOLS)) {
    server.registerTool(name, { description: name }, async () => {
      await wait(ms * (0.5 + Math.random()));
      const isError = Math.random() < failures;
      return { isError, content: [{ type: "text" as const, text: isError ? "failed" : "done" }] };
    });
  }
  return server;
});

const handler = createPropelAuth({
  ...options,
  tokenIntrospectionOverrides: { ...options.tokenIntrospectionOverrides, fetch: ask },
  onEvent: otelEvents(api),
  audit: otelCalls(api, { recordOrganization: true }),
}).handler(mcp);
const stop = new AbortController();
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
  handler,
);

/** A tool, the often called ones more often. */
function anyTool(): string {
  let dice = Math.random() * 100;
  const found = Object.entries(TOOLS).find(([, { weight }]) => (dice -= weight) < 0);
  return found?.[0] ?? "search_notes";
}

/** Calls a tool; a client that waits too long leaves. */
async function call(token?: string): Promise<void> {
  try {
    await send(token);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
  }
}

async function send(token?: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/mcp`, {
    method: "POST",
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: anyTool(), arguments: {} },
    }),
  });
  // Whole: a client that leaves early cancels its call.
  await response.text();
}

const ORGANIZATIONS = ["acme", "globex", "initech", "umbrella"];

/** A token of one of the organizations; the first has the most users. */
function member(): string {
  const orgId = ORGANIZATIONS[Math.floor(ORGANIZATIONS.length * Math.random() ** 2)];
  const scopes = ["notes:read", ...(Math.random() < 0.7 ? ["notes:write"] : [])];
  return kit.token({ scopes, claims: { org_id: orgId } });
}

const users = Array.from({ length: 25 }, member);
const lacking = kit.token({ scopes: [] });

/** A random caller: mostly a known user, sometimes without a token, with an unknown one, or without the scope. */
function anyone(): string | undefined {
  const dice = Math.random();
  if (dice < 0.04) return undefined;
  if (dice < 0.07) return "made-up";
  if (dice < 0.1) return lacking;
  return users[Math.floor(Math.random() * users.length)];
}

/** The calls that have been sent; the slow ones are answered later. */
const calls: Promise<void>[] = [];

async function flow(seconds: number): Promise<void> {
  for (let i = 0; i < seconds * CALLS_PER_SECOND; i++) {
    calls.push(call(anyone()));
    await wait(1000 / CALLS_PER_SECOND);
  }
}

await flow(6);
const newcomers = Array.from({ length: 10 }, member);
calls.push(...newcomers.flatMap((token) => Array.from({ length: 15 }, () => call(token))));
await flow(4);
kit.fail(503);
await flow(6);
kit.recover();
await flow(10);
await Promise.all(calls);
stop.abort();
await server.finished;
