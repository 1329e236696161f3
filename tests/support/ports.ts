/** Ports of loopback, for servers that have to be told theirs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";

/** Takes a port and keeps it, until disposed of. */
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

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const occupied = await occupyPort();
  await occupied[Symbol.asyncDispose]();
  return occupied.port;
}
