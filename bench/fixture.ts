import {
  createPropelAuth,
  type OperationRules,
  type PropelAuth,
  type PropelAuthOptions,
} from "@x/propelauth-mcp";
import { auditCalls, type CallEvent } from "@x/propelauth-mcp/audit";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

/** A token of the usual length of an opaque token. */
export const TOKEN = `pa_${"x".repeat(61)}`;
const FAR = 253_402_300_799;

/** Creates a gate whose PropelAuth is a function that answers at once. */
export function createGate(
  baseUrl: string,
  answer: Record<string, unknown> = {},
  onAsk: () => void = () => {},
  operations?: OperationRules,
  options: Partial<PropelAuthOptions> = {},
): PropelAuth {
  const body = JSON.stringify({
    active: true,
    sub: "1bf3b5a4-4b40-4f5c-8d0e-9f3e3f1f0a11",
    client_id: "client-1",
    scope: "read:user_data write:note",
    aud: `${baseUrl}/mcp`,
    exp: FAR,
    ...answer,
  });
  return createPropelAuth({
    authUrl: "https://auth.example.com",
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl,
    requiredScopes: ["read:user_data"],
    ...(operations && { operations }),
    ...options,
    tokenIntrospectionOverrides: {
      cacheTtlSeconds: 3600,
      fetch: () => {
        onAsk();
        return Promise.resolve(new Response(body));
      },
    },
  });
}

/** Creates a gate that records each call in a list, which is emptied now and then. */
export function createAuditedGate(baseUrl: string): PropelAuth {
  const events: CallEvent[] = [];
  const onCall = (event: CallEvent): void => {
    if (events.push(event) === 1000) events.length = 0;
  };
  return createGate(baseUrl, {}, undefined, undefined, { audit: auditCalls({ onCall }) });
}

/** Creates a gate that asks a PropelAuth over the network, as a server for `https://mcp.example.com`. */
export function createAskingGate(authUrl: string, cacheTtlSeconds: number): PropelAuth {
  return createPropelAuth({
    authUrl,
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl: "https://mcp.example.com",
    requiredScopes: ["read:user_data"],
    tokenIntrospectionOverrides: { cacheTtlSeconds },
  });
}

/**
 * Creates the MCP server of SDK v2 that is measured with the gate and without it.
 *
 * @param text The text that its tool returns.
 * @param wait Runs before the tool returns.
 */
export function createMcpServer(text = "hello", wait?: () => Promise<void>) {
  const result = { content: [{ type: "text" as const, text }] };
  const call = wait === undefined ? () => result : async () => {
    await wait();
    return result;
  };
  return createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    server.registerTool("hello", { description: "Says hello" }, call);
    return server;
  });
}

/** How many bytes a long answer has at least. */
const LONG_BYTES = 1_000_000;
const LINE = 'The "note" of today: nothing to report, and a long line to say so with words.\n';

/** A text of many lines, as tools return it. */
export const LONG_TEXT: string = LINE.repeat(Math.ceil(LONG_BYTES / LINE.length));

/** Creates an MCP server of SDK v2 whose tool sends 1,000 messages of 1 KB before it returns. */
export function createProgressServer() {
  const method = "notifications/progress";
  const params = { progressToken: 1, progress: 50, message: LINE.repeat(12) };
  return createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    server.registerTool("hello", { description: "Says hello" }, async ({ mcpReq }) => {
      for (let sent = 0; sent < LONG_BYTES; sent += 1_000) {
        await mcpReq.notify({ method, params });
      }
      return { content: [{ type: "text" as const, text: "hello" }] };
    });
    return server;
  });
}

/**
 * Creates a function that answers each call with an event stream of messages of 100 bytes, many in each
 * piece, as no MCP server sends them: it does nothing but send.
 */
export function createStreamServer(): () => Response {
  const encoder = new TextEncoder();
  const params = { progressToken: 1, progress: 50, message: "Half of it" };
  const message = JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params });
  const event = `event: message\ndata: ${message}\n\n`;
  const piece = encoder.encode(event.repeat(Math.ceil(16_384 / event.length)));
  const answer = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  const last = encoder.encode(`event: message\ndata: ${answer}\n\n`);
  return () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        controller.enqueue(sent < LONG_BYTES ? piece : last);
        if (sent >= LONG_BYTES) controller.close();
        sent += piece.length;
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
}

/** Throws unless the response is as long as a long answer. */
export async function expectLong(response: Response): Promise<void> {
  const { byteLength } = await response.arrayBuffer();
  if (response.status !== 200 || byteLength < LONG_BYTES) {
    throw new Error(`The server answered ${response.status} with ${byteLength} bytes`);
  }
}

/** The number of tools of the server of `createListServer()`. */
export const LISTED = 200;

/** Creates an MCP server of SDK v2 with many tools. */
export function createListServer() {
  return createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    for (let i = 0; i < LISTED; i++) {
      const description = `Does the thing of number ${i}, which takes a sentence to say`;
      server.registerTool(`tool_${i}`, { description }, () => ({ content: [] }));
    }
    return server;
  });
}

/** A rule for each tool of both servers. The token lacks the scope of the first tool of the long list. */
export const RULES: OperationRules = {
  tools: {
    hello: ["write:note"],
    ...Object.fromEntries(
      Array.from({ length: LISTED }, (_, i) => [`tool_${i}`, [i > 0 ? "write:note" : "admin"]]),
    ),
  },
};

/** A call of the tool `hello`, as a client without a session sends it. */
export const CALL = {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
    "Authorization": `Bearer ${TOKEN}`,
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "hello", arguments: {} },
  }),
} as const;

/** A request for the list of tools. */
export const LIST = {
  ...CALL,
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
} as const;

/** Throws unless the response is that of the tool `hello`: errors are not to be measured. */
export async function expectHello(response: Response): Promise<void> {
  const text = await response.text();
  if (response.status !== 200 || !text.includes('"hello"')) {
    throw new Error(`The server answered ${response.status} ${text}`);
  }
}

/** Throws unless the response lists so many tools of the long list. */
export async function expectList(response: Response, length: number): Promise<void> {
  const text = await response.text();
  const names = text.match(/"name":"tool_/g) ?? [];
  if (names.length !== length) throw new Error(`The server listed ${names.length}: ${text}`);
}
