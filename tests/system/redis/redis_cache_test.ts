import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { createRedisCache } from "@x/propelauth-mcp/redis";
import { GUIDES } from "../../support/guides.ts";
import { CLIENTS, type Connection } from "./clients.ts";
import { PROGRAMS, startRedis } from "./redis_server.ts";

const connections: Connection[] = [];
after(() => connections.forEach((connection) => connection.close()));

for (const program of PROGRAMS) {
  const server = await startRedis(program);
  after(() => server.close());

  for (const [name, connect] of Object.entries(CLIENTS)) {
    const connection = connect(server.url);
    connections.push(connection);
    const cache = createRedisCache(connection.client, { keyPrefix: `${name}:` });
    const id = `createRedisCache() over ${name} and ${program}`;

    test(`${id} gives what was set, and null for what was not or was deleted`, async () => {
      await connected(() => cache.get("absent"));
      assert.equal(await cache.get("absent"), null);
      assert.equal(await cache.set("key", "välue", { ttlSeconds: 60 }), true);
      assert.equal(await cache.get("key"), "välue");
      assert.equal(await connection.client.get(`${name}:key`), "välue");
      await cache.delete("key");
      assert.equal(await cache.get("key"), null);
    });

    test(`${id} keeps a value for its time`, async () => {
      const ttlOf = async (key: string): Promise<number> => {
        const { client } = connection;
        if (!("pTTL" in client || "pttl" in client)) return NaN;
        const pttl = "pTTL" in client ? client.pTTL : client.pttl;
        return typeof pttl === "function" ? Number(await pttl.call(client, `${name}:${key}`)) : NaN;
      };
      await cache.set("minute", "value", { ttlSeconds: 60 });
      await cache.set("lock", "1", { ttlSeconds: 2.5, onlyIfAbsent: true });
      const [minute, lock] = [await ttlOf("minute"), await ttlOf("lock")];
      assert(minute > 50_000 && minute <= 60_000, `${minute}`);
      assert(lock > 1_000 && lock <= 2_500, `${lock}`);
    });

    test(`${id} lets one of many write what is absent`, async () => {
      const wrote = await Promise.all(
        Array.from(
          { length: 100 },
          (_, i) => cache.set("race", `${i}`, { ttlSeconds: 60, onlyIfAbsent: true }),
        ),
      );
      assert.equal(wrote.filter((each) => each).length, 1);
      assert.equal(await cache.get("race"), `${wrote.indexOf(true)}`);
      assert.equal(await cache.set("race", "later", { ttlSeconds: 60 }), true);
    });
  }
}

/** A client that just began to connect refuses calls, as it is told to. */
async function connected(call: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      await call();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw new Error("The client does not connect");
}

test("docs/scaling.md measures a Redis as it says", async () => {
  const line = "redis-benchmark -d 600 -t get,set";
  assert(GUIDES.get("scaling.md")?.includes(`\`${line}\``));
  const server = await startRedis();
  try {
    const [program = "", ...args] = line.split(" ");
    const here = ["-p", String(server.port), "-n", "1000", "--csv"];
    const { stdout } = await promisify(execFile)(program, [...args, ...here]);
    const [, ...rows] = stdout.trim().split("\n").map((row) => row.split(","));
    assert.deepEqual(rows.map(([name]) => name), ['"SET"', '"GET"']);
    for (const [, perSecond = ""] of rows) assert(Number(perSecond.replaceAll('"', "")) > 0);
  } finally {
    await server.close();
  }
});
