/**
 * Servers of `node:http` on loopback, and requests to them that say exactly what a test wants.
 *
 * @module
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as sendRequest, type RequestListener } from "node:http";

/** A server that listens on loopback until it is closed. */
export interface NodeServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts a server on a port of its own. */
export async function listen(listener: RequestListener): Promise<NodeServer> {
  // Room for what a test sends too much of: it is ours to refuse.
  const server = createServer({ maxHeaderSize: 64 * 1024 }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  let closed: Promise<unknown> | undefined;
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async close() {
      if (closed === undefined) {
        closed = once(server, "close");
        server.close();
        server.closeAllConnections();
      }
      await closed;
    },
  };
}

/**
 * Sends a request to a server that exists for it alone. Neither `Host` nor `Origin` is lost on the
 * way, as it would be by `fetch`; what the URL names as its host is the `Host` field.
 */
export async function sendTo(listener: RequestListener, request: Request): Promise<Response> {
  const server = await listen(listener);
  try {
    return await send(server.origin, request);
  } finally {
    await server.close();
  }
}

/** Sends a request to an origin, whatever its URL names as its host. */
export async function send(origin: string, request: Request): Promise<Response> {
  const { pathname, search, host } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  const outgoing = sendRequest(`${origin}${pathname}${search}`, {
    method: request.method,
    headers: { host, ...Object.fromEntries(request.headers) },
    agent: false,
  });
  // A server may answer, and close, before it has taken the whole body.
  outgoing.on("error", () => {});
  outgoing.end(body.length > 0 ? body : undefined);
  const [incoming] = await once(outgoing, "response");
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of incoming) parts.push(part);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value));
  const status = incoming.statusCode;
  return new Response(parts.length === 0 ? null : new Blob(parts), { status, headers });
}
