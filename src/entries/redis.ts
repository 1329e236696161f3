/**
 * A shared cache in Redis or Valkey, over a client that you have: `redis`, `ioredis`,
 * `@upstash/redis`, or another one with `get`, `set` and `del`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRedisCache } from "@x/propelauth-mcp/redis";
 * const kept = new Map<string, string>();
 * const client = { // your own: await createClient({ url }).connect(), or new Redis(url)
 *   get: (key: string) => Promise.resolve(kept.get(key) ?? null),
 *   set: (key: string, value: string, options: { NX?: boolean }) =>
 *     Promise.resolve(options.NX && kept.has(key) ? null : kept.set(key, value) && "OK"),
 *   del: (key: string) => Promise.resolve(Number(kept.delete(key))),
 * };
 * const sharedCache = createRedisCache(client, { setOptions: "object" });
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

/** The part of a client that this module uses. */
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
   * How the client spells the options of `SET`: `"object"` is `{ PX: 1000, NX: true }`, as `redis`
   * does; `"lowercase"` is `{ px: 1000, nx: true }`, as `@upstash/redis` does; `"arguments"` is
   * `"PX", 1000, "NX"`, as `ioredis` does. `@db/redis`, Deno's client, takes `"lowercase"`.
   *
   * A client that does not understand the spelling would keep entries for ever. So these three
   * clients accept only their own spelling, and any other client needs this option. The first `set`
   * of such a client tries the spelling: without an effect, every `set` fails and writes no entry.
   *
   * @default {by the client: `redis` has `pSetEx`, `@upstash/redis` `createScript`, `ioredis` `call`}
   */
  setOptions?: "object" | "lowercase" | "arguments";
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
 * @returns The value for the option `sharedCache`.
 * @throws {TypeError} The client lacks a method or is one of `@valkey/valkey-glide`, an option breaks
 * its rule, or `setOptions` is missing for an unknown client or wrong for a known one.
 */
export function createRedisCache(
  client: RedisClient,
  options: RedisCacheOptions = {},
): SharedCache {
  const { keyPrefix, setOptions, isKnown } = refuseAs(
    "Cannot create a Redis cache",
    () => resolveRedisOptions(client, options),
  );
  const spell = SPELLINGS[setOptions];
  let checked = isKnown ? Promise.resolve() : undefined;

  /** Takes a lock twice. A client that ignores the spelling lets both through, and keeps both for ever. */
  async function checkSpelling(): Promise<void> {
    const key = `${keyPrefix}check:${crypto.randomUUID()}`;
    const lock = () => client.set(key, "1", ...spell(CHECK_MILLISECONDS, true));
    const [first, second] = [await lock(), await lock()];
    await client.del(key);
    if (isWritten(first) && !isWritten(second)) return;
    throw new TypeError(`setOptions "${setOptions}" has no effect with this Redis client`);
  }

  return Object.freeze({
    async get(key: string): Promise<string | null> {
      const value = await client.get(keyPrefix + key);
      // A value of another type was not set by this cache.
      return value === null || value === undefined ? null : String(value);
    },
    async set(
      key: string,
      value: string,
      { ttlSeconds, onlyIfAbsent = false }: { ttlSeconds: number; onlyIfAbsent?: boolean },
    ): Promise<boolean> {
      const ttl = Math.max(1, Math.ceil(ttlSeconds * 1000));
      checked ??= checkSpelling();
      try {
        await checked;
      } catch (error) {
        checked = undefined;
        throw error;
      }
      return isWritten(await client.set(keyPrefix + key, value, ...spell(ttl, onlyIfAbsent)));
    },
    async delete(key: string): Promise<void> {
      await client.del(keyPrefix + key);
    },
  });
}

/** Redis answers OK, or nothing when NX kept it from writing. */
function isWritten(answer: unknown): boolean {
  return answer !== null && answer !== undefined;
}

/** For how long Redis keeps the key of the check, unless it is deleted before. */
const CHECK_MILLISECONDS = 1000;

/** The options of `SET` for a time in milliseconds, as clients spell them. */
const SPELLINGS = {
  object: (ttl: number, nx: boolean) => [nx ? { PX: ttl, NX: true } : { PX: ttl }],
  lowercase: (ttl: number, nx: boolean) => [nx ? { px: ttl, nx: true } : { px: ttl }],
  arguments: (ttl: number, nx: boolean) => nx ? ["PX", ttl, "NX"] : ["PX", ttl],
} as const;

/**
 * The spelling of a known client, by a method that the others lack. `sendCommand` is no such method:
 * `ioredis` and Deno's client have it too.
 */
function spellingOf(client: object): keyof typeof SPELLINGS | undefined {
  if ("call" in client) return "arguments";
  if ("pSetEx" in client) return "object";
  return "createScript" in client ? "lowercase" : undefined;
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
  if ("customCommand" in client) {
    // Its SET ignores all three spellings without an error.
    const rule = "a Redis client whose set takes an expiry in one of the three spellings";
    throw new BrokenRule("client", rule, "one of @valkey/valkey-glide");
  }
  requireMembers("options", options, ["keyPrefix", "setOptions"]);
  const { keyPrefix = "propelauth-mcp:" } = options;
  if (typeof keyPrefix !== "string") {
    throw new BrokenRule("keyPrefix", "a string", describe(keyPrefix));
  }
  const known = spellingOf(client);
  const { setOptions = known } = options;
  if (setOptions === undefined || !Object.hasOwn(SPELLINGS, setOptions)) {
    const rule = 'given for a client other than redis, ioredis and @upstash/redis: "object", ' +
      '"lowercase" or "arguments"';
    throw new BrokenRule("setOptions", rule, describe(setOptions));
  }
  if (known !== undefined && setOptions !== known) {
    throw new BrokenRule(
      "setOptions",
      `"${known}" or left out for this client`,
      describe(setOptions),
    );
  }
  return { keyPrefix, setOptions, isKnown: known !== undefined };
}
