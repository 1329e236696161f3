/**
 * A reverse proxy on loopback, with faults that gateways and proxies have.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

/** The faults of a proxy. */
export interface ProxyFaults {
  /** Changes the headers of a request before it is passed on. */
  readonly onRequest?: (headers: IncomingHttpHeaders, method: string) => void;
  /** Changes the headers of a response before it is passed back. */
  readonly onResponse?: (headers: IncomingHttpHeaders) => void;
  /** The page that it answers itself, for every path but `/mcp`. */
  readonly indexPage?: string;
}

/** Starts a proxy before a server. */
export async function startProxy(
  target: string,
  { onRequest, onResponse, indexPage }: ProxyFaults,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url: path = "/", headers } = incoming;
    if (indexPage !== undefined && path !== "/mcp") {
      outgoing.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(indexPage);
      return;
    }
    onRequest?.(headers, method);
    const passBack = (response: IncomingMessage): void => {
      onResponse?.(response.headers);
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    };
    const passOn = request({ hostname, port, method, path, headers }, passBack);
    passOn.on("error", () => outgoing.destroy());
    incoming.pipe(passOn);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
