// An MCP server that the measures call. It prints its URL, and the token to send when that is not the
// usual one; answers each line of its standard input with the microseconds of CPU time that it has used;
// and exits when its standard input ends. Arguments: ADAPTER SERVER GATE, and the URL of a PropelAuth
// with the SECONDS for which its answers are kept; without a URL a function answers
// deno-lint-ignore-file no-console
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import type { McpServerHandler } from "@x/propelauth-mcp";
import {
  createAskingGate,
  createAuditedGate,
  createGate,
  createListServer,
  createMcpServer,
  createProgressServer,
  createStreamServer,
  LONG_TEXT,
  RULES,
} from "../fixture.ts";

type Handler = (request: Request) => Response | Promise<Response>;
interface Guarded {
  readonly handler: Handler;
  readonly token?: string | undefined;
}

const [adapter = "", kind = "", gate = "", authUrl = "", seconds = ""] = process.argv.slice(2);

async function createServerOfKind(): Promise<McpServerHandler> {
  switch (kind) {
    case "v1":
      return (await import("./sdk_v1.ts")).createStatelessServer();
    case "list":
      return createListServer();
    case "later":
      return createMcpServer("hello", () => new Promise((resolve) => setTimeout(resolve, 1)));
    case "long":
      return createMcpServer(LONG_TEXT);
    case "progress":
      return createProgressServer();
    case "stream":
      return createStreamServer();
    case "function":
      // It reads the body: one that looks at nothing would show no cost of forwarding it.
      return async (request) => {
        const { id } = JSON.parse(await request.text());
        return Response.json({ jsonrpc: "2.0", id, result: { content: "hello" } });
      };
    default:
      return createMcpServer();
  }
}

async function guard(origin: string): Promise<Guarded> {
  const server = await createServerOfKind();
  if (authUrl !== "") {
    return { handler: createAskingGate(authUrl, Number(seconds)).handler(server) };
  }
  if (gate === "guarded") return { handler: createGate(origin).handler(server) };
  if (gate === "traced") {
    const { createTracedGate } = await import("./traced_gate.ts");
    return { handler: createTracedGate(origin).handler(server) };
  }
  if (gate === "audited") return { handler: createAuditedGate(origin).handler(server) };
  if (gate === "policy") {
    return { handler: createGate(origin, {}, undefined, RULES).handler(server) };
  }
  const bare = (request: Request, options?: object): Promise<Response> =>
    typeof server === "function"
      ? Reflect.apply(server, undefined, [request, options])
      : Reflect.apply(Reflect.get(server, "fetch"), server, [request, options]);
  if (gate === "bare") return { handler: (request) => bare(request) };
  const { createPeer } = await import("./peers.mjs");
  return await createPeer(gate, origin, bare);
}

async function createListener(
  origin: string,
): Promise<[RequestListener, token: string | undefined]> {
  if (adapter === "express") {
    return [(await import("./express_app.ts")).createApp(origin, kind, gate), undefined];
  }
  const { handler, token } = await guard(origin);
  if (adapter === "sdk") {
    const { toNodeHandler } = await import("@modelcontextprotocol/node");
    const serve = toNodeHandler({ fetch: async (request) => await handler(request) });
    type Incoming = Parameters<typeof serve>[0];
    return [(incoming, outgoing) => void serve(incoming as Incoming, outgoing), token];
  }
  const { getRequestListener } = await import("@hono/node-server");
  return [getRequestListener(handler), token];
}

async function listenOnNode(): Promise<string> {
  let listener: RequestListener = () => {};
  const server = createServer((incoming, outgoing) => listener(incoming, outgoing));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const [created, token = ""] = await createListener(origin);
  listener = created;
  return `${origin}/mcp ${token}`;
}

async function listenOnDeno(): Promise<string> {
  let handler: Handler = () => new Response();
  const { addr } = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => handler(request),
  );
  const origin = `http://127.0.0.1:${addr.port}`;
  const guarded = await guard(origin);
  handler = guarded.handler;
  return `${origin}/mcp ${guarded.token ?? ""}`;
}

console.log(adapter === "deno" ? await listenOnDeno() : await listenOnNode());
for await (const _ of createInterface(process.stdin)) {
  const { user, system } = process.cpuUsage();
  console.log(user + system);
}
process.exit();
