import { LEASE_SECONDS } from "../../src/lib/lease.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FORGET_CHECK_SECONDS } from "../../src/shared_cache/forgetting.ts";
import { MAX_CLOCK_SKEW_SECONDS } from "../../src/shared_cache/lifetimes.ts";
import { createInstances, DIGEST, type Instance, settle } from "./memory_cache.ts";
import { NOW, SECRET } from "../support/harness.ts";

const SHARED_CACHE_TIMEOUT_SECONDS = 0.25;
const MIN_KEPT_SECONDS = 3600;

const KEPT_SECONDS = MIN_KEPT_SECONDS + MAX_CLOCK_SKEW_SECONDS;

const FORGETTINGS: [what: string, forget: (instance: Instance) => Promise<void>][] = [
  ["the token", (instance) => instance.forgetToken(DIGEST)],
  ["the subject", (instance) => instance.forgetSubject("user-1")],
];

for (const [what, forget] of FORGETTINGS) {
  test(`introspect() asks again once ${what} was forgotten, here and elsewhere`, async () => {
    for (const skew of [0, 3, -3]) {
      const { world, create, introspect, asked } = createInstances();
      const [here, elsewhere] = [create(SECRET, () => world.now() + skew), create()];
      await introspect(elsewhere);
      world.advance(FORGET_CHECK_SECONDS);
      await forget(here);
      await introspect(here);
      assert.equal(asked.length, 2, `skew ${skew}`);
      await introspect(elsewhere);
      assert.equal(asked.length, 3, `skew ${skew}`);
    }
  });

  test(`introspect() shares again some seconds after ${what} was forgotten`, async () => {
    const { world, create, introspect } = createInstances();
    await forget(create());
    world.advance(MAX_CLOCK_SKEW_SECONDS + 1);
    await introspect(create());
    assert.equal((await introspect(create())).source, "shared_cache");
  });

  for (const telling of ["fails", "has not ended"] as const) {
    test(`introspect() asks again where ${what} was forgotten, when the telling ${telling}`, async () => {
      const { world, create, introspect, cache, asked } = createInstances();
      const instance = create();
      await introspect(instance);
      const { set } = cache;
      // As a store does that can be read alone.
      const failed = telling === "fails" ? Promise.reject(new Error("READONLY")) : undefined;
      cache.set = (
        ...args
      ) => (args[2].onlyIfAbsent ? set(...args) : failed ?? new Promise(() => {}));
      const told = assert.rejects(forget(instance), /order to forget could not be written/);
      await settle();
      const introspectInTime = async () => {
        const found = introspect(instance);
        await settle();
        world.advance(SHARED_CACHE_TIMEOUT_SECONDS);
        await found;
      };
      await introspectInTime();
      assert.equal(asked.length, 2);
      world.advance(2);
      await told;
      await introspectInTime();
      assert.equal(asked.length, 3);
    });
  }

  test(`refresh() tells another instance within a second that ${what} was forgotten`, async () => {
    const { world, create, told } = createInstances();
    const [here, elsewhere] = [create(), create()];
    await elsewhere.refresh();
    await forget(here);
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
    assert.equal(told.length, 1);
    assert.equal(elsewhere.refresh(), undefined);
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
    assert.equal(told.length, 1);
  });

  test(`refresh() tells an instance that ${what} was forgotten, though it forgot something since`, async () => {
    const { world, create, told } = createInstances();
    const [here, elsewhere] = [create(), create()];
    await elsewhere.refresh();
    await forget(here);
    await elsewhere.forgetSubject("user-2");
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
    assert.equal(told.length, 1);
  });
}

test("forgetSubject() leaves other subjects alone", async () => {
  const { world, create, introspect, asked } = createInstances();
  await introspect(create());
  world.advance(MAX_CLOCK_SKEW_SECONDS);
  await create().forgetSubject("user-2");
  assert.equal((await introspect(create())).source, "shared_cache");
  assert.equal(asked.length, 1);
});

test("introspect() takes an answer for forgotten when a mark was made unreadable", async () => {
  const { world, create, introspect, asked, cache } = createInstances();
  await create().forgetSubject("user-1");
  world.advance(2 * MAX_CLOCK_SKEW_SECONDS);
  await introspect(create());
  // The mark, and the value that tells of a change.
  const marks = [...cache.kept.values()].filter(({ until }) => until === NOW + KEPT_SECONDS);
  assert.equal(marks.length, 2);
  for (const mark of marks) mark.value = "x";
  await introspect(create());
  assert.equal(asked.length, 2);
});

test("refresh() looks once for many at the same time, and once a second", async () => {
  const { world, create, cache } = createInstances();
  const instance = create();
  await Promise.all(Array.from({ length: 100 }, () => instance.refresh()));
  assert.deepEqual(cache.calls, ["get"]);
  world.advance(FORGET_CHECK_SECONDS - 0.1);
  assert.equal(instance.refresh(), undefined);
  world.advance(-3600);
  await instance.refresh();
  assert.deepEqual(cache.calls, ["get", "get"]);
});

test("refresh() tells of orders that vanish before their time, once", async () => {
  const { world, create, cache, told, events } = createInstances();
  const [here, elsewhere] = [create(), create()];
  await here.forgetToken(DIGEST);
  await elsewhere.refresh();
  assert.deepEqual(told, ["forgotten"]);
  cache.kept.clear();
  for (const _ of [1, 2]) {
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
  }
  assert.deepEqual(told, ["forgotten", "orders lost"]);
  assert.deepEqual(events, [{ code: "shared_cache_order_lost" }]);
});

test("refresh() takes orders that are over for no news", async () => {
  const { world, create, told, events } = createInstances();
  const [here, elsewhere] = [create(), create()];
  await here.forgetToken(DIGEST);
  await elsewhere.refresh();
  world.advance(KEPT_SECONDS);
  await elsewhere.refresh();
  assert.deepEqual([told, events], [["forgotten"], []]);
});

test("refresh() tells when the mark of an order was evicted, which nothing else would", async () => {
  for (const isEvicted of [true, false]) {
    const { world, create, cache, events } = createInstances();
    const instance = create();
    const before = new Set(cache.kept.keys());
    await instance.forgetToken(DIGEST);
    const [mark] = [...cache.kept.keys()].filter((key) => !before.has(key));
    assert(mark);
    if (isEvicted) cache.kept.delete(mark);
    world.advance(KEPT_SECONDS / 2);
    await instance.refresh();
    assert.deepEqual(events, isEvicted ? [{ code: "shared_cache_order_lost" }] : []);
  }
});

test("forgetToken() tells when it is not read back, as from a replica that lags behind", async () => {
  const { create, cache, events } = createInstances();
  const { get } = cache;
  cache.get = () => Promise.resolve(null);
  await create().forgetToken(DIGEST);
  assert.deepEqual(events, [{ code: "shared_cache_order_lost" }]);
  cache.get = get;
  await create().forgetToken(DIGEST);
  assert.equal(events.length, 1);
});

test("an order holds for instances with longer lifetimes than the one that gives it", async () => {
  const { world, create, introspect, asked } = createInstances();
  const long = { cacheTtlSeconds: 600, staleIfErrorSeconds: 0 };
  await introspect(create(SECRET, world.now, long));
  world.advance(1);
  await create().forgetSubject("user-1");
  // Long after an answer of the other instance could be used.
  world.advance(300);
  await introspect(create(SECRET, world.now, long));
  assert.equal(asked.length, 2);
});

test("an order lasts for as long as this instance may use stale answers", async () => {
  const { world, create, cache } = createInstances();
  const lifetimes = { cacheTtlSeconds: 60, staleIfErrorSeconds: 2 * MIN_KEPT_SECONDS };
  await create(SECRET, world.now, lifetimes).forgetSubject("user-1");
  const until = NOW + 2 * MIN_KEPT_SECONDS + MAX_CLOCK_SKEW_SECONDS;
  assert([...cache.kept.values()].every((entry) => entry.until === until));
});

test("forgetToken() drops the token's answer, and its lock", async () => {
  const { create, introspect, cache } = createInstances();
  const instance = create();
  await introspect(instance);
  const before = [...cache.kept.keys()];
  assert.equal(before.length, 2);
  await instance.forgetToken(DIGEST);
  assert(before.every((key) => !cache.kept.has(key)));
});

test("refresh() waits no longer for a check that was lost with its request", async () => {
  const { world, create, cache } = createInstances();
  const instance = create();
  const { get } = cache;
  cache.get = () => new Promise(() => {});
  void instance.refresh();
  cache.get = get;
  // As on Cloudflare Workers, where the timers of a lost request are gone too.
  world.endRequests();
  const joined = instance.refresh();
  world.advance(LEASE_SECONDS);
  await joined;
  assert.equal(instance.refresh(), undefined);
});

test("refresh() has an answer looked up again that was not shared while the cache was lost", async () => {
  const { world, create, introspect, cache, told } = createInstances();
  const instance = create();
  const { set } = cache;
  await instance.refresh();
  cache.set = (...args) => args[2].onlyIfAbsent ? set(...args) : Promise.reject(new Error("lost"));
  await introspect(instance);
  cache.set = set;
  assert.deepEqual(told, []);
  for (const _ of [1, 2]) {
    world.advance(FORGET_CHECK_SECONDS);
    await instance.refresh();
  }
  assert.deepEqual(told, ["orders lost"]);
});

test("forgetToken() rejects when the order cannot be written: the cache is lost or slow", async () => {
  for (const state of ["lost", "stuck"] as const) {
    const { world, create, cache } = createInstances();
    const instance = create();
    cache.state = state;
    const told = assert.rejects(
      instance.forgetToken(DIGEST),
      /order to forget could not be written/,
    );
    await settle();
    world.advance(2);
    await told;
    cache.state = "well";
    await instance.forgetToken(DIGEST);
  }
});
