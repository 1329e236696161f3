import { spawnSync } from "node:child_process";
import { createPropelAuth } from "@x/propelauth-mcp";
import { createRedisCache } from "@x/propelauth-mcp/redis";
import { createClient } from "redis";
import { startRedis } from "../../tests/system/redis/redis_server.ts";
import { type Figure, timed } from "../figure.ts";

const TOKENS = 10_000;
const CALLERS = 32;
/** An answer of the same length as those of the local PropelAuth. */
const ANSWER = JSON.stringify({
  active: true,
  sub: "1bf3b5a4-4b40-4f5c-8d0e-9f3e3f1f0a11",
  user_id: "1bf3b5a4-4b40-4f5c-8d0e-9f3e3f1f0a11",
  username: "someone@example.com",
  email: "someone@example.com",
  client_id: "client-1-abcdef",
  scope: "read:user_data write:note",
  token_type: "Bearer",
  iss: "https://auth.example.com/oauth/2.1",
  aud: "https://mcp.example.com/mcp",
  iat: 1_700_000_000,
  exp: 4_102_444_800,
});

const options = {
  authUrl: "https://auth.example.com",
  introspectionClientId: "id",
  introspectionClientSecret: "secret",
  baseUrl: "https://mcp.example.com",
  tokenIntrospectionOverrides: {
    cacheTtlSeconds: 3600,
    fetch: () => Promise.resolve(new Response(ANSWER)),
  },
};

const tokenOf = (i: number) => `pa_${"x".repeat(50)}${100_000 + i}`;

/** Measures the memory of a process for each cached token, and its verifications per second. */
export async function measureCapacity(): Promise<Figure[]> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") {
    throw new Error("Start it with `deno task bench`, which exposes gc()");
  }
  const { verifier } = createPropelAuth(options);
  const all = async () => {
    for (let i = 0; i < TOKENS; i++) await verifier.verifyAccessToken(tokenOf(i));
  };
  collect();
  const before = Deno.memoryUsage().heapUsed;
  await all();
  collect();
  const bytes = (Deno.memoryUsage().heapUsed - before) / TOKENS;
  const warm = TOKENS * 1000 / await timed(all);
  return [
    { what: "memory of a process for each token in its cache", measured: `${bytes.toFixed(0)} B` },
    { what: "warm verifications of one process", measured: `${warm.toFixed(0)} /s` },
    ...await measureRedis(),
  ];
}

async function measureRedis(): Promise<Figure[]> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) {
    return [{ what: "memory of Redis for each token", measured: "needs redis-server" }];
  }
  const redis = await startRedis();
  const client = await createClient({ url: redis.url }).connect();
  try {
    const used = async () =>
      Number(/used_memory:(\d+)/.exec(String(await client.sendCommand(["INFO", "memory"])))?.[1]);
    const before = await used();
    const [first, second] = [await verifyAll(client), await verifyAll(client)];
    // This includes the locks, which Redis keeps for two seconds.
    const bytes = (await used() - before) / TOKENS;
    const rate = (perSecond: number) => `${perSecond.toFixed(0)} /s`;
    return [
      {
        what: "memory of Redis for each token, its lock included",
        measured: `${bytes.toFixed(0)} B`,
      },
      { what: "new tokens that one process introspects and shares", measured: rate(first) },
      { what: "new tokens that one process reads from Redis", measured: rate(second) },
    ];
  } finally {
    client.destroy();
    await redis.close();
  }
}

/** Verifies every token with a gate that has none cached; returns the verifications per second. */
async function verifyAll(client: Parameters<typeof createRedisCache>[0]): Promise<number> {
  const sharedCache = createRedisCache(client);
  const { verifier } = createPropelAuth({ ...options, sharedCache });
  let next = 0;
  const time = await timed(() =>
    Promise.all(Array.from({ length: CALLERS }, async () => {
      while (next < TOKENS) await verifier.verifyAccessToken(tokenOf(next++));
    }))
  );
  return TOKENS * 1000 / time;
}
