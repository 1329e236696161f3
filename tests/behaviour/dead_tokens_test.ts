// A token that is dead, or was to be forgotten, does not come back by an older answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import type { PropelAuth } from "../../src/propel_auth.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { FORGET_CHECK_SECONDS } from "../../src/shared_cache/forgetting.ts";
import { MAX_CLOCK_SKEW_SECONDS } from "../../src/shared_cache/lifetimes.ts";
import { createMemoryCache, settle } from "../shared_cache/memory_cache.ts";
import { ACTIVE, cached, createFakeWorld, json, mcpRequest, OPTIONS } from "../support/harness.ts";

const FRESH_SECONDS = 1;
const LOST_SECONDS = 5;

const dead = () => json({ active: false });
const live = () => json(ACTIVE);
const PURGE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "purge" },
});

/** Instances with one PropelAuth, one clock and, unless they are alone, one cache. */
function createFleet(isShared: boolean, overrides: Parameters<typeof cached>[0] = {}) {
  const asked: string[] = [];
  const fleet: { answer: () => Response | Promise<Response> } = { answer: live };
  const world = createFakeWorld((_url, init) => {
    asked.push(new URLSearchParams(String(init.body)).get("token") ?? "");
    return Promise.resolve().then(() => fleet.answer());
  });
  const cache = createMemoryCache(world);
  function create(options: Partial<PropelAuthOptions> = {}) {
    const auth = composePropelAuth({
      ...OPTIONS,
      ...cached(overrides),
      operations: { tools: { purge: { fresh: true } } },
      ...(isShared && { sharedCache: cache }),
      ...options,
    }, world);
    const handler = auth.handler(() => new Response("reached"));
    return {
      auth,
      ask: (token = "token-1") =>
        auth.verifier.verifyAccessToken(token).then(() => "passes", ({ reason }) => reason),
      purge: async (token = "token-1") =>
        (await handler(mcpRequest(token, { body: PURGE }))).status,
    };
  }
  /** Passes time in steps, so that each timer ends at its time. */
  async function pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds - 1e-6; passed += 0.1) {
      await settle();
      world.advance(0.1);
    }
    await settle();
  }
  /** An answer that comes after some time. */
  const after = (seconds: number, answer: () => Response) => async () => {
    await new Promise<void>((resolve) => world.startTimer(seconds, resolve));
    return answer();
  };
  return { fleet, world, cache, asked, create, pass, after };
}

const ORDERS: [what: string, forget: (auth: PropelAuth) => Promise<void>][] = [
  ["the user", (auth) => auth.forgetSubject("user-1")],
  ["the token", (auth) => auth.forget("token-1")],
];

for (const [what, forget] of ORDERS) {
  test(`forgetting ${what} overtakes the questions under way, with no shared cache too`, async () => {
    const { fleet, create, asked, pass, after } = createFleet(false);
    const { auth, ask } = create();
    fleet.answer = after(1, live);
    const slowly = ask();
    await pass(0.5);
    await forget(auth);
    fleet.answer = dead;
    await pass(0.6);
    assert.equal(await slowly, "inactive");
    assert.equal(asked.length, 2);
  });
}

const OTHERS: [what: string, forget: (auth: PropelAuth) => Promise<void>][] = [
  ["another user", (auth) => auth.forgetSubject("somebody-else")],
  ["another token", (auth) => auth.forget("another-token")],
  ...ORDERS,
];

for (const [what, forget] of OTHERS) {
  for (const isShared of [false, true]) {
    test(`an inactive answer counts when ${what} is forgotten on its way, ${isShared ? "with a shared cache" : "alone"}`, async () => {
      const { fleet, create, pass, after } = createFleet(isShared, { staleIfErrorSeconds: 600 });
      const { auth, ask, purge } = create();
      assert.equal(await ask(), "passes");
      fleet.answer = after(1, dead);
      const purged = purge();
      await pass(0.5);
      await forget(auth);
      await pass(0.6);
      assert.equal(await purged, 401);
      assert.equal(await ask(), "inactive");
      fleet.answer = () => Promise.reject(new TypeError("no route"));
      await pass(6);
      assert.equal(await ask(), "network");
      await pass(50);
      assert.equal(await ask(), "network");
    });
  }
}

test("an inactive answer leaves no stale one, whatever is forgotten on its way", async () => {
  const { fleet, create, pass, after } = createFleet(false, {
    cacheTtlSeconds: 0,
    staleIfErrorSeconds: 600,
  });
  const { auth, ask } = create();
  assert.equal(await ask(), "passes");
  fleet.answer = after(1, dead);
  const asked = ask();
  await pass(0.5);
  await auth.forgetSubject("somebody-else");
  await pass(0.6);
  assert.equal(await asked, "inactive");
  fleet.answer = () => Promise.reject(new TypeError("no route"));
  await pass(6);
  assert.equal(await ask(), "network");
});

for (const [seconds, cacheTtlSeconds] of [[3, 60], [9.8, 60], [9.8, 2]] as const) {
  test(`an active answer that took ${seconds} s revives no token that was dead meanwhile, kept for ${cacheTtlSeconds} s`, async () => {
    const { fleet, create, pass, after } = createFleet(true, { cacheTtlSeconds });
    const [slow, quick] = [create(), create()];
    fleet.answer = after(seconds, live);
    const slowly = slow.ask();
    await pass(0.2);
    fleet.answer = dead;
    // It waits until the lock of the other one is over.
    const quickly = quick.ask();
    await pass(2.5);
    assert.equal(await quickly, "inactive");
    await pass(seconds - 2.5);
    // Not even the request that had asked: its answer is older than what the other one heard.
    assert.equal(await slowly, "inactive");
    for (const later of [1, 4, 48]) {
      await pass(later);
      for (const { ask } of [slow, quick, create()]) assert.equal(await ask(), "inactive");
    }
  });
}

test("an active answer that could not be taken back from the shared cache revives no token", async () => {
  const { fleet, create, cache, pass, after } = createFleet(true);
  const [slow, quick] = [create(), create()];
  fleet.answer = after(3, live);
  const slowly = slow.ask();
  await pass(0.2);
  fleet.answer = dead;
  const quickly = quick.ask();
  await pass(2.5);
  assert.equal(await quickly, "inactive");
  cache.delete = () => Promise.reject(new Error("connection lost"));
  fleet.answer = () => Promise.reject(new TypeError("no route"));
  await pass(6);
  assert.match(await slowly, /network|inactive/);
  fleet.answer = dead;
  assert.equal(await create().ask(), "inactive");
});

test("an active answer in the shared cache revives no token whose inactive answer came late", async () => {
  const { fleet, create, pass, after } = createFleet(true);
  const { ask, purge } = create();
  assert.equal(await ask(), "passes");
  await pass(0.2);
  fleet.answer = after(6, dead);
  const purged = purge();
  await pass(6.2);
  assert.equal(await purged, 401);
  fleet.answer = () => assert.fail("the shared cache knows it");
  assert.equal(await ask(), "inactive");
  fleet.answer = dead;
  for (const seconds of [6, 44]) {
    await pass(seconds);
    for (const instance of [{ ask }, create()]) assert.equal(await instance.ask(), "inactive");
  }
});

test("an inactive answer reaches an instance that has the token cached within a second", async () => {
  const { fleet, create, asked, world } = createFleet(true, { staleIfErrorSeconds: 600 });
  const [one, other] = [create(), create()];
  for (const { ask } of [one, other]) assert.equal(await ask(), "passes");
  fleet.answer = dead;
  assert.equal(await one.purge(), 401);
  world.advance(FORGET_CHECK_SECONDS);
  assert.equal(await other.ask(), "inactive");
  assert.equal(asked.length, 2);
  fleet.answer = () => Promise.reject(new TypeError("no route"));
  world.advance(6);
  for (const { ask } of [one, other]) assert.equal(await ask(), "network");
});

test("inactive answers about tokens that were never active drop nothing anywhere", async () => {
  const { fleet, create, asked, cache, world } = createFleet(true);
  const [one, other] = [create(), create()];
  assert.equal(await other.ask(), "passes");
  fleet.answer = dead;
  for (let at = 0; at < 20; at++) assert.equal(await one.ask(`dead-${at}`), "inactive");
  world.advance(FORGET_CHECK_SECONDS);
  cache.calls.length = 0;
  assert.equal(await other.ask(), "passes");
  assert.equal(asked.length, 21);
  // It looked for orders, and found none.
  assert.deepEqual(cache.calls, ["get"]);
});

test("an answer that could not be shared is dropped once the cache is back", async () => {
  const { fleet, create, cache, world } = createFleet(true, { staleIfErrorSeconds: 600 });
  const [one, other] = [create(), create()];
  cache.state = "lost";
  assert.equal(await other.ask(), "passes");
  cache.state = "well";
  world.advance(LOST_SECONDS);
  fleet.answer = dead;
  assert.equal(await one.ask(), "inactive");
  assert.equal(await other.ask(), "inactive");
  fleet.answer = () => Promise.reject(new TypeError("no route"));
  world.advance(6);
  assert.equal(await other.ask(), "network");
});

test("a stale answer that could not be shared is dropped once the cache is back", async () => {
  const { fleet, create, cache, world, pass } = createFleet(true, { staleIfErrorSeconds: 600 });
  const other = create();
  cache.state = "lost";
  assert.equal(await other.ask(), "passes");
  cache.state = "well";
  await pass(70);
  fleet.answer = dead;
  assert.equal(await create().ask(), "inactive");
  fleet.answer = () => Promise.reject(new TypeError("no route"));
  world.advance(6);
  assert.equal(await other.ask(), "network");
});

test("an instance that heard a token to be inactive remembers it when it cannot tell the cache", async () => {
  const { fleet, create, cache, pass } = createFleet(true);
  const [one, other] = [create(), create()];
  assert.equal(await other.ask(), "passes");
  assert.equal(await one.ask(), "passes");
  cache.state = "lost";
  fleet.answer = dead;
  assert.equal(await one.purge(), 401);
  cache.state = "well";
  await pass(7);
  // The other one's answer stands in the cache as if nothing had been heard.
  assert.equal(await one.ask(), "inactive");
});

test("an order of another instance overtakes a question that PropelAuth takes long to answer", async () => {
  const { fleet, create, asked, pass, after } = createFleet(true);
  const [one, other] = [create(), create()];
  fleet.answer = after(3, live);
  const slowly = other.ask();
  await pass(0.5);
  await one.auth.forgetSubject("user-1");
  fleet.answer = dead;
  await pass(3);
  assert.equal(await slowly, "inactive");
  assert.equal(asked.length, 2);
});

test("an order of another instance has no stale answer used after a question that took long", async () => {
  const overrides = { cacheTtlSeconds: 10, staleIfErrorSeconds: 300 };
  const { fleet, create, pass, world } = createFleet(true, overrides);
  const [one, other] = [create(), create()];
  assert.equal(await other.ask(), "passes");
  await pass(11);
  fleet.answer = async () => {
    await new Promise<void>((resolve) => world.startTimer(5, resolve));
    throw new TypeError("no route");
  };
  const slowly = other.ask();
  await pass(3);
  fleet.answer = dead;
  assert.equal(await one.ask(), "inactive");
  await pass(3);
  assert.equal(await slowly, "network");
});

/** Has the reads of a shared cache wait, all but the first ones, until `deliver` is called. */
function holdReads(cache: ReturnType<typeof createMemoryCache>, first: number) {
  const { get } = cache;
  let deliver = (): void => {};
  const delivered = new Promise<void>((resolve) => deliver = resolve);
  let count = 0;
  cache.get = async (key) => {
    const value = await get(key);
    if (++count > first) await delivered;
    return value;
  };
  return { count: () => count, holdNoMore: () => cache.get = get, deliver };
}

test("an order that comes while the cache is asked about a stale answer shuts it out", async () => {
  const overrides = { cacheTtlSeconds: 10, staleIfErrorSeconds: 300 };
  const { fleet, create, cache, pass } = createFleet(true, overrides);
  const { auth, ask } = create();
  assert.equal(await ask(), "passes");
  await auth.forget("another-token");
  await pass(11);
  fleet.answer = () => Promise.reject(new TypeError("no route"));
  // The first three are of the orders, and of the two answers about the token.
  const reads = holdReads(cache, 3);
  const asked = ask();
  await settle();
  assert.equal(reads.count(), 5);
  reads.holdNoMore();
  await auth.forget("token-1");
  reads.deliver();
  assert.equal(await asked, "network");
});

test("two orders of other instances in a row overtake an answer that is looked at in between", async () => {
  const { fleet, create, cache, pass, after } = createFleet(true);
  const [one, other] = [create(), create()];
  assert.equal(await other.ask("token-2"), "passes");
  fleet.answer = after(1.95, live);
  const slowly = other.ask();
  await pass(0.5);
  await one.auth.forgetSubject("somebody-else");
  await pass(0.6);
  // It looks for orders, and finds one that may concern the question under way.
  assert.equal(await other.ask("token-2"), "passes");
  // After that of the inactive answer come the two marks.
  const reads = holdReads(cache, 1);
  await pass(0.9);
  assert.equal(reads.count(), 3);
  reads.holdNoMore();
  await one.auth.forgetSubject("user-1");
  await pass(0.2);
  fleet.answer = dead;
  assert.equal(await other.ask("token-2"), "inactive");
  reads.deliver();
  assert.equal(await slowly, "inactive");
});

for (const state of ["well", "lost"] as const) {
  test(`an inactive answer overtakes an older question of the same instance, the cache ${state}`, async () => {
    const { fleet, create, cache, pass, after } = createFleet(true, { cacheTtlSeconds: 2 });
    const { ask, purge } = create();
    assert.equal(await ask(), "passes");
    cache.state = state;
    await pass(1.9);
    // The gate knows the token still, and the operation has it asked about.
    fleet.answer = after(3, dead);
    const purged = purge();
    await pass(0.2);
    fleet.answer = after(4, live);
    const slowly = ask();
    await pass(3);
    assert.equal(await purged, 401);
    fleet.answer = dead;
    await pass(2);
    assert.equal(await slowly, "inactive");
  });
}

test("a token passes again by an answer to a newer question, on every instance", async () => {
  const { fleet, create, world } = createFleet(true);
  const instances = [create(), create()];
  fleet.answer = dead;
  for (const { ask } of instances) assert.equal(await ask(), "inactive");
  // At this very time the answer may be an older one by another clock, and is not.
  world.advance(MAX_CLOCK_SKEW_SECONDS);
  fleet.answer = live;
  for (const { ask, purge } of instances) {
    assert.equal(await ask(), "passes");
    assert.equal(await purge(), 200);
  }
});

test("a fresh operation passes by a newer answer just after its token was inactive", async () => {
  const { fleet, create, world } = createFleet(true);
  const [one, other] = [create(), create()];
  const { readable, writable } = new TransformStream<Uint8Array>();
  const init: RequestInit & { duplex: "half" } = { body: readable, duplex: "half" };
  const purging = other.auth.handler(() => new Response("reached"))(mcpRequest("token-1", init));
  await settle();
  world.advance(FRESH_SECONDS);
  assert.equal(await one.ask(), "passes");
  fleet.answer = dead;
  assert.equal(await one.purge(), 401);
  world.advance(FORGET_CHECK_SECONDS);
  fleet.answer = live;
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode(PURGE));
  await writer.close();
  assert.equal((await purging).status, 200);
});

test("a request that is overtaken by orders again and again is refused with 503", async () => {
  const { fleet, create, asked } = createFleet(false);
  const { auth, ask } = create();
  fleet.answer = async () => {
    await auth.forget("token-1");
    return live();
  };
  assert.equal(await ask(), "unavailable");
  assert.equal(asked.length, 2);
  fleet.answer = live;
  assert.equal(await ask(), "passes");
});

for (const isShared of [false, true]) {
  test(`forget() has later fresh operations wait for no older question, ${isShared ? "shared" : "alone"}`, async () => {
    const { fleet, create, asked } = createFleet(isShared);
    const { auth, ask, purge } = create();
    assert.equal(await ask(), "passes");
    fleet.answer = () => new Promise(() => {});
    void purge();
    await settle();
    await auth.forget("token-1");
    fleet.answer = live;
    assert.equal(await ask(), "passes");
    // The gate knows the token again, and the operation asks by itself.
    fleet.answer = dead;
    assert.equal(await purge(), 401);
    assert.equal(asked.length, 4);
  });
}

test("another instance's order has later requests wait for no older question", async () => {
  const { fleet, create, asked, world, pass } = createFleet(true);
  const [one, other] = [create(), create()];
  assert.equal(await other.ask("token-2"), "passes");
  fleet.answer = () => new Promise(() => {});
  void other.ask();
  await settle();
  await one.auth.forgetSubject("user-1");
  world.advance(FORGET_CHECK_SECONDS);
  fleet.answer = dead;
  const later = other.ask();
  await pass(2);
  assert.equal(await later, "inactive");
  assert.equal(asked.length, 3);
});

test("a fresh operation asks again when its body comes long after its head", async () => {
  // The last one is a clock that jumps back.
  for (const [seconds, times] of [[0.9 * FRESH_SECONDS, 1], [FRESH_SECONDS, 2], [-3600, 2]]) {
    const { create, asked, world } = createFleet(false, { cacheTtlSeconds: 0 });
    const handler = create().auth.handler(() => new Response("reached"));
    const { readable, writable } = new TransformStream<Uint8Array>();
    const init: RequestInit & { duplex: "half" } = { body: readable, duplex: "half" };
    const purging = handler(mcpRequest("token-1", init));
    await settle();
    world.advance(seconds ?? NaN);
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(PURGE));
    await writer.close();
    assert.equal((await purging).status, 200);
    assert.equal(asked.length, times);
  }
});
