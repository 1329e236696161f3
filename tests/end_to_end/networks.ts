/**
 * Networks for the transport matrix that both runtimes have: none at all, and `node:http`.
 *
 * @module
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "@modelcontextprotocol/node";
import type { Serve } from "./transport_matrix.ts";

export const serveInProcess: Serve = (create) => {
  const origin = "https://mcp.example.com";
  const handler = create(origin);
  return Promise.resolve({
    url: `${origin}/mcp`,
    fetch: (input, init) => handler(new Request(input, init)),
    close: () => Promise.resolve(),
  });
};

export const serveOnNodeHttp: Serve = async (create) => {
  const server = createServer((incoming, outgoing) => {
    // The adapter's type excludes `undefined` for members that a server's request always has.
    void listener(incoming as Parameters<typeof listener>[0], outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listener = toNodeHandler({ fetch: create(origin) });
  return {
    url: `${origin}/mcp`,
    fetch,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
