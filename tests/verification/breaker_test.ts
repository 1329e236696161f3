import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BREAKER_PAUSE_SECONDS,
  BREAKER_TOKENS,
  createBreaker,
  FIRST_PAUSE_SECONDS,
  TOKEN_FAILURES,
} from "../../src/verification/breaker.ts";
import { LEASE_SECONDS } from "../../src/lib/lease.ts";
import { IntrospectionError } from "../../src/oauth/errors.ts";
import type { IntrospectionErrorReason } from "../../src/oauth/refusal_sentences.ts";
import type { EventFacts } from "../../src/events/events.ts";
import { createFakeWorld } from "../support/harness.ts";

const DOUBTED_TOKENS = 5;
const FAILURE_MEMORY_SECONDS = 600;
const MAX_FAILED_TOKENS = 1_000;

function setUp() {
  const events: EventFacts[] = [];
  const world = createFakeWorld(() => Promise.reject(new Error("no network")));
  const breaker = createBreaker(world, (event) => events.push(event), "access_token");
  let count = 0;
  /** A token that no other call of the test uses. */
  const anew = () => `token-${count++}`;
  const fail = (
    token = anew(),
    reason: IntrospectionErrorReason = "network",
    retryAfterSeconds?: number,
  ) =>
    assert.rejects(
      breaker.run(
        token,
        false,
        () => Promise.reject(new IntrospectionError(reason, { retryAfterSeconds })),
      ),
      { reason },
    );
  const succeed = (token = anew()) => breaker.run(token, false, () => Promise.resolve("answer"));
  const open = async (failed = 0) => {
    for (let i = failed; i < BREAKER_TOKENS; i++) await fail();
  };
  const refused = (retryAfterSeconds: number, token = anew()) =>
    assert.throws(() => breaker.refuseWhileOpen(token), {
      reason: "breaker_open",
      retryAfterSeconds,
    });
  const asked = (token = anew()) => breaker.refuseWhileOpen(token);
  const codes = () => events.map(({ code }) => code);
  return { breaker, events, codes, world, anew, fail, succeed, open, refused, asked };
}

/** A question that ends when the test says so. */
function createQuestion() {
  let [answer, fail] = [(_: string): void => {}, (_: Error): void => {}];
  const promise = new Promise<string>((resolve, reject) => [answer, fail] = [resolve, reject]);
  return { ask: () => promise, answer: () => answer("answer"), fail: (e: Error) => fail(e) };
}

test("run() asks as long as there is an answer between the failures", async () => {
  const { fail, succeed, asked, events } = setUp();
  for (let i = 0; i < 10; i++) {
    for (let j = 1; j < BREAKER_TOKENS; j++) await fail();
    assert.equal(await succeed(), "answer");
  }
  asked();
  assert.deepEqual(events, []);
});

for (const reason of ["timeout", "network", "unavailable"] as const) {
  test(`run() asks no more after ${BREAKER_TOKENS} tokens ended in ${reason}`, async () => {
    const { anew, fail, refused, breaker, events } = setUp();
    for (let i = 0; i < BREAKER_TOKENS; i++) await fail(anew(), reason);
    refused(FIRST_PAUSE_SECONDS);
    let asked = false;
    const run = breaker.run(anew(), false, () => Promise.resolve(asked = true));
    await assert.rejects(run, { reason: "breaker_open" });
    assert.equal(asked, false);
    assert.deepEqual(events, [{
      code: "breaker_opened",
      credential: "access_token",
      failures: BREAKER_TOKENS,
      retryAfterSeconds: FIRST_PAUSE_SECONDS,
    }]);
  });
}

for (const reason of ["client_refused", "malformed_response"] as const) {
  test(`run() takes ${reason} for a sign of life`, async () => {
    const { anew, fail, open, world, asked, codes } = setUp();
    for (let i = 0; i < 3 * BREAKER_TOKENS; i++) await fail("token", reason);
    asked("token");
    asked();
    await open();
    world.advance(FIRST_PAUSE_SECONDS);
    await fail(anew(), reason);
    asked();
    assert.deepEqual(codes(), ["breaker_opened", "breaker_closed"]);
  });
}

test("run() refuses tokens that had to wait once half as many failed", async () => {
  const { anew, asked, fail, succeed, breaker, codes } = setUp();
  const wait = () => breaker.run(anew(), true, () => Promise.resolve("answer"));
  for (let i = 1; i < DOUBTED_TOKENS; i++) await fail();
  assert.equal(await wait(), "answer");
  for (let i = 0; i < DOUBTED_TOKENS; i++) await fail();
  await assert.rejects(wait(), { reason: "breaker_open", retryAfterSeconds: 1 });
  asked();
  await succeed();
  assert.equal(await wait(), "answer");
  assert.deepEqual(codes(), []);
});

// One client whose token PropelAuth fails for, again and again.

test("run() refuses a token alone that failed again and again", async () => {
  const { fail, succeed, refused, asked, world, events } = setUp();
  for (let i = 1; i < TOKEN_FAILURES; i++) await fail("bad");
  asked("bad");
  await fail("bad");
  refused(BREAKER_PAUSE_SECONDS, "bad");
  world.advance(BREAKER_PAUSE_SECONDS - 1);
  refused(1, "bad");
  await succeed();
  world.advance(1);
  await fail("bad");
  refused(BREAKER_PAUSE_SECONDS, "bad");
  world.advance(BREAKER_PAUSE_SECONDS);
  await succeed("bad");
  await fail("bad");
  asked("bad");
  assert.deepEqual(events, []);
});

test("run() keeps a Retry-After to the token that got it", async () => {
  const { fail, refused, asked, world, events } = setUp();
  await fail("bad", "unavailable", 30);
  refused(30, "bad");
  asked();
  world.advance(29.5);
  refused(0.5, "bad");
  world.advance(0.5);
  asked("bad");
  assert.deepEqual(events, []);
});

test("run() counts a failed token once, whatever is answered for others", async () => {
  const { fail, succeed, asked, world, events } = setUp();
  for (let round = 0; round < 3 * BREAKER_TOKENS; round++) {
    for (let i = 1; i < BREAKER_TOKENS; i++) await fail(`bad-${i}`);
    if (round % 3 === 0) await succeed();
    asked();
    world.advance(BREAKER_PAUSE_SECONDS);
  }
  assert.deepEqual(events, []);
});

test("run() counts a failed token again once it was answered, and once it is forgotten", async () => {
  for (const how of ["answered", "forgotten"] as const) {
    const { fail, succeed, refused, asked, world } = setUp();
    const all = Array.from({ length: BREAKER_TOKENS }, (_, i) => `token-of-${i}`);
    for (const token of all.slice(1)) await fail(token);
    if (how === "answered") { for (const token of all) await succeed(token); }
    else {
      await succeed();
      world.advance(FAILURE_MEMORY_SECONDS);
    }
    for (const token of all.slice(1)) await fail(token);
    asked();
    await fail(all[0]);
    refused(FIRST_PAUSE_SECONDS);
  }
});

test("run() remembers a bounded number of failed tokens", async () => {
  for (const others of [MAX_FAILED_TOKENS - 1, MAX_FAILED_TOKENS]) {
    const { fail, succeed, refused, asked } = setUp();
    await fail("first", "unavailable", 60);
    for (let i = 0; i < others; i++) {
      await fail();
      await succeed();
    }
    if (others < MAX_FAILED_TOKENS) refused(60, "first");
    else asked("first");
  }
});

// An outage: the breaker is open.

test("run() lets one probe at a time through, and closes with its answer", async () => {
  const { open, breaker, anew, asked, world, refused, codes } = setUp();
  await open();
  world.advance(FIRST_PAUSE_SECONDS / 2);
  refused(1);
  world.advance(FIRST_PAUSE_SECONDS / 2);
  const question = createQuestion();
  const probe = breaker.run(anew(), false, question.ask);
  refused(1);
  await assert.rejects(breaker.run(anew(), false, () => Promise.resolve()), {
    reason: "breaker_open",
  });
  question.answer();
  assert.equal(await probe, "answer");
  asked();
  assert.equal(world.timers, 0);
  assert.deepEqual(codes(), ["breaker_opened", "breaker_closed"]);
});

test("run() doubles the pause with each failed probe, without reporting it again", async () => {
  const { open, fail, succeed, refused, world, codes } = setUp();
  await open();
  for (const seconds of [1, 2, 4, BREAKER_PAUSE_SECONDS, BREAKER_PAUSE_SECONDS]) {
    refused(seconds);
    world.advance(seconds);
    await fail(undefined, "timeout");
  }
  world.advance(BREAKER_PAUSE_SECONDS);
  await succeed();
  assert.deepEqual(codes(), ["breaker_opened", "breaker_closed"]);
});

test("run() keeps to Retry-After in an outage, once a few probes got one too", async () => {
  const { anew, fail, refused, world } = setUp();
  for (let i = 0; i < BREAKER_TOKENS; i++) await fail(anew(), "unavailable", 30);
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    refused(seconds);
    world.advance(seconds);
    await fail(anew(), "unavailable", 30);
  }
  refused(30);
});

test("run() gives the probe of others to no token that failed", async () => {
  const { open, breaker, fail, succeed, refused, asked, world, codes } = setUp();
  await fail("bad");
  await open(1);
  world.advance(FIRST_PAUSE_SECONDS);
  const question = createQuestion();
  const probe = breaker.run("bad", false, question.ask);
  refused(1, "bad");
  asked();
  question.fail(new IntrospectionError("network"));
  await assert.rejects(probe, { reason: "network" });
  // Its failure draws out the pause of failed tokens alone.
  refused(2, "bad");
  await succeed();
  asked("bad");
  assert.deepEqual(codes(), ["breaker_opened", "breaker_closed"]);
});

test("run() closes with the answer for a token that failed before", async () => {
  const { open, fail, succeed, asked, world } = setUp();
  await fail("user");
  await open(1);
  world.advance(FIRST_PAUSE_SECONDS);
  await succeed("user");
  asked();
});

test("run() gives the probe to another request when the one that had it is gone", async () => {
  const { open, breaker, anew, refused, succeed, world } = setUp();
  await open();
  world.advance(FIRST_PAUSE_SECONDS);
  void breaker.run(anew(), false, createQuestion().ask);
  world.endRequests();
  world.advance(LEASE_SECONDS / 2);
  refused(1);
  world.advance(LEASE_SECONDS / 2);
  assert.equal(await succeed(), "answer");
});

test("run() lets a slow probe have all the time it takes", async () => {
  const { open, breaker, anew, refused, world } = setUp();
  await open();
  world.advance(FIRST_PAUSE_SECONDS);
  const question = createQuestion();
  const probe = breaker.run(anew(), false, question.ask);
  world.advance(60);
  refused(1);
  question.answer();
  await probe;
});

test("run() does not wait longer because of questions that were asked before it opened", async () => {
  const { open, breaker, anew, asked, world, refused } = setUp();
  const question = createQuestion();
  const late = breaker.run(anew(), false, question.ask);
  await open();
  world.advance(FIRST_PAUSE_SECONDS / 2);
  question.fail(new IntrospectionError("timeout"));
  await assert.rejects(late, { reason: "timeout" });
  refused(1);
  world.advance(FIRST_PAUSE_SECONDS / 2);
  asked();
});

test("run() closes when a question that was asked before it opened is answered", async () => {
  const { open, breaker, anew, asked } = setUp();
  const question = createQuestion();
  const late = breaker.run(anew(), false, question.ask);
  await open();
  question.answer();
  await late;
  asked();
});

test("run() takes an error that is no outage for an answer", async () => {
  const { breaker, open, asked, world, anew } = setUp();
  await open();
  world.advance(FIRST_PAUSE_SECONDS);
  const failed = breaker.run(anew(), false, () => Promise.reject(new TypeError("ours")));
  await assert.rejects(failed, { name: "TypeError" });
  asked();
});

test("a clock that jumps back keeps neither the breaker open nor a token refused", async () => {
  const { open, fail, refused, asked, world } = setUp();
  await fail("bad", "unavailable", 60);
  await open(1);
  refused(60, "bad");
  world.advance(-3600);
  asked();
  asked("bad");
});

test("run() takes a limit on one token for an answer", async () => {
  const { codes, fail, open, world, refused } = setUp();
  await open();
  world.advance(FIRST_PAUSE_SECONDS);
  await fail("limited", "api_key_rate_limited", 30);
  assert.deepEqual(codes(), ["breaker_opened", "breaker_closed"]);
  await fail("limited too", "api_key_rate_limited");
  for (let i = 1; i < BREAKER_TOKENS; i++) await fail();
  assert.deepEqual(codes(), ["breaker_opened", "breaker_closed"]);
  await fail();
  refused(FIRST_PAUSE_SECONDS);
});
