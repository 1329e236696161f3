import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "@upstash/redis";
import { listen } from "../support/node_server.ts";
import { createRedisCache, type RedisClient, type SharedCache } from "@x/propelauth-mcp/redis";

/** A client that keeps what it was called with. What a real Redis does stands in tests/system/redis. */
function createClient(answers: Record<string, unknown> = {}): RedisClient & { log: unknown[][] } {
  const log: unknown[][] = [];
  const method = (name: string) => (...args: unknown[]): Promise<unknown> => {
    log.push([name, ...args]);
    return Promise.resolve(answers[name] ?? null);
  };
  return { log, get: method("get"), set: method("set"), del: method("del") };
}

const CALLS: [
  what: string,
  call: (cache: SharedCache) => Promise<unknown>,
  asObject: unknown[],
  asArguments: unknown[],
][] = [
  ["get", (cache) => cache.get("key"), ["get", "p:key"], ["get", "p:key"]],
  [
    "set",
    (cache) => cache.set("key", "value", { ttlSeconds: 1.2345 }),
    ["set", "p:key", "value", { PX: 1235 }],
    ["set", "p:key", "value", "PX", 1235],
  ],
  [
    "set of what is absent",
    (cache) => cache.set("key", "value", { ttlSeconds: 2, onlyIfAbsent: true }),
    ["set", "p:key", "value", { PX: 2000, NX: true }],
    ["set", "p:key", "value", "PX", 2000, "NX"],
  ],
  [
    // Redis refuses a time of 0.
    "set for no time",
    (cache) => cache.set("key", "value", { ttlSeconds: 0 }),
    ["set", "p:key", "value", { PX: 1 }],
    ["set", "p:key", "value", "PX", 1],
  ],
  ["delete", (cache) => cache.delete("key"), ["del", "p:key"], ["del", "p:key"]],
];

for (const [what, call, asObject, asArguments] of CALLS) {
  test(`createRedisCache() spells ${what} as either client does`, async () => {
    for (const setOptions of ["object", "arguments"] as const) {
      const member = setOptions === "object" ? "pSetEx" : "call";
      const client = Object.assign(createClient(), { [member]: () => Promise.resolve() });
      await call(createRedisCache(client, { keyPrefix: "p:", setOptions }));
      assert.deepEqual(client.log, [setOptions === "object" ? asObject : asArguments]);
    }
  });
}

test("createRedisCache() knows ioredis by its method call", async () => {
  const client = Object.assign(createClient(), { call: () => Promise.resolve() });
  await createRedisCache(client).set("key", "value", { ttlSeconds: 1 });
  assert.deepEqual(client.log, [["set", "propelauth-mcp:key", "value", "PX", 1000]]);
});

// The members by which clients differ, as each of these packages has them.
const MEMBERS: [
  name: string,
  members: string[],
  setOptions: "object" | "lowercase" | "arguments" | undefined,
][] = [
  ["redis 4 to 6", ["sendCommand", "pSetEx", "SET"], "object"],
  ["redis 3, which takes callbacks", ["sendCommand", "psetex", "SET"], undefined],
  ["ioredis", ["call", "sendCommand", "psetex"], "arguments"],
  ["@upstash/redis", ["createScript", "psetex"], "lowercase"],
  ["@db/redis, Deno's client", ["sendCommand", "psetex"], undefined],
];

for (const [name, members, known] of MEMBERS) {
  const client = Object.assign(
    createClient(),
    Object.fromEntries(members.map((member) => [member, () => Promise.resolve()])),
  );
  for (const setOptions of ["object", "lowercase", "arguments"] as const) {
    const refused = known !== undefined && known !== setOptions;
    test(`createRedisCache() ${refused ? "refuses" : "takes"} ${setOptions} for ${name}`, () => {
      const create = () => createRedisCache(client, { setOptions });
      if (refused) assert.throws(create, { name: "TypeError", message: /setOptions must be / });
      else assert.doesNotThrow(create);
    });
  }
  test(`createRedisCache() ${known ? `finds ${known}` : "needs setOptions"} for ${name}`, async () => {
    if (known === undefined) {
      assert.throws(() => createRedisCache(client), {
        name: "TypeError",
        message: /setOptions must/,
      });
      return;
    }
    await createRedisCache(client).set("key", "value", { ttlSeconds: 1 });
    const spelt = { object: [{ PX: 1000 }], lowercase: [{ px: 1000 }], arguments: ["PX", 1000] };
    assert.deepEqual(client.log, [["set", "propelauth-mcp:key", "value", ...spelt[known]]]);
  });
}

test("createRedisCache() refuses @valkey/valkey-glide, which ignores each spelling", () => {
  const client = Object.assign(createClient(), { customCommand: () => Promise.resolve() });
  for (const setOptions of ["object", "lowercase", "arguments"] as const) {
    assert.throws(() => createRedisCache(client, { setOptions }), {
      name: "TypeError",
      message:
        /^Cannot create a Redis cache: client must .+: received one of @valkey\/valkey-glide$/,
    });
  }
});

test("createRedisCache() refuses a client whose spelling of SET it cannot know", () => {
  assert.throws(() => createRedisCache(createClient()), {
    name: "TypeError",
    message: /^Cannot create a Redis cache: setOptions must be given for a client other than redis/,
  });
});

/** Keeps keys as Redis does, and knows one spelling of NX alone. */
function createOwnClient(isNx: (options: unknown[]) => boolean) {
  const kept = new Map<string, string>();
  let sets = 0;
  return {
    kept,
    sets: () => sets,
    get: (key: string) => Promise.resolve(kept.get(key) ?? null),
    set(key: string, value: string, ...options: unknown[]): Promise<string | null> {
      sets++;
      if (isNx(options) && kept.has(key)) return Promise.resolve(null);
      kept.set(key, value);
      return Promise.resolve("OK");
    },
    del: (key: string) => Promise.resolve(Number(kept.delete(key))),
  };
}

test("set() tries the setOptions of an unknown client once, and leaves no key of that", async () => {
  const client = createOwnClient((options) => options.includes("NX"));
  const cache = createRedisCache(client, { setOptions: "arguments" });
  assert.equal(await cache.set("a", "1", { ttlSeconds: 60 }), true);
  assert.equal(await cache.set("b", "2", { ttlSeconds: 60 }), true);
  assert.deepEqual([...client.kept.keys()], ["propelauth-mcp:a", "propelauth-mcp:b"]);
  assert.equal(client.sets(), 4);
});

test("set() fails, and writes nothing, when setOptions have no effect with a client", async () => {
  const client = createOwnClient((options) => options.includes("NX"));
  for (const setOptions of ["object", "lowercase"] as const) {
    const cache = createRedisCache(client, { setOptions });
    for (let call = 0; call < 2; call++) {
      await assert.rejects(cache.set("a", "1", { ttlSeconds: 60 }), {
        name: "TypeError",
        message: `setOptions "${setOptions}" has no effect with this Redis client`,
      });
    }
    assert.equal(client.kept.size, 0);
  }
});

test("set() tries an unknown client again after it failed", async () => {
  const client = createOwnClient((options) => options.includes("NX"));
  const { set } = client;
  client.set = () => Promise.reject(new Error("no connection"));
  const cache = createRedisCache(client, { setOptions: "arguments" });
  await assert.rejects(cache.set("a", "1", { ttlSeconds: 60 }), { message: "no connection" });
  client.set = set;
  assert.equal(await cache.set("a", "1", { ttlSeconds: 60 }), true);
});

test("createRedisCache() has @upstash/redis set an expiry, and refuse a second lock", async () => {
  const kept = new Map<string, unknown>();
  const commands: unknown[][] = [];
  const run = ([name, key, value, ...options]: unknown[]) => {
    if (String(name).toLowerCase() === "get") return kept.get(String(key)) ?? null;
    if (String(name).toLowerCase() === "del") return Number(kept.delete(String(key)));
    if (options.includes("nx") && kept.has(String(key))) return null;
    kept.set(String(key), value);
    return "OK";
  };
  const upstash = await listen((request, response) => {
    let text = "";
    request.on("data", (bytes) => text += bytes);
    request.on("end", () => {
      const received: unknown[][] = [JSON.parse(text)].flat(request.url === "/pipeline" ? 1 : 0);
      commands.push(...received);
      const results = received.map((command) => ({ result: run(command) }));
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(request.url === "/pipeline" ? results : results[0]));
    });
  });
  try {
    const client = new Redis({
      url: upstash.origin,
      token: "x",
      responseEncoding: false,
      enableTelemetry: false,
    });
    const cache = createRedisCache(client);
    const lock = { ttlSeconds: 2, onlyIfAbsent: true };
    assert.deepEqual([await cache.set("a", "b c", lock), await cache.set("a", "d", lock)], [
      true,
      false,
    ]);
    assert.equal(await cache.get("a"), "b c");
    await cache.delete("a");
    assert.equal(await cache.get("a"), null);
    assert.deepEqual(commands[0]?.map(String), [
      "set",
      "propelauth-mcp:a",
      "b c",
      "nx",
      "px",
      "2000",
    ]);
  } finally {
    await upstash.close();
  }
});

test("createRedisCache() tells whether it wrote", async () => {
  for (const [answer, wrote] of [["OK", true], [null, false]] as const) {
    const client = Object.assign(createClient({ set: answer }), {
      pSetEx: () => Promise.resolve(),
    });
    assert.equal(
      await createRedisCache(client).set("key", "value", { ttlSeconds: 1, onlyIfAbsent: true }),
      wrote,
    );
  }
});

const BAD: [what: string, create: () => unknown, message: RegExp][] = [
  ["no client", () => createRedisCache(null as never), /client must be .*received null/],
  [
    "a client without del",
    () => createRedisCache({ ...createClient(), del: 1 } as never),
    /^Cannot create a Redis cache: client must be .+ get, set and del: received one without del$/,
  ],
  [
    "an unknown option",
    () => createRedisCache(createClient(), { prefix: "" } as never),
    /^Cannot create a Redis cache: prefix must be .+; did you mean keyPrefix\?$/,
  ],
  [
    "a prefix of a wrong type",
    () => createRedisCache(createClient(), { keyPrefix: 1 } as never),
    /k/,
  ],
  [
    "an unknown spelling",
    () => createRedisCache(createClient(), { setOptions: "map" } as never),
    /"lowercase" or "arguments": received "map"/,
  ],
];

for (const [what, create, message] of BAD) {
  test(`createRedisCache() refuses ${what}`, () => {
    assert.throws(create, { name: "TypeError", message });
  });
}
