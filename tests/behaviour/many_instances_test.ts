// Whole instances that share a cache, and what the operator and the callers of each see.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANY_CHARACTER } from "../support/any_character.ts";
import { runs } from "../support/fuzz_runs.ts";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import type { PropelAuth } from "../../src/propel_auth.ts";
import type { PropelAuthEvent } from "../../src/events/events.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import type { SharedCache } from "../../src/shared_cache/shared_cache.ts";
import { FORGET_CHECK_SECONDS } from "../../src/shared_cache/forgetting.ts";
import { MAX_CLOCK_SKEW_SECONDS } from "../../src/shared_cache/lifetimes.ts";
import { createMemoryCache, settle } from "../shared_cache/memory_cache.ts";
import {
  ACTIVE,
  type Answer,
  cached,
  createFakeWorld,
  json,
  mcpRequest,
  OPTIONS,
} from "../support/harness.ts";

/** A PropelAuth, and what makes instances that ask it and share a cache. */
function createFleet() {
  const asked: string[] = [];
  const events: PropelAuthEvent[] = [];
  const fleet: { answer: Answer } = { answer: () => json(ACTIVE) };
  const world = createFakeWorld((_url, init) => {
    const token = new URLSearchParams(String(init.body)).get("token") ?? "";
    asked.push(token);
    return Promise.resolve().then(() => fleet.answer(token, init));
  });
  const cache = createMemoryCache(world);
  const create = (options: Partial<PropelAuthOptions> = {}): PropelAuth =>
    composePropelAuth({
      ...OPTIONS,
      ...cached(),
      sharedCache: cache,
      onEvent: (event) => events.push(event),
      ...options,
    }, world);
  const sources = () =>
    events.flatMap((event) => event.code === "token_accepted" ? [event.source] : []);
  return { fleet, world, cache, asked, events, create, sources };
}

test("an instance takes the answer of another one, reports the source, and then has it cached", async () => {
  const { create, asked, cache, sources } = createFleet();
  const [one, other] = [create(), create()];
  const first = await one.verifier.verifyAccessToken("token-1");
  await settle();
  const second = await other.verifier.verifyAccessToken("token-1");
  assert.deepEqual(second, first);
  const before = cache.calls.length;
  await other.verifier.verifyAccessToken("token-1");
  assert.equal(cache.calls.length, before);
  assert.deepEqual(asked, ["token-1"]);
  assert.deepEqual(sources(), ["introspection", "shared_cache", "cache"]);
});

test("an instance judges shared facts by its own policy and time", async () => {
  const { create, asked, world } = createFleet();
  await create().verifier.verifyAccessToken("token-1");
  await settle();
  const other = create({ requiredScopes: ["admin"] });
  await assert.rejects(other.verifier.verifyAccessToken("token-1"), { reason: "scope_missing" });
  assert.equal(asked.length, 1);
  world.advance(30);
  await create().verifier.verifyAccessToken("token-1");
  // The answer that it read is as old as the question was.
  world.advance(30);
  await create().verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 2);
});

test("an instance that read a shared answer does not use it for longer than its age allows", async () => {
  const { create, asked, world } = createFleet();
  await create().verifier.verifyAccessToken("token-1");
  await settle();
  world.advance(59);
  const other = create();
  await other.verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 1);
  world.advance(1);
  await other.verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 2);
});

test("a thousand requests at once with a dead token over four instances cost one question", async () => {
  const { fleet, create, asked, world } = createFleet();
  fleet.answer = () => json({ active: false });
  const all = [create(), create(), create(), create()].flatMap(({ verifier }) =>
    Array.from(
      { length: 250 },
      () => assert.rejects(verifier.verifyAccessToken("dead"), { reason: "inactive" }),
    )
  );
  for (let step = 0; step < 20; step++) {
    await settle();
    world.advance(0.01);
  }
  await Promise.all(all);
  assert.equal(asked.length, 1);
});

test("a fresh operation asks PropelAuth although another instance knows the token, and tells it", async () => {
  const { fleet, create, asked, world } = createFleet();
  const operations = { tools: { purge: { scopes: ["write"], fresh: true } } };
  const [one, other] = [create(), create({ operations })];
  await one.verifier.verifyAccessToken("token-1");
  await settle();
  const handler = other.handler(() => new Response("done"));
  const purge = () =>
    handler(mcpRequest("token-1", {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "purge", arguments: {} },
      }),
    }));
  assert.equal((await purge()).status, 200);
  assert.equal(asked.length, 2);
  await settle();
  world.advance(59);
  const third = create();
  assert.equal((await third.verifier.verifyAccessToken("token-1")).subject, "user-1");
  assert.equal(asked.length, 2);
  fleet.answer = () => json({ active: false });
  assert.equal((await purge()).status, 401);
});

const ORDERS = [
  ["forget", (auth: PropelAuth) => auth.forget("token-1")],
  ["forgetSubject", (auth: PropelAuth) => auth.forgetSubject("user-1")],
] as const;

for (const [name, order] of ORDERS) {
  test(`${name}() has the next request ask, with no shared cache too`, async () => {
    const { create, asked } = createFleet();
    for (const sharedCache of [undefined, createFleet().cache]) {
      asked.length = 0;
      const auth = create(sharedCache ? { sharedCache } : { sharedCache: undefined as never });
      await auth.verifier.verifyAccessToken("token-1");
      await order(auth);
      await auth.verifier.verifyAccessToken("token-1");
      assert.equal(asked.length, 2);
    }
  });

  test(`${name}() reaches another instance within a second, and its answers are used no more`, async () => {
    const { fleet, create, world } = createFleet();
    const [here, elsewhere] = [create(), create()];
    await elsewhere.verifier.verifyAccessToken("token-1");
    await settle();
    fleet.answer = () => json({ active: false });
    await order(here);
    await assert.rejects(here.verifier.verifyAccessToken("token-1"), { reason: "inactive" });
    world.advance(FORGET_CHECK_SECONDS);
    await assert.rejects(elsewhere.verifier.verifyAccessToken("token-1"), { reason: "inactive" });
  });

  test(`${name}() keeps no answer to a question that was asked before`, async () => {
    const { fleet, create, asked, world } = createFleet();
    const auth = create();
    let reply = (_: Response): void => {};
    fleet.answer = () => new Promise((resolve) => reply = resolve);
    const early = assert.rejects(auth.verifier.verifyAccessToken("token-1"), {
      reason: "inactive",
    });
    await settle();
    await order(auth);
    fleet.answer = () => json({ active: false });
    // It does not wait for the old question either. The lock of that one is gone, or lapses.
    const late = assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "inactive" });
    for (let step = 0; step < 300; step++) {
      await settle();
      world.advance(0.01);
    }
    await late;
    assert.equal(asked.length, 2);
    reply(json(ACTIVE));
    await early;
    await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "inactive" });
    assert.equal(asked.length, 2);
  });

  test(`${name}() leaves no stale answer for an outage, here or elsewhere`, async () => {
    const { fleet, create, world } = createFleet();
    const options = cached({ staleIfErrorSeconds: 600 });
    const [here, elsewhere] = [create(options), create(options)];
    await here.verifier.verifyAccessToken("token-1");
    await elsewhere.verifier.verifyAccessToken("token-1");
    fleet.answer = (token) => json({ ...ACTIVE, sub: `of ${token}` });
    await elsewhere.verifier.verifyAccessToken("token-2");
    world.advance(MAX_CLOCK_SKEW_SECONDS + 60);
    fleet.answer = () => json({}, { status: 500 });
    await elsewhere.verifier.verifyAccessToken("token-1");
    await order(here);
    world.advance(FORGET_CHECK_SECONDS);
    for (const auth of [here, elsewhere]) {
      await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "unavailable" });
    }
    assert.equal((await elsewhere.verifier.verifyAccessToken("token-2")).subject, "of token-2");
  });

  test(`${name}() rejects when the shared cache is lost, and has forgotten here`, async () => {
    const { create, cache, asked } = createFleet();
    const auth = create();
    await auth.verifier.verifyAccessToken("token-1");
    cache.state = "lost";
    await assert.rejects(order(auth), /^Error: The order to forget could not be written/);
    await auth.verifier.verifyAccessToken("token-1");
    assert.equal(asked.length, 2);
  });
}

for (const [name, order] of ORDERS) {
  test(`${name}() leaves no stale answer of an instance that shares nothing`, async () => {
    const { fleet, create, world } = createFleet();
    const auth = create({
      ...cached({ staleIfErrorSeconds: 600 }),
      sharedCache: undefined as never,
    });
    await auth.verifier.verifyAccessToken("token-1");
    world.advance(60);
    fleet.answer = () => json({}, { status: 500 });
    await auth.verifier.verifyAccessToken("token-1");
    await order(auth);
    await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "unavailable" });
  });

  test(`${name}() has later requests share one question, whenever an older one ends`, async () => {
    const { fleet, create, asked } = createFleet();
    const auth = create({ sharedCache: undefined as never });
    const replies: ((response: Response) => void)[] = [];
    fleet.answer = () => new Promise((resolve) => replies.push(resolve));
    const early = auth.verifier.verifyAccessToken("token-1");
    await settle();
    await order(auth);
    const late = auth.verifier.verifyAccessToken("token-1");
    await settle();
    replies[0]?.(json(ACTIVE));
    await settle();
    const later = auth.verifier.verifyAccessToken("token-1");
    await settle();
    assert.equal(asked.length, 2);
    replies[1]?.(json(ACTIVE));
    await Promise.all([early, late, later]);
  });
}

test("forgetSubject() leaves the tokens of others as they are", async () => {
  const { create, asked } = createFleet();
  // Alone: from a shared cache it would have them again.
  const auth = create({ sharedCache: undefined as never });
  await auth.verifier.verifyAccessToken("token-1");
  await auth.forgetSubject("user-2");
  await auth.verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 1);
});

test("a warm request asks a lost shared cache once a second at most, and never fails for it", async () => {
  const { create, cache, world, asked, events } = createFleet();
  const auth = create();
  await auth.verifier.verifyAccessToken("token-1");
  await settle();
  cache.state = "lost";
  const before = cache.calls.length;
  for (let tenth = 0; tenth < 50; tenth++) {
    await auth.verifier.verifyAccessToken("token-1");
    world.advance(0.1);
  }
  assert.equal(asked.length, 1);
  assert(cache.calls.length - before <= 5, `${cache.calls.length - before} calls`);
  assert.equal(events.filter(({ code }) => code === "shared_cache_lost").length, 1);
});

test("a warm request waits once for a shared cache that does not answer, and not again", async () => {
  const { create, cache, world } = createFleet();
  const auth = create();
  await auth.verifier.verifyAccessToken("token-1");
  await settle();
  cache.state = "stuck";
  world.advance(FORGET_CHECK_SECONDS);
  const first = auth.verifier.verifyAccessToken("token-1");
  await settle();
  world.advance(0.25);
  await first;
  world.advance(2);
  // The clock stands still: this one cannot be waiting for a deadline.
  await auth.verifier.verifyAccessToken("token-1");
  assert(world.timers > 0, "nobody looks for the shared cache");
  world.advance(0.25);
  await settle();
  assert.equal(world.timers, 0);
});

test("no event has a token, a digest of its full length or the secret in it", async () => {
  const { create, cache, events } = createFleet();
  await create().verifier.verifyAccessToken("token-1");
  await settle();
  for (const entry of cache.kept.values()) entry.value = "x";
  await create().verifier.verifyAccessToken("token-1");
  assert(events.some(({ code }) => code === "shared_cache_entry_rejected"));
  const text = JSON.stringify(events);
  assert(!text.includes("token-1") && !text.includes(String(OPTIONS.introspectionClientSecret)));
  assert(!/[0-9a-f]{13}/.test(text));
});

test("no value that a store can give makes a dead token pass, or throws another error", async () => {
  const { fleet, create } = createFleet();
  fleet.answer = () => json({ active: false });
  let stored: unknown;
  let locked: unknown;
  const hostile: SharedCache = {
    get: () => Promise.resolve(stored as string),
    set: () => Promise.resolve(locked as boolean),
    delete: () => Promise.resolve(),
  };
  const auth = create({ sharedCache: hostile });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.anything(),
        fc.string({ unit: ANY_CHARACTER }),
        fc.base64String({ maxLength: 800 }).map((text) => text.replaceAll("=", "")),
        fc.constant(`4000000000 ${JSON.stringify(ACTIVE)}`),
      ),
      // `false` for ever would have it wait, as it should.
      fc.anything().filter((value) => value !== false),
      async (value, lock) => {
        [stored, locked] = [value, lock];
        await assert.rejects(auth.verifier.verifyAccessToken(`dead-${count++}`), {
          name: "AccessTokenError",
          reason: "inactive",
        });
      },
    ),
    { numRuns: runs(10_000) },
  );
});

const BAD: [what: string, options: Partial<PropelAuthOptions>, message: RegExp][] = [
  ["lacks a method", { sharedCache: { get() {}, set() {} } as never }, /a method delete: received/],
  ["is nothing", { sharedCache: null as never }, /sharedCache must be .*: received null/],
  [
    "could keep nothing",
    { tokenIntrospectionOverrides: {} },
    /cacheTtlSeconds must be above 0 with a sharedCache: received 0/,
  ],
];

for (const [what, options, message] of BAD) {
  test(`createPropelAuth() refuses a shared cache that ${what}`, () => {
    assert.throws(() => createFleet().create(options), { name: "TypeError", message });
  });
}

test("an answer that comes late does not bring a token back that was seen dead since", async () => {
  const { create, fleet, cache } = createFleet();
  const auth = create({
    ...cached({ maxCacheSize: 1 }),
    operations: { tools: { purge: { fresh: true } } },
  });
  const handler = auth.handler(() => new Response("ok"));
  await auth.verifier.verifyAccessToken("token-1");
  await settle();
  // Through the gate, and still sending what it wants.
  const { readable, writable } = new TransformStream<Uint8Array>();
  const init: RequestInit & { duplex: "half" } = { body: readable, duplex: "half" };
  const purging = handler(mcpRequest("token-1", init));
  await settle();
  await auth.verifier.verifyAccessToken("token-2");
  const { get } = cache;
  let deliver = (): void => {};
  const delivered = new Promise<void>((resolve) => deliver = resolve);
  cache.get = async (key) => {
    const value = await get(key);
    await delivered;
    return value;
  };
  // The entries are read before the token is dead, and arrive after it is.
  const late = auth.verifier.verifyAccessToken("token-1");
  await settle();
  cache.get = get;
  fleet.answer = () => json({ active: false });
  const writer = writable.getWriter();
  const purge = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "purge" } };
  await writer.write(new TextEncoder().encode(JSON.stringify(purge)));
  await writer.close();
  assert.equal((await purging).status, 401);
  deliver();
  await assert.rejects(late, { reason: "inactive" });
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "inactive" });
});

// Requests and orders for several instances, in any order, with or without time for the cache between.
const STEPS = fc.array(
  fc.record({
    what: fc.constantFrom("ask", "ask", "ask", "revoke", "wait"),
    who: fc.constantFrom(0, 1),
    token: fc.constantFrom("token-1", "token-2", "token-3"),
    seconds: fc.constantFrom(0.1, 0.7, 1.3),
    isSettled: fc.boolean(),
  }),
  { minLength: 4, maxLength: 16 },
);

test("no order to forget is lost, in any sequence of requests and orders", async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const { create, fleet, world } = createFleet();
      const instances = [create(), create()];
      /** The instance that was ordered to forget a token, and since when the others can know. */
      const orders = new Map<string, { who: number; toldAt: number }>();
      fleet.answer = (token) => json(orders.has(token) ? { active: false } : ACTIVE);
      const running: Promise<void>[] = [];
      for (const { what, who, token, seconds, isSettled } of steps) {
        const order = orders.get(token);
        const auth = instances[who];
        assert(auth);
        if (what === "wait") {
          await settle();
          world.advance(seconds);
        } else if (what === "ask") {
          const isLate = order !== undefined &&
            (order.who === who || world.now() > order.toldAt + FORGET_CHECK_SECONDS);
          running.push(
            auth.verifier.verifyAccessToken(token).then(
              () => assert(!isLate, `instance ${who} lets ${token} pass`),
              (error) => assert.equal(error.reason, "inactive"),
            ),
          );
        } else if (order === undefined) {
          const given = { who, toldAt: Infinity };
          orders.set(token, given);
          running.push(auth.forget(token).then(() => void (given.toldAt = world.now())));
        }
        if (isSettled) await settle();
      }
      // Some wait for another's answer until the next time they look.
      const over = Promise.all(running).then(() => true);
      while (await Promise.race([over, settle().then(() => false)]) === false) world.advance(0.1);
    }),
    { numRuns: runs(500), seed: 1 },
  );
});
