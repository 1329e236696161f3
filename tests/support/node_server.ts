/**
 * Servers of `node:http` on loopback, and requests to them with exactly the headers that a test wants.
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

/** Starts a server on a free port. */
export async function listen(listener: RequestListener): Promise<NodeServer> {
  // Let large headers through, so that our code has to refuse them and not Node.
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
 * Sends a request to a server that is started for it alone. Unlike `fetch`, this keeps `Origin` and
 * sends the host of the URL as `Host`.
 */
export async function sendTo(listener: RequestListener, request: Request): Promise<Response> {
  const server = await listen(listener);
  try {
    return await send(server.origin, request);
  } finally {
    await server.close();
  }
}

/** Sends a request to the server at an origin, with the host of the request's URL as `Host`. */
export async function send(origin: string, request: Request): Promise<Response> {
  const { pathname, search, host } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  const outgoing = sendRequest(`${origin}${pathname}${search}`, {
    method: request.method,
    headers: { host, ...Object.fromEntries(request.headers) },
    agent: false,
  });
  // A server may answer and close the connection before it has read the whole body.
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
