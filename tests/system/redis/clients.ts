/**
 * Connects either client as `docs/many-instances.md` advises.
 *
 * @module
 */

import { Redis } from "ioredis";
import { createClient } from "redis";
import type { RedisClient } from "@x/propelauth-mcp/redis";

/** A client, and how to let go of it. */
export interface Connection {
  readonly client: RedisClient;
  close(): void;
}

/** Either client; each connects by itself, and again after a loss, for as long as it takes. */
export const CLIENTS: Readonly<Record<string, (url: string) => Connection>> = {
  redis(url) {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000) },
    });
    client.on("error", () => {});
    client.connect().catch(() => {});
    return { client, close: () => client.destroy() };
  },
  ioredis(url) {
    const client = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (retries) => Math.min(50 * 2 ** retries, 1000),
    });
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
};
