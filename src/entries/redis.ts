/**
 * A shared cache in Redis or Valkey, over a client that you have: `redis`, `ioredis`, or any other
 * with `get`, `set` and `del` of either shape.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRedisCache } from "@x/propelauth-mcp/redis";
 * const kept = new Map<string, string>();
 * const client = { // your own: await createClient({ url }).connect(), or new Redis(url)
 *   get: (key: string) => Promise.resolve(kept.get(key) ?? null),
 *   set: (key: string, value: string) => Promise.resolve(kept.set(key, value) && "OK"),
 *   del: (key: string) => Promise.resolve(Number(kept.delete(key))),
 * };
 * const sharedCache = createRedisCache(client);
 * assert.equal(await sharedCache.set("key", "value", { ttlSeconds: 60 }), true);
 * assert.deepEqual([...kept], [["propelauth-mcp:key", "value"]]);
 * ```
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../lib/broken_rule.ts";
import { describe, requireMembers } from "../lib/check_option.ts";
import type { SharedCache } from "../shared_cache/shared_cache.ts";

export type { SharedCache, SharedCacheSetOptions } from "../shared_cache/shared_cache.ts";

/** What is used of a client. */
export interface RedisClient {
  /** Runs `GET`. */
  get(key: string): Promise<unknown>;
  /** Runs `SET`, with options as the client spells them. */
  set(key: string, value: string, ...options: unknown[]): Promise<unknown>;
  /** Runs `DEL`. */
  del(key: string): Promise<unknown>;
}

/** How the cache is kept in Redis. */
export interface RedisCacheOptions {
  /**
   * Stands before each key.
   *
   * @default {"propelauth-mcp:"}
   */
  keyPrefix?: string;
  /**
   * How the client spells the options of `SET`: as one object, `{ PX: 1000, NX: true }`, like
   * `redis`, or one by one, `"PX", 1000, "NX"`, like `ioredis`.
   *
   * @default {what the client looks like: ioredis has a method `call`}
   */
  setOptions?: "object" | "arguments";
}

/**
 * Makes a shared cache over a Redis client.
 *
 * The client stays yours: connect it, listen to its errors, close it. Let it fail at once while it
 * has no connection (`disableOfflineQueue: true` with `redis`, `enableOfflineQueue: false` with
 * `ioredis`), else each call waits for its deadline.
 *
 * @param client The client.
 * @param options How the cache is kept.
 * @returns What goes into the option `sharedCache`.
 * @throws {TypeError} The client lacks a method, or an option breaks its rule.
 */
export function createRedisCache(
  client: RedisClient,
  options: RedisCacheOptions = {},
): SharedCache {
  const { keyPrefix, setOptions } = refuseAs(
    "Cannot create a Redis cache",
    () => resolveRedisOptions(client, options),
  );
  return Object.freeze({
    async get(key: string): Promise<string | null> {
      const value = await client.get(keyPrefix + key);
      // Another type is nothing that was set here.
      return value === null || value === undefined ? null : String(value);
    },
    async set(
      key: string,
      value: string,
      { ttlSeconds, onlyIfAbsent = false }: { ttlSeconds: number; onlyIfAbsent?: boolean },
    ): Promise<boolean> {
      const ttl = Math.max(1, Math.ceil(ttlSeconds * 1000));
      const spelt = setOptions === "object"
        ? [onlyIfAbsent ? { PX: ttl, NX: true } : { PX: ttl }]
        : onlyIfAbsent
        ? ["PX", ttl, "NX"]
        : ["PX", ttl];
      const answer = await client.set(keyPrefix + key, value, ...spelt);
      // Redis answers OK, or nothing when NX kept it from writing.
      return answer !== null && answer !== undefined;
    },
    async delete(key: string): Promise<void> {
      await client.del(keyPrefix + key);
    },
  });
}

function resolveRedisOptions(client: RedisClient, options: RedisCacheOptions) {
  for (const method of ["get", "set", "del"] as const) {
    if (typeof client?.[method] !== "function") {
      const received = typeof client === "object" && client !== null
        ? `one without ${method}`
        : describe(client);
      throw new BrokenRule("client", "a Redis client with get, set and del", received);
    }
  }
  requireMembers("options", options, ["keyPrefix", "setOptions"]);
  const { keyPrefix = "propelauth-mcp:" } = options;
  if (typeof keyPrefix !== "string") {
    throw new BrokenRule("keyPrefix", "a string", describe(keyPrefix));
  }
  const { setOptions = "call" in client ? "arguments" : "object" } = options;
  if (setOptions !== "arguments" && setOptions !== "object") {
    throw new BrokenRule("setOptions", '"object" or "arguments"', describe(setOptions));
  }
  return { keyPrefix, setOptions };
}
