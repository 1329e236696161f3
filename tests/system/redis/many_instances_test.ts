import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { createPropelAuth, type PropelAuth, type PropelAuthEvent } from "@x/propelauth-mcp";
import { createRedisCache } from "@x/propelauth-mcp/redis";
import { CLIENTS } from "./clients.ts";
import { startFront } from "./front.ts";
import { startInstance } from "./instances.ts";
import { PROGRAMS, startRedis } from "./redis_server.ts";

const BASE_URL = "http://127.0.0.1:8000";
const SUBJECT = "owner@acme.example";

const local = await startLocalPropelAuth({ log: () => {} });
after(() => local.close());
const front = await startFront(local.authUrl);
after(() => front.close());
const servers = new Map(
  await Promise.all(
    PROGRAMS.map(async (program) => [program, await startRedis(program)] as const),
  ),
);
for (const server of servers.values()) after(() => server.close());

const mint = (): Promise<string> =>
  local.mintToken({ subject: SUBJECT, resource: `${BASE_URL}/mcp` });

/** How many questions PropelAuth gets while something runs. */
async function questionsOf(run: () => Promise<unknown>): Promise<number> {
  const before = front.questions;
  await run();
  return front.questions - before;
}

interface InProcess {
  readonly auth: PropelAuth;
  /** How often each event happened. */
  count(code: PropelAuthEvent["code"]): number;
}

/** An instance in this process, with a connection of its own. */
function createInstance(client: string, url: string, maxCacheSize = 10_000): InProcess {
  const connection = CLIENTS[client]?.(url);
  assert(connection);
  after(() => connection.close());
  const codes: string[] = [];
  const auth = createPropelAuth({
    authUrl: front.url,
    introspectionClientId: local.introspectionClientId,
    introspectionClientSecret: local.introspectionClientSecret,
    baseUrl: BASE_URL,
    tokenIntrospectionOverrides: { cacheTtlSeconds: 300, maxCacheSize },
    operations: { tools: { purge: { fresh: true } } },
    sharedCache: createRedisCache(connection.client),
    onEvent: ({ code }) => codes.push(code),
  });
  return { auth, count: (code) => codes.filter((each) => each === code).length };
}

/** Uses the cache until it can be used: a client that just began to connect refuses calls. */
async function untilShared(instances: readonly InProcess[]): Promise<void> {
  const token = await mint();
  for (const { auth, count } of instances) {
    for (;;) {
      await auth.verifier.verifyAccessToken(token);
      await auth.forget(token).then(() => true, () => false);
      if (count("shared_cache_lost") === count("shared_cache_recovered")) break;
      await pause(50);
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const [program, server] of servers) {
  for (const client of Object.keys(CLIENTS)) {
    test(`an instance uses what another one heard, over ${client} and ${program}`, async () => {
      const [one, other] = [createInstance(client, server.url), createInstance(client, server.url)];
      await untilShared([one, other]);
      const token = await mint();
      const asked = await questionsOf(async () => {
        const first = await one.auth.verifier.verifyAccessToken(token);
        const second = await other.auth.verifier.verifyAccessToken(token);
        assert.deepEqual(second, first);
      });
      assert.equal(asked, 1);
    });

    test(`forget() and forgetSubject() reach another instance, over ${client} and ${program}`, async () => {
      const [one, other] = [createInstance(client, server.url), createInstance(client, server.url)];
      await untilShared([one, other]);
      for (const how of ["token", "subject"] as const) {
        const token = await mint();
        const { subject } = await one.auth.verifier.verifyAccessToken(token);
        await other.auth.verifier.verifyAccessToken(token);
        await local.revoke(token);
        await (how === "token" ? one.auth.forget(token) : one.auth.forgetSubject(subject ?? ""));
        const told = performance.now();
        await assert.rejects(one.auth.verifier.verifyAccessToken(token), { reason: "inactive" });
        while (await other.auth.verifier.verifyAccessToken(token).then(() => true, () => false)) {
          await pause(20);
        }
        const took = performance.now() - told;
        assert(took < 1_500, `${took} ms`);
      }
    });

    test(`an inactive answer reaches another instance, over ${client} and ${program}`, async () => {
      const [one, other] = [createInstance(client, server.url), createInstance(client, server.url)];
      await untilShared([one, other]);
      const token = await mint();
      for (const { auth } of [other, one]) await auth.verifier.verifyAccessToken(token);
      await local.revoke(token);
      const response = await one.auth.handler(() => new Response("purged"))(
        new Request(`${BASE_URL}/mcp`, {
          method: "POST",
          headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
          body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"purge"}}',
        }),
      );
      assert.equal(response.status, 401);
      await pause(1_500);
      await assert.rejects(other.auth.verifier.verifyAccessToken(token), { reason: "inactive" });
    });

    test(`orders are reported that ${program} loses in a restart, over ${client}`, async () => {
      const instance = createInstance(client, server.url);
      await untilShared([instance]);
      await instance.auth.forgetSubject("somebody");
      const token = await mint();
      await pause(1_100);
      await instance.auth.verifier.verifyAccessToken(token);
      assert.equal(instance.count("shared_cache_order_lost"), 0);
      await server.kill();
      await server.start();
      while (instance.count("shared_cache_order_lost") === 0) {
        await instance.auth.verifier.verifyAccessToken(token);
        await pause(50);
      }
    });

    test(`no request fails when ${program} is killed and restarted in mid-load, over ${client}`, async () => {
      // Without a cache of its own, so that each call needs the shared one.
      const instances = [
        createInstance(client, server.url, 0),
        createInstance(client, server.url, 0),
      ];
      await untilShared(instances);
      const tokens = await Promise.all(Array.from({ length: 20 }, mint));
      let going = true;
      let calls = 0;
      let slowest = 0;
      const load = tokens.map(async (token) => {
        while (going) {
          const start = performance.now();
          await Promise.all(instances.map(({ auth }) => auth.verifier.verifyAccessToken(token)));
          slowest = Math.max(slowest, performance.now() - start);
          calls += instances.length;
          await pause(5);
        }
      });
      const until = async (code: PropelAuthEvent["code"], before: readonly number[]) => {
        while (!instances.every(({ count }, i) => count(code) > (before[i] ?? 0))) {
          await Promise.race([pause(20), ...load]);
        }
      };
      const countsOf = (code: PropelAuthEvent["code"]) => instances.map(({ count }) => count(code));
      const [lost, recovered] = [
        countsOf("shared_cache_lost"),
        countsOf("shared_cache_recovered"),
      ];
      await pause(200);
      await server.kill();
      await until("shared_cache_lost", lost);
      await server.start();
      await until("shared_cache_recovered", recovered);
      await pause(200);
      const asked = await questionsOf(() => pause(300));
      going = false;
      await Promise.all(load);
      assert(calls > 100, `${calls} calls`);
      assert.equal(asked, 0, "the cache is in use again");
      console.log(`# ${calls} calls, the slowest took ${slowest.toFixed(0)} ms`);
    });

    test(`a ${program} that does not answer delays a request a little, over ${client}`, async () => {
      const instance = createInstance(client, server.url, 0);
      await untilShared([instance]);
      const token = await mint();
      await instance.auth.verifier.verifyAccessToken(token);
      server.pause();
      try {
        const start = performance.now();
        await instance.auth.verifier.verifyAccessToken(token);
        const first = performance.now() - start;
        await instance.auth.verifier.verifyAccessToken(token);
        const second = performance.now() - start - first;
        assert(first > 200 && first < 1_000, `${first} ms`);
        assert(second < 200, `${second} ms`);
      } finally {
        server.resume();
      }
    });

    test(`an instance starts and works without ${program}, over ${client}`, async () => {
      await server.kill();
      const instance = createInstance(client, server.url);
      await instance.auth.verifier.verifyAccessToken(await mint());
      assert.equal(instance.count("shared_cache_lost"), 1);
      await server.start();
      await untilShared([instance]);
      assert.equal(instance.count("shared_cache_recovered"), 1);
    });
  }
}

test("a thousand simultaneous requests over four processes cost four questions at most, normally one", async () => {
  const [server] = servers.values();
  assert(server);
  const instances = await Promise.all(
    Array.from({ length: 4 }, (_, i) =>
      startInstance({
        authUrl: front.url,
        introspectionClientId: local.introspectionClientId,
        introspectionClientSecret: local.introspectionClientSecret,
        baseUrl: BASE_URL,
        redisUrl: server.url,
        client: i % 2 === 0 ? "redis" : "ioredis",
        cacheTtlSeconds: 300,
      })),
  );
  try {
    front.delay = 25;
    const rounds: number[] = [];
    for (let round = 0; round < 6; round++) {
      const token = await mint();
      const asked = await questionsOf(() =>
        Promise.all(Array.from({ length: 1_000 }, async (_, i) => {
          const response = await instances[i % 4]?.call(token);
          assert.equal(response?.status, 200);
          await response?.body?.cancel();
        }))
      );
      // The first one has the processes warm up and connect.
      if (round > 0) rounds.push(asked);
    }
    console.log(`# questions in each round: ${rounds.join(", ")}`);
    assert(rounds.every((asked) => asked >= 1 && asked <= 4), rounds.join());
    assert(rounds.filter((asked) => asked === 1).length >= 3, rounds.join());
  } finally {
    front.delay = 0;
    await Promise.all(instances.map((instance) => instance.stop()));
  }
});
