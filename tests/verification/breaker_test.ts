import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BREAKER_FAILURES,
  BREAKER_PAUSE_SECONDS,
  createBreaker,
} from "../../src/verification/breaker.ts";
import { IntrospectionError, type IntrospectionErrorReason } from "../../src/oauth/errors.ts";
import type { EventFacts } from "../../src/events/events.ts";
import { createFakeWorld } from "../support/harness.ts";

function setUp() {
  const events: EventFacts[] = [];
  const world = createFakeWorld(() => Promise.reject(new Error("no network")));
  const breaker = createBreaker(world, (event) => events.push(event));
  const fail = (reason: IntrospectionErrorReason = "network", retryAfterSeconds?: number) =>
    assert.rejects(
      breaker.run(() => Promise.reject(new IntrospectionError(reason, { retryAfterSeconds }))),
      { reason },
    );
  const succeed = () => breaker.run(() => Promise.resolve("answer"));
  const open = async () => {
    for (let i = 0; i < BREAKER_FAILURES; i++) await fail();
  };
  const refused = (retryAfterSeconds: number) =>
    assert.throws(breaker.refuseWhileOpen, { reason: "breaker_open", retryAfterSeconds });
  return { breaker, events, world, fail, succeed, open, refused };
}

test("run() asks as long as there is an answer between the failures", async () => {
  const { fail, succeed, breaker, events } = setUp();
  for (let i = 0; i < 10; i++) {
    for (let j = 1; j < BREAKER_FAILURES; j++) await fail();
    assert.equal(await succeed(), "answer");
  }
  breaker.refuseWhileOpen();
  assert.deepEqual(events, []);
});

for (const reason of ["timeout", "network", "unavailable"] as const) {
  test(`run() asks no more after ${BREAKER_FAILURES} times ${reason} in a row`, async () => {
    const { fail, refused, breaker, events } = setUp();
    for (let i = 0; i < BREAKER_FAILURES; i++) await fail(reason);
    refused(BREAKER_PAUSE_SECONDS);
    let asked = false;
    const run = breaker.run(() => Promise.resolve(asked = true));
    await assert.rejects(run, { reason: "breaker_open" });
    assert.equal(asked, false);
    assert.deepEqual(events, [{
      code: "breaker_opened",
      failures: BREAKER_FAILURES,
      retryAfterSeconds: BREAKER_PAUSE_SECONDS,
    }]);
  });
}

for (const reason of ["client_refused", "malformed_response"] as const) {
  test(`run() takes ${reason} for a sign of life`, async () => {
    const { fail, open, world, breaker, events } = setUp();
    for (let i = 0; i < 3 * BREAKER_FAILURES; i++) await fail(reason);
    breaker.refuseWhileOpen();
    await open();
    world.advance(BREAKER_PAUSE_SECONDS);
    await fail(reason);
    breaker.refuseWhileOpen();
    assert.deepEqual(events.map(({ code }) => code), ["breaker_opened", "breaker_closed"]);
  });
}

test("run() opens at once for as long as PropelAuth wants not to be asked", async () => {
  const { fail, refused, world, breaker } = setUp();
  await fail("unavailable", 30);
  refused(30);
  world.advance(29);
  refused(1);
  world.advance(1);
  breaker.refuseWhileOpen();
});

test("run() lets one probe at a time through, and closes with its answer", async () => {
  const { open, breaker, world, refused, events } = setUp();
  await open();
  world.advance(BREAKER_PAUSE_SECONDS - 1);
  refused(1);
  world.advance(1);
  let reply = (_: string): void => {};
  const probe = breaker.run(() => new Promise<string>((resolve) => (reply = resolve)));
  refused(1);
  await assert.rejects(breaker.run(() => Promise.resolve()), { reason: "breaker_open" });
  reply("answer");
  assert.equal(await probe, "answer");
  breaker.refuseWhileOpen();
  assert.deepEqual(events.map(({ code }) => code), ["breaker_opened", "breaker_closed"]);
});

test("run() stays open when the probe fails, without telling it again", async () => {
  const { open, fail, succeed, refused, world, events } = setUp();
  await open();
  for (let i = 0; i < 3; i++) {
    world.advance(BREAKER_PAUSE_SECONDS);
    await fail("timeout");
    refused(BREAKER_PAUSE_SECONDS);
  }
  world.advance(BREAKER_PAUSE_SECONDS);
  await succeed();
  assert.deepEqual(events.map(({ code }) => code), ["breaker_opened", "breaker_closed"]);
});

test("run() does not wait longer because of questions that were asked before it opened", async () => {
  const { open, breaker, world, refused } = setUp();
  let fail = (_: Error): void => {};
  const late = breaker.run(() => new Promise((_, reject) => (fail = reject)));
  await open();
  world.advance(BREAKER_PAUSE_SECONDS - 1);
  fail(new IntrospectionError("timeout"));
  await assert.rejects(late, { reason: "timeout" });
  refused(1);
  world.advance(1);
  breaker.refuseWhileOpen();
});

test("run() closes when a question that was asked before it opened is answered", async () => {
  const { open, breaker } = setUp();
  let reply = (_: string): void => {};
  const late = breaker.run(() => new Promise<string>((resolve) => (reply = resolve)));
  await open();
  reply("answer");
  await late;
  breaker.refuseWhileOpen();
});

test("a clock that jumps back keeps the breaker open no longer", async () => {
  const { open, breaker, world } = setUp();
  await open();
  world.advance(-3600);
  breaker.refuseWhileOpen();
});
