/**
 * A set-up without fault: a real MCP server behind the real gate, and the local PropelAuth, each
 * behind a listener that can spoil its answers.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import {
  type LocalPropelAuth,
  type LocalPropelAuthOptions,
  startLocalPropelAuth,
} from "@x/propelauth-local";
import { createPropelAuth } from "@x/propelauth-mcp";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { type ProxyFaults, startProxy } from "./proxy.ts";

/** Spoils an answer. `pass` gives the unspoilt one; `undefined` breaks the connection. */
export type Spoil = (
  request: Request,
  pass: () => Promise<Response>,
) => Response | undefined | Promise<Response | undefined>;

/** The differences from the set-up without fault. */
export interface Setup {
  readonly local?: LocalPropelAuthOptions;
  /** Options of the MCP server. */
  readonly options?: (origin: string) => Partial<PropelAuthOptions>;
  readonly propelAuth?: Spoil;
  readonly server?: Spoil;
  /** A proxy of its own before the MCP server, where clients reach it. */
  readonly proxy?: ProxyFaults;
}

/** A running set-up, and what the doctor needs to know of it. */
export interface Running {
  readonly env: Record<string, string>;
  readonly serverUrl: string;
  readonly origin: string;
  readonly local: LocalPropelAuth;
  readonly token: string;
}

const PLAIN: Spoil = (_request, pass) => pass();

/** Runs something against a set-up, and closes it. */
export async function withSetup<T>(setup: Setup, run: (running: Running) => Promise<T>) {
  const { propelAuth = PLAIN, server = PLAIN } = setup;
  const local = await startLocalPropelAuth({ log: () => {}, ...setup.local });
  const closing = [() => local.close()];
  try {
    const front = await listen((request) =>
      propelAuth(request, () => forward(request, local, front))
    );
    closing.push(front.close);
    let serve = (_request: Request) => Promise.resolve(new Response(null, { status: 503 }));
    const listener = await listen((request) => server(request, () => serve(request)));
    closing.push(listener.close);
    const mcp = setup.proxy ? await startProxy(listener.origin, setup.proxy) : listener;
    if (mcp !== listener) closing.push(mcp.close);
    const auth = createPropelAuth({
      authUrl: front.origin,
      introspectionClientId: local.introspectionClientId,
      introspectionClientSecret: local.introspectionClientSecret,
      baseUrl: mcp.origin,
      scopesSupported: [...local.scopes],
      ...setup.options?.(mcp.origin),
    });
    serve = auth.handler(createMcpHandler(() => {
      const server = new McpServer({ name: "test", version: "1.0.0" });
      server.registerTool("whoami", {}, () => ({ content: [] }));
      server.registerTool("purge", {}, () => ({ content: [] }));
      return server;
    }));
    const { resource } = auth.resourceMetadata;
    return await run({
      env: {
        PROPELAUTH_AUTH_URL: front.origin,
        PROPELAUTH_INTROSPECTION_CLIENT_ID: local.introspectionClientId,
        PROPELAUTH_INTROSPECTION_CLIENT_SECRET: local.introspectionClientSecret,
        PROPELAUTH_API_KEY: local.backendApiKey,
        SERVER_URL: mcp.origin,
      },
      serverUrl: `${mcp.origin}/mcp`,
      origin: mcp.origin,
      local,
      token: await local.mintToken({ subject: "member@acme.example", resource }),
    });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Listens on loopback; a handler that returns `undefined` breaks the connection. */
export async function listen(
  handler: (request: Request) => Response | undefined | Promise<Response | undefined>,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = "GET", url = "/" } = incoming;
    const headers = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value])
    );
    const body = chunks.length > 0 ? { body: new Blob(chunks as Uint8Array<ArrayBuffer>[]) } : {};
    const response = await handler(new Request(origin + url, { method, headers, ...body }));
    if (response === undefined) return void incoming.socket.destroy();
    for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
    outgoing.writeHead(response.status).end(new Uint8Array(await response.arrayBuffer()));
  }

  return {
    origin,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Passes a request to the local PropelAuth; its answer names the listener's address. */
async function forward(request: Request, local: LocalPropelAuth, front: { origin: string }) {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("Host");
  headers.delete("Connection");
  headers.delete("Content-Length");
  const response = await fetch(local.authUrl + pathname + search, {
    method: request.method,
    headers,
    redirect: "manual",
    ...(request.method === "POST" && { body: await request.text() }),
  });
  const text = (await response.text()).replaceAll(local.authUrl, front.origin);
  return new Response(text, {
    status: response.status,
    headers: { "Content-Type": response.headers.get("Content-Type") ?? "text/plain" },
  });
}
