/**
 * A shared cache in memory, under a test's clock, that can fail in every way a real one can.
 *
 * @module
 */

import type { SharedCache } from "../src/shared_cache.ts";
import type { FakeWorld } from "./support.ts";

export interface MemoryCache extends SharedCache {
  get: SharedCache["get"];
  /** What is kept, whatever its time. */
  readonly kept: Map<string, { value: string; until: number }>;
  /** What was called, in order: `get`, `set`, `lock` (a `set` of what is absent), `delete`. */
  readonly calls: string[];
  /** `lost`: refuses each call. `stuck`: never answers. */
  state: "well" | "lost" | "stuck";
}

export function createMemoryCache(world: Pick<FakeWorld, "now">): MemoryCache {
  const kept: MemoryCache["kept"] = new Map();
  const calls: string[] = [];
  async function answer<T>(call: string, run: () => T): Promise<T> {
    calls.push(call);
    if (cache.state === "stuck") await new Promise(() => {});
    if (cache.state === "lost") throw new Error("connection refused");
    return await run();
  }
  const live = (key: string) => {
    const entry = kept.get(key);
    return entry !== undefined && entry.until > world.now() ? entry : undefined;
  };
  const cache: MemoryCache = {
    kept,
    calls,
    state: "well",
    get: (key) => answer("get", () => live(key)?.value ?? null),
    set: (key, value, { ttlSeconds, onlyIfAbsent = false }) =>
      answer(onlyIfAbsent ? "lock" : "set", () => {
        if (onlyIfAbsent && live(key) !== undefined) return false;
        kept.set(key, { value, until: world.now() + ttlSeconds });
        return true;
      }),
    delete: (key) => answer("delete", () => kept.delete(key)),
  };
  return cache;
}

/** Lets everything go on that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
