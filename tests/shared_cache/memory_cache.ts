/**
 * A shared cache in memory, under a test's clock, that can fail in every way a real one can, and
 * instances that share it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { EventFacts } from "../../src/events/events.ts";
import type { IntrospectionFacts } from "../../src/oauth/facts.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import type { SharedCache } from "../../src/shared_cache/shared_cache.ts";
import { createSharedFacts } from "../../src/shared_cache/shared_facts.ts";
import { ACTIVE, createFakeWorld, type FakeWorld, SECRET } from "../support/harness.ts";

export interface MemoryCache extends SharedCache {
  get: SharedCache["get"];
  delete: SharedCache["delete"];
  /** The kept values, expired ones too. */
  readonly kept: Map<string, { value: string; until: number }>;
  /** The calls in order: `get`, `set`, `lock` (a `set` with `onlyIfAbsent`), `delete`. */
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

export const TTL = 60;
export const DIGEST = "a".repeat(64);
export const FACTS = readFacts(JSON.stringify(ACTIVE));

/** One of several instances that share a cache. */
export type Instance = ReturnType<typeof createSharedFacts>;

/** Instances that share a cache; each has the same clock, unless it is given another. */
export function createInstances() {
  const world = createFakeWorld(() => assert.fail("nobody is asked"));
  const cache = createMemoryCache(world);
  const events: EventFacts[] = [];
  const asked: string[] = [];
  const told: string[] = [];
  let answer = (): Promise<IntrospectionFacts> => Promise.resolve(FACTS);
  const lifetimes = { cacheTtlSeconds: TTL, staleIfErrorSeconds: 0 };
  const create = (secret = SECRET, clock = world.now, lives = lifetimes) =>
    createSharedFacts(
      cache,
      {
        introspectionEndpoint: "https://auth.example.com/oauth/2.1/introspect",
        introspectionClientId: "introspection-id",
        introspectionClientSecret: secret,
        timeoutSeconds: 10,
        ...lives,
      },
      { ...world, now: clock },
      (facts) => events.push(facts),
      async (_token, digest) => {
        asked.push(digest);
        const askedAt = clock();
        return { facts: await answer(), askedAt, source: "introspection" };
      },
      {
        onTokenForgotten: (digest) => told.push(digest),
        onForgotten: () => told.push("forgotten"),
        onOrdersLost: () => told.push("orders lost"),
      },
    );
  /** Introspects a token, and lets its answer reach the cache. */
  const introspect = async (instance: Instance, digest = DIGEST) => {
    const found = await instance.introspect("token", digest);
    await settle();
    return found;
  };
  return {
    world,
    cache,
    events,
    asked,
    create,
    introspect,
    told,
    answerWith: (next: typeof answer) => void (answer = next),
  };
}
