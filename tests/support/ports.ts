/** Ports on loopback, for servers that need a port number as an argument. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";

/** Listens on a free port until it is disposed. */
export async function occupyPort(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

/** Finds a free port. */
export async function freePort(): Promise<number> {
  const occupied = await occupyPort();
  await occupied[Symbol.asyncDispose]();
  return occupied.port;
}
