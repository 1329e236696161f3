import assert from "node:assert/strict";
import { test } from "node:test";
import { IntrospectionError } from "../../src/oauth/errors.ts";
import { INACTIVE_TTL_SECONDS } from "../../src/oauth/answer_freshness.ts";
import type { IntrospectionFacts } from "../../src/oauth/facts.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { createSealer } from "../../src/shared_cache/seal.ts";
import { MAX_CLOCK_SKEW_SECONDS } from "../../src/shared_cache/lifetimes.ts";
import { createInstances, DIGEST, FACTS, settle, TTL } from "./memory_cache.ts";
import { ACTIVE, NOW, SECRET } from "../support/harness.ts";

const LOCK_SECONDS = 2;

/** Advances in steps as small as the shortest wait, so that every timer ends at its time. */
async function pass(world: { advance(seconds: number): void }, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 0.01) {
    world.advance(0.01);
    await settle();
  }
}

test("introspect() asks once for two instances, and the second gets the same facts and their age", async () => {
  const { world, create, introspect, asked, cache } = createInstances();
  const first = await introspect(create());
  world.advance(10);
  const second = await introspect(create());
  assert.deepEqual(asked, [DIGEST]);
  assert.deepEqual(first, { facts: FACTS, askedAt: NOW, source: "introspection" });
  assert.deepEqual(second, { facts: FACTS, askedAt: NOW, source: "shared_cache" });
  assert(cache.kept.size > 0);
});

test("introspect() leaves nothing in the cache by which a token or its caller could be known", async () => {
  const { create, introspect, cache } = createInstances();
  const instance = create();
  await introspect(instance);
  await instance.forgetToken(DIGEST);
  await introspect(instance);
  await instance.forgetSubject("user-1");
  const dump = JSON.stringify([...cache.kept]);
  for (const known of [DIGEST, "user-1", "client-1", "read", SECRET]) assert(!dump.includes(known));
});

const AGES: [when: string, seconds: number, facts: IntrospectionFacts, times: number][] = [
  ["just before the cache's time is over", TTL - 1, FACTS, 1],
  ["when the cache's time is over", TTL, FACTS, 2],
  ["when the token has expired", 20, readFacts(JSON.stringify({ ...ACTIVE, exp: NOW + 20 })), 2],
  ["while an inactive token is remembered", 4, readFacts('{"active":false}'), 1],
  ["when an inactive token is no longer remembered", 5, readFacts('{"active":false}'), 2],
];

for (const [when, seconds, facts, times] of AGES) {
  test(`introspect() asks ${times === 1 ? "nobody" : "again"} ${when}`, async () => {
    const { world, create, introspect, asked, answerWith } = createInstances();
    answerWith(() => Promise.resolve(facts));
    await introspect(create());
    world.advance(seconds);
    await introspect(create());
    assert.equal(asked.length, times);
  });
}

test("introspect() uses no answer whose time ends while the orders are looked at", async () => {
  const { world, create, introspect, cache } = createInstances();
  await create().forgetSubject("user-2");
  world.advance(2 * MAX_CLOCK_SKEW_SECONDS);
  await introspect(create());
  world.advance(TTL - 0.1);
  const { get } = cache;
  let looks = 0;
  cache.get = async (key) => {
    const value = await get(key);
    // The first three are the orders, and the two answers about the token.
    if (++looks === 4) world.advance(0.2);
    return value;
  };
  assert.equal((await introspect(create())).source, "introspection");
});

test("introspect() does not believe the store about an entry's age", async () => {
  const { world, create, introspect, asked, cache } = createInstances();
  await introspect(create());
  for (const entry of cache.kept.values()) entry.until = Infinity;
  world.advance(TTL);
  // The lock was made to last too, so that its wait has to end.
  const second = introspect(create());
  await pass(world, LOCK_SECONDS + 0.2);
  await second;
  assert.equal(asked.length, 2);
});

test("introspect() takes an answer of a clock that is ahead for one of now", async () => {
  const { world, create, introspect } = createInstances();
  await introspect(create(SECRET, () => world.now() + MAX_CLOCK_SKEW_SECONDS));
  assert.equal((await introspect(create())).askedAt, NOW);
});

test("introspect() believes no inactive answer from a future that no clock skew explains", async () => {
  const { world, create, introspect, asked, answerWith } = createInstances();
  answerWith(() => Promise.resolve(readFacts('{"active":false}')));
  await introspect(create(SECRET, () => world.now() + 3600));
  world.advance(LOCK_SECONDS);
  answerWith(() => Promise.resolve(FACTS));
  assert.equal((await introspect(create())).facts.active, true);
  assert.equal(asked.length, 2);
});

test("introspect() is not overtaken by an old inactive answer that a store brings back", async () => {
  const { world, create, introspect, cache, answerWith, told } = createInstances();
  answerWith(() => Promise.resolve(readFacts('{"active":false}')));
  await introspect(create());
  const old = [...cache.kept];
  cache.kept.clear();
  world.advance(60);
  answerWith(() => {
    for (const [key, { value }] of old) cache.kept.set(key, { value, until: Infinity });
    return Promise.resolve(FACTS);
  });
  await introspect(create());
  assert.deepEqual(told, []);
});

test("introspect() replaces an inactive answer that somebody else wrote", async () => {
  const { create, introspect, cache, answerWith, events } = createInstances();
  answerWith(() => Promise.resolve(readFacts('{"active":false}')));
  await introspect(create());
  for (const entry of cache.kept.values()) if (entry.value !== "1") entry.value = "x";
  answerWith(() => Promise.resolve(FACTS));
  await introspect(create());
  const before = events.length;
  assert.equal((await introspect(create())).source, "shared_cache");
  assert.equal(events.length, before);
});

test("introspect() uses no answer from a future that no clock skew explains", async () => {
  for (const [ahead, times] of [[MAX_CLOCK_SKEW_SECONDS, 1], [MAX_CLOCK_SKEW_SECONDS + 1, 2]]) {
    const { world, create, introspect, asked } = createInstances();
    const clock = () => world.now() + Number(ahead);
    await introspect(create(SECRET, clock));
    await introspect(create());
    assert.equal(asked.length, times);
  }
});

for (const token_type of [undefined, "Bearer", 7, "refresh_token"]) {
  test(`introspect() shares facts whose token type is ${token_type} as they are`, async () => {
    const { create, introspect, answerWith } = createInstances();
    const facts = readFacts(JSON.stringify({ ...ACTIVE, token_type, more: { a: [1, null] } }));
    answerWith(() => Promise.resolve(facts));
    await introspect(create());
    assert.deepEqual((await introspect(create())).facts, facts);
  });
}

// Changes that an attacker may make who can write to the store.
const FORGERIES: [what: string, forge: (value: string, other: string) => string][] = [
  ["replaced by another token's", (_value, other) => other],
  ["changed", (value) => value.slice(0, -3) + (value.endsWith("AAA") ? "BBB" : "AAA")],
  ["replaced by plain text", () => `${NOW} ${JSON.stringify(ACTIVE)}`],
  [
    "made with another secret",
    () => createSealer("guess", "context")(`token ${DIGEST}`).seal(JSON.stringify(ACTIVE)) ?? "",
  ],
  ["emptied", () => ""],
];

for (const [what, forge] of FORGERIES) {
  test(`introspect() takes an entry that was ${what} for absent, tells of it and replaces it`, async () => {
    const { create, introspect, asked, cache, events } = createInstances();
    await introspect(create(), "b".repeat(64));
    const [other] = [...cache.kept.values()].map(({ value }) => value).filter((v) => v !== "1");
    cache.kept.clear();
    await introspect(create());
    const [entry] = [...cache.kept.values()].filter(({ value }) => value !== "1");
    assert(entry && other);
    entry.value = forge(entry.value, other);
    assert.equal((await introspect(create())).source, "introspection");
    assert.deepEqual(asked.slice(1), [DIGEST, DIGEST]);
    assert.deepEqual(events, [
      { code: "shared_cache_entry_rejected", tokenDigest: DIGEST.slice(0, 12) },
    ]);
    assert.equal((await introspect(create())).source, "shared_cache");
  });
}

test("introspect() of an instance with another secret sees nothing and reports nothing", async () => {
  const { create, introspect, asked, events } = createInstances();
  await introspect(create());
  await introspect(create("another-secret"));
  assert.equal(asked.length, 2);
  assert.deepEqual(events, []);
});

test("introspect() asks once when four instances look at once, however long the answer takes", async () => {
  for (const seconds of [0, 0.025, 1]) {
    const { world, create, introspect, asked, answerWith } = createInstances();
    answerWith(() => new Promise((resolve) => world.startTimer(seconds, () => resolve(FACTS))));
    const all = Promise.all([1, 2, 3, 4].map(() => introspect(create())));
    await settle();
    await pass(world, seconds + 0.2);
    assert.deepEqual((await all).map(({ source }) => source), [
      "introspection",
      ...Array(3).fill("shared_cache"),
    ]);
    assert.equal(asked.length, 1);
  }
});

test("introspect() waits for an instance that does not come back as long as its lock, not longer", async () => {
  const { world, create, introspect, asked, answerWith } = createInstances();
  answerWith(() => new Promise(() => {}));
  void introspect(create());
  await settle();
  answerWith(() => Promise.resolve(FACTS));
  const second = introspect(create());
  await pass(world, LOCK_SECONDS - 0.2);
  assert.equal(asked.length, 1);
  await pass(world, 0.4);
  assert.equal((await second).source, "introspection");
});

test("introspect() lets the next instance ask at once when the first one failed", async () => {
  const { world, create, introspect, asked, answerWith } = createInstances();
  answerWith(() => Promise.reject(new IntrospectionError("unavailable")));
  await assert.rejects(introspect(create()), { reason: "unavailable" });
  await settle();
  answerWith(() => Promise.resolve(FACTS));
  await introspect(create());
  assert.equal(asked.length, 2);
  assert.equal(world.now(), NOW);
});

test("introspect() shares that a token has expired, for as long as an inactive one", async () => {
  const { world, create, introspect, asked, answerWith } = createInstances();
  const facts = readFacts(JSON.stringify({ ...ACTIVE, exp: NOW }));
  answerWith(() => Promise.resolve(facts));
  await introspect(create());
  assert.deepEqual((await introspect(create())).facts, facts);
  assert.equal(asked.length, 1);
  world.advance(INACTIVE_TTL_SECONDS);
  await introspect(create());
  assert.equal(asked.length, 2);
});

test("introspect() waits for no lock once an answer is over that did not outlive it", async () => {
  const { world, create, introspect, asked, answerWith } = createInstances();
  answerWith(() => Promise.resolve(readFacts(JSON.stringify({ ...ACTIVE, exp: NOW + 1 }))));
  await introspect(create());
  world.advance(1);
  await introspect(create());
  assert.equal(asked.length, 2);
});

test("introspect() takes an answer for forgotten when the marks cannot be looked at", async () => {
  const { world, create, introspect, asked, cache } = createInstances();
  await create().forgetSubject("user-2");
  world.advance(2 * MAX_CLOCK_SKEW_SECONDS);
  const other = create();
  await other.refresh();
  await introspect(create());
  // It gets the entry, and no more.
  const get = cache.get;
  cache.get = (key) => {
    cache.get = () => Promise.reject(new Error("connection refused"));
    return get(key);
  };
  assert.equal((await introspect(other)).source, "introspection");
  assert.equal(asked.length, 2);
});

test("introspect() does not release a lock that may be another's by now", async () => {
  const { world, create, introspect, answerWith, cache } = createInstances();
  answerWith(() => {
    world.advance(LOCK_SECONDS);
    return Promise.reject(new IntrospectionError("timeout"));
  });
  await assert.rejects(introspect(create()));
  await settle();
  assert(!cache.calls.includes("delete"));
});

test("introspect() shares no answer that cannot be written", async () => {
  const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
  const long = JSON.stringify("x".repeat(70_000));
  for (const more of [deep, long]) {
    const { create, introspect, asked, answerWith } = createInstances();
    answerWith(() =>
      Promise.resolve(readFacts(`${JSON.stringify(ACTIVE).slice(0, -1)},"more":${more}}`))
    );
    for (const _ of [1, 2]) assert.equal((await introspect(create())).facts.active, true);
    // The depth that cannot be written depends on the runtime: Bun writes this, and then shares it.
    if (more === long) assert.equal(asked.length, 2);
  }
});

for (const state of ["lost", "stuck"] as const) {
  test(`introspect() asks by itself while the cache is ${state}, and shares again after`, async () => {
    const { world, create, introspect, asked, cache, events } = createInstances();
    const instance = create();
    cache.state = state;
    const first = introspect(instance);
    await settle();
    world.advance(0.25);
    assert.equal((await first).source, "introspection");
    const before = cache.calls.length;
    assert.equal((await introspect(instance)).source, "introspection");
    assert.equal(cache.calls.length, before);
    cache.state = "well";
    world.advance(1);
    await introspect(instance);
    assert.equal(asked.length, 3);
    assert.equal((await introspect(instance)).source, "shared_cache");
    assert.deepEqual(events.map(({ code }) => code), [
      "shared_cache_lost",
      "shared_cache_recovered",
    ]);
  });
}

test("no timer is left when everything has been answered", async () => {
  const { world, create, introspect } = createInstances();
  await introspect(create());
  await create().forgetSubject("user-1");
  await introspect(create());
  assert.equal(world.timers, 0);
});
