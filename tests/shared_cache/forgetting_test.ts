import assert from "node:assert/strict";
import { test } from "node:test";
import type { SharedFacts } from "../../src/shared_cache/shared_facts.ts";
import { FORGET_CHECK_SECONDS, MAX_CLOCK_SKEW_SECONDS } from "../../src/shared_cache/forgetting.ts";
import { createInstances, DIGEST, settle, TTL } from "./memory_cache.ts";
import { NOW, SECRET } from "../support/harness.ts";

const FORGETTINGS: [what: string, forget: (instance: SharedFacts) => Promise<void>][] = [
  ["the token", (instance) => instance.forgetToken(DIGEST)],
  ["the subject", (instance) => instance.forgetSubject("user-1")],
];

for (const [what, forget] of FORGETTINGS) {
  test(`lookup() asks again once ${what} was forgotten, here and elsewhere`, async () => {
    for (const skew of [0, 3, -3]) {
      const { world, create, lookUp, asked } = createInstances();
      const [here, elsewhere] = [create(SECRET, () => world.now() + skew), create()];
      await lookUp(elsewhere);
      world.advance(FORGET_CHECK_SECONDS);
      await forget(here);
      await lookUp(here);
      assert.equal(asked.length, 2, `skew ${skew}`);
      await lookUp(elsewhere);
      assert.equal(asked.length, 3, `skew ${skew}`);
    }
  });

  test(`lookup() shares again some seconds after ${what} was forgotten`, async () => {
    const { world, create, lookUp } = createInstances();
    await forget(create());
    world.advance(MAX_CLOCK_SKEW_SECONDS + 1);
    await lookUp(create());
    assert.equal((await lookUp(create())).source, "shared_cache");
  });

  for (const telling of ["fails", "has not ended"] as const) {
    test(`lookup() asks again where ${what} was forgotten, when the telling ${telling}`, async () => {
      const { world, create, lookUp, cache, asked } = createInstances();
      const instance = create();
      await lookUp(instance);
      const { set } = cache;
      // As a store does that can be read alone.
      const failed = telling === "fails" ? Promise.reject(new Error("READONLY")) : undefined;
      cache.set = (
        ...args
      ) => (args[2].onlyIfAbsent ? set(...args) : failed ?? new Promise(() => {}));
      const told = assert.rejects(forget(instance), /could not be told/);
      await settle();
      await lookUp(instance);
      assert.equal(asked.length, 2);
      world.advance(2);
      await told;
      await lookUp(instance);
      assert.equal(asked.length, 3);
    });
  }

  test(`refresh() tells another instance within a second that ${what} was forgotten`, async () => {
    const { world, create, dropped } = createInstances();
    const [here, elsewhere] = [create(), create()];
    await elsewhere.refresh();
    await forget(here);
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
    assert.equal(dropped(), 1);
    assert.equal(elsewhere.refresh(), undefined);
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
    assert.equal(dropped(), 1);
  });

  test(`refresh() tells an instance that ${what} was forgotten, though it forgot something since`, async () => {
    const { world, create, dropped } = createInstances();
    const [here, elsewhere] = [create(), create()];
    await elsewhere.refresh();
    await forget(here);
    await elsewhere.forgetSubject("user-2");
    world.advance(FORGET_CHECK_SECONDS);
    await elsewhere.refresh();
    assert.equal(dropped(), 1);
  });
}

test("forgetSubject() leaves other subjects alone", async () => {
  const { world, create, lookUp, asked } = createInstances();
  await lookUp(create());
  world.advance(MAX_CLOCK_SKEW_SECONDS);
  await create().forgetSubject("user-2");
  assert.equal((await lookUp(create())).source, "shared_cache");
  assert.equal(asked.length, 1);
});

test("lookup() takes an answer for forgotten when a mark was made unreadable", async () => {
  const { world, create, lookUp, asked, cache } = createInstances();
  await create().forgetSubject("user-1");
  world.advance(2 * MAX_CLOCK_SKEW_SECONDS);
  await lookUp(create());
  const marks = [...cache.kept.values()].filter(({ until, value }) =>
    until === NOW + TTL + MAX_CLOCK_SKEW_SECONDS && !/^[0-9a-f-]{36}$/.test(value)
  );
  assert.equal(marks.length, 1);
  for (const mark of marks) mark.value = "x";
  await lookUp(create());
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

test("refresh() takes a cache that lost its memory for no news", async () => {
  const { world, create, cache, dropped } = createInstances();
  const [here, elsewhere] = [create(), create()];
  await here.forgetToken(DIGEST);
  await elsewhere.refresh();
  assert.equal(dropped(), 1);
  cache.kept.clear();
  world.advance(FORGET_CHECK_SECONDS);
  await elsewhere.refresh();
  assert.equal(dropped(), 1);
});

test("forgetToken() rejects when the cache cannot be told, lost or slow", async () => {
  for (const state of ["lost", "stuck"] as const) {
    const { world, create, cache } = createInstances();
    const instance = create();
    cache.state = state;
    const told = assert.rejects(instance.forgetToken(DIGEST), /could not be told/);
    await settle();
    world.advance(2);
    await told;
    cache.state = "well";
    await instance.forgetToken(DIGEST);
  }
});
