import assert from "node:assert/strict";
import { test } from "node:test";
import type { IntrospectionErrorReason } from "../../src/oauth/refusal_sentences.ts";
import type { TokenIntrospectionOverrides } from "../../src/options/propel_auth_options.ts";
import { INACTIVE_TTL_SECONDS } from "../../src/oauth/answer_freshness.ts";
import {
  ACTIVE,
  type Answer,
  cached,
  createHarness,
  json,
  NOW,
  settle,
  until,
} from "../support/harness.ts";

const inactive: Answer = () => json({ active: false });

test("verifyAccessToken() asks PropelAuth and gives the caller", async () => {
  let sent: [string, RequestInit] | undefined;
  const { auth } = createHarness({
    tokenIntrospectionOverrides: {
      fetch: (url, init) => {
        sent = [url, init];
        return Promise.resolve(json(ACTIVE));
      },
    },
  });
  assert.equal((await auth.verifier.verifyAccessToken("token-1")).subject, "user-1");
  assert.equal(sent?.[0], "https://auth.example.com/oauth/2.1/introspect");
  assert.equal(sent?.[1].redirect, "manual");
  assert(sent?.[1].signal instanceof AbortSignal);
});

const NO_TOKENS = ["", "a b", "a,b", "\u00e9", "\ud800", "token-1 ", "undefined", "null"];

for (const token of [...NO_TOKENS, "a".repeat(16 * 1024 + 1)]) {
  test(`verifyAccessToken() does not ask PropelAuth about ${JSON.stringify(token.slice(0, 8))}`, async () => {
    const { auth, asked } = createHarness(cached());
    await auth.verifier.verifyAccessToken("token-1");
    // Twice: nothing of it may be kept.
    for (let i = 0; i < 2; i++) {
      await assert.rejects(auth.verifier.verifyAccessToken(token), {
        reason: "malformed_credentials",
      });
    }
    assert.equal(asked.length, 1);
  });
}

test("verifyAccessToken() asks each time when the cache is off", async () => {
  const { auth, asked } = createHarness();
  for (let i = 0; i < 3; i++) await auth.verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 3);
});

test("verifyAccessToken() sees a revocation with the next call when the cache is off", async () => {
  const harness = createHarness();
  await harness.auth.verifier.verifyAccessToken("token-1");
  harness.answer = inactive;
  await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), { reason: "inactive" });
});

test("verifyAccessToken() asks once within the cache's time, and a hit does not lengthen it", async () => {
  const { auth, asked, world } = createHarness(cached());
  for (let second = 0; second < 60; second += 10) {
    await auth.verifier.verifyAccessToken("token-1");
    world.advance(10);
  }
  assert.equal(asked.length, 1);
  await auth.verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 2);
});

test("verifyAccessToken() counts the cache's time from the question", async () => {
  const harness = createHarness(cached());
  harness.answer = () => {
    harness.world.advance(9);
    return json(ACTIVE);
  };
  await harness.auth.verifier.verifyAccessToken("token-1");
  harness.world.advance(51);
  await harness.auth.verifier.verifyAccessToken("token-1");
  assert.equal(harness.asked.length, 2);
});

// G25
test("verifyAccessToken() refuses a cached token at its exp", async () => {
  const { auth, asked, world } = createHarness(cached(), () => json({ ...ACTIVE, exp: NOW + 30 }));
  await auth.verifier.verifyAccessToken("token-1");
  world.advance(29);
  await auth.verifier.verifyAccessToken("token-1");
  assert.equal(asked.length, 1);
  world.advance(1);
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "expired" });
});

test("verifyAccessToken() judges an answer by the time it came, not by that of the question", async () => {
  const harness = createHarness(cached({ timeoutSeconds: 300 }));
  harness.answer = () => {
    harness.world.advance(30);
    return json({ ...ACTIVE, exp: NOW + 30 });
  };
  await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), { reason: "expired" });
});

test("verifyAccessToken() keeps tokens apart", async () => {
  const { auth } = createHarness(cached(), (token) => json({ ...ACTIVE, sub: `of-${token}` }));
  for (const token of ["a", "b", "a", "b"]) {
    assert.equal((await auth.verifier.verifyAccessToken(token)).subject, `of-${token}`);
  }
});

// G24
test("verifyAccessToken() evicts the least recently used token", async () => {
  const { auth, asked } = createHarness(cached({ maxCacheSize: 2 }));
  for (const token of ["a", "a", "b", "a", "c", "a"]) await auth.verifier.verifyAccessToken(token);
  assert.deepEqual(asked, ["a", "b", "c"]);
});

// P48
test("verifyAccessToken() judges a foreign audience anew without asking again", async () => {
  const { auth, asked } = createHarness(
    cached(),
    () => json({ ...ACTIVE, aud: "https://a.example" }),
  );
  for (let i = 0; i < 3; i++) {
    await assert.rejects(auth.verifier.verifyAccessToken("token-1"), {
      reason: "audience_mismatch",
    });
  }
  assert.equal(asked.length, 1);
});

// G23
test("verifyAccessToken() asks about a dead token once in a few seconds, cache on or off", async () => {
  for (const options of [{}, cached()]) {
    const { auth, asked, world } = createHarness(options, inactive);
    const refused = () =>
      assert.rejects(auth.verifier.verifyAccessToken("dead"), { reason: "inactive" });
    await refused();
    world.advance(INACTIVE_TTL_SECONDS - 1);
    await refused();
    assert.equal(asked.length, 1);
    world.advance(1);
    await refused();
    assert.equal(asked.length, 2);
  }
});

test("verifyAccessToken() lets no flood of dead tokens push a live one out", async () => {
  const maxCacheSize = 10;
  const harness = createHarness(cached({ maxCacheSize }));
  await harness.auth.verifier.verifyAccessToken("live");
  harness.answer = inactive;
  for (let i = 0; i < 2 * maxCacheSize; i++) {
    await assert.rejects(harness.auth.verifier.verifyAccessToken(`dead-${i}`));
  }
  const before = harness.asked.length;
  await harness.auth.verifier.verifyAccessToken("live");
  assert.equal(harness.asked.length, before);
});

// G22, P51
for (const [name, options] of [["off", {}], ["on", cached()]] as const) {
  test(`verifyAccessToken() asks once for a thousand at once with the cache ${name}`, async () => {
    const { auth, asked } = createHarness(options);
    const all = Array.from({ length: 1000 }, () => auth.verifier.verifyAccessToken("token-1"));
    const callers = await Promise.all(all);
    assert.equal(asked.length, 1);
    assert.equal(new Set(callers).size, 1000);
  });
}

test("verifyAccessToken() shares a failure with waiting requests, and does not keep it", async () => {
  const harness = createHarness({}, () => json({}, { status: 500 }));
  const all = Array.from({ length: 10 }, () => harness.auth.verifier.verifyAccessToken("token-1"));
  const settled = await Promise.allSettled(all);
  assert(settled.every(({ status }) => status === "rejected"));
  assert.equal(harness.asked.length, 1);
  harness.answer = () => json(ACTIVE);
  assert.equal((await harness.auth.verifier.verifyAccessToken("token-1")).subject, "user-1");
});

test("verifyAccessToken() gives up when the whole exchange takes too long", async () => {
  const stuck = () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
  for (const answer of [() => new Promise<never>(() => {}), stuck]) {
    const harness = createHarness({}, answer);
    const refused = assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
      name: "IntrospectionError",
      reason: "timeout",
    });
    await until(() => harness.asked.length > 0);
    harness.world.advance(10);
    await refused;
    harness.answer = () => json(ACTIVE);
    assert.equal((await harness.auth.verifier.verifyAccessToken("token-1")).subject, "user-1");
  }
});

const FAILURES: [when: string, answer: Answer, reason: IntrospectionErrorReason][] = [
  ["the network fails", () => Promise.reject(new TypeError("fetch failed")), "network"],
  ["something that is no error is thrown", () => Promise.reject("refused"), "network"],
  [
    "the body breaks off",
    () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error("reset")) })),
    "network",
  ],
  ["PropelAuth is overloaded", () => json({}, { status: 429 }), "unavailable"],
  ["our credentials are wrong", () => json({}, { status: 401 }), "client_refused"],
  ["the answer is no object", () => json(null), "malformed_response"],
];

for (const [when, answer, reason] of FAILURES) {
  test(`verifyAccessToken() fails with ${reason} when ${when}, and recovers`, async () => {
    const harness = createHarness(cached(), answer);
    await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
      name: "IntrospectionError",
      reason,
    });
    harness.answer = () => json(ACTIVE);
    assert.equal((await harness.auth.verifier.verifyAccessToken("token-1")).subject, "user-1");
  });
}

// Dead, whatever PropelAuth calls it.
test("verifyAccessToken() asks about an expired token once in a few seconds", async () => {
  const { auth, asked } = createHarness(cached(), () => json({ ...ACTIVE, exp: NOW }));
  for (let i = 0; i < 3; i++) {
    await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "expired" });
  }
  assert.equal(asked.length, 1);
});

const down: Answer = () => json({}, { status: 500 });
const stale = (overrides: TokenIntrospectionOverrides = {}) => ({
  tokenIntrospectionOverrides: { staleIfErrorSeconds: 300, ...overrides },
});

test("verifyAccessToken() refuses every token in an outage by default", async () => {
  const harness = createHarness();
  await harness.auth.verifier.verifyAccessToken("token-1");
  harness.answer = down;
  await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
    reason: "unavailable",
  });
});

test("verifyAccessToken() uses no stale answer in a flood that PropelAuth answers", async () => {
  const harness = createHarness(stale({ maxConcurrentIntrospections: 10 }));
  const { verifier } = harness.auth;
  await verifier.verifyAccessToken("token-1");
  harness.answer = () => new Promise(() => {});
  for (let i = 0; i < 10 + 1_000; i++) verifier.verifyAccessToken(`made-up-${i}`).catch(() => {});
  await settle();
  await assert.rejects(verifier.verifyAccessToken("token-1"), { reason: "overloaded" });
  // Without an answer for a second, it is an outage.
  harness.world.advance(1);
  assert.equal((await verifier.verifyAccessToken("token-1")).subject, "user-1");
});

test("verifyAccessToken() lets a recent token pass in an outage, for so long and no longer", async () => {
  for (const options of [stale(), stale({ cacheTtlSeconds: 60 })]) {
    const harness = createHarness(options);
    const { verifier } = harness.auth;
    await verifier.verifyAccessToken("token-1");
    harness.answer = down;
    for (let second = 0; second < 300; second += 50) {
      assert.equal((await verifier.verifyAccessToken("token-1")).subject, "user-1");
      harness.world.advance(50);
    }
    await assert.rejects(verifier.verifyAccessToken("token-1"), { name: "IntrospectionError" });
    await assert.rejects(verifier.verifyAccessToken("token-2"), { name: "IntrospectionError" });
  }
});

const OUTAGES: [when: string, answer: Answer, passes: boolean][] = [
  ["the network fails", () => Promise.reject(new Error("no route")), true],
  ["the rate is limited", () => new Response(null, { status: 429 }), true],
  ["PropelAuth is unavailable", () => new Response(null, { status: 503 }), true],
  ["our credentials are refused", () => new Response(null, { status: 401 }), false],
  ["MCP is not enabled", () => new Response(null, { status: 404 }), false],
  ["the answer makes no sense", () => new Response("<html>"), false],
  ["the token is inactive", inactive, false],
];

for (const [when, answer, passes] of OUTAGES) {
  test(`verifyAccessToken() ${passes ? "uses" : "does not use"} a stale answer when ${when}`, async () => {
    const harness = createHarness(stale());
    await harness.auth.verifier.verifyAccessToken("token-1");
    harness.answer = answer;
    const verified = harness.auth.verifier.verifyAccessToken("token-1");
    if (passes) assert.equal((await verified).subject, "user-1");
    else await assert.rejects(verified);
  });
}

test("verifyAccessToken() uses no stale answer past the token's exp", async () => {
  const harness = createHarness(stale(), () => json({ ...ACTIVE, exp: NOW + 30 }));
  await harness.auth.verifier.verifyAccessToken("token-1");
  harness.answer = down;
  harness.world.advance(29);
  await harness.auth.verifier.verifyAccessToken("token-1");
  harness.world.advance(1);
  await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
    reason: "unavailable",
  });
});

test("verifyAccessToken() uses no stale answer once a revocation was seen", async () => {
  const harness = createHarness(stale());
  const { verifier } = harness.auth;
  await verifier.verifyAccessToken("token-1");
  harness.answer = inactive;
  await assert.rejects(verifier.verifyAccessToken("token-1"), { reason: "inactive" });
  harness.answer = down;
  harness.world.advance(INACTIVE_TTL_SECONDS);
  await assert.rejects(verifier.verifyAccessToken("token-1"), { reason: "unavailable" });
});

test("verifyAccessToken() judges a stale answer anew", async () => {
  const harness = createHarness({ ...stale(), requiredScopes: ["admin"] });
  await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
    reason: "scope_missing",
  });
  harness.answer = down;
  await assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
    reason: "scope_missing",
  });
});

test("a clock that jumps back makes PropelAuth be asked again, and no answer last longer", async () => {
  const harness = createHarness(stale({ cacheTtlSeconds: 60 }));
  const { verifier } = harness.auth;
  await verifier.verifyAccessToken("token-1");
  harness.world.advance(-3600);
  await verifier.verifyAccessToken("token-1");
  assert.equal(harness.asked.length, 2);
  harness.world.advance(-3600);
  harness.answer = down;
  await assert.rejects(verifier.verifyAccessToken("token-1"), { reason: "unavailable" });
});

test("close() lets the questions under way end, and asks no more", async () => {
  let reply = (_: Response): void => {};
  const harness = createHarness(cached(), () => new Promise((resolve) => (reply = resolve)));
  const { auth, world } = harness;
  const waiting = auth.verifier.verifyAccessToken("token-1");
  await until(() => harness.asked.length > 0);
  let isClosed = false;
  const closed = auth.close().then(() => isClosed = true);
  await assert.rejects(auth.verifier.verifyAccessToken("token-2"), { reason: "closed" });
  const joined = auth.verifier.verifyAccessToken("token-1");
  assert.equal(isClosed, false);
  reply(json(ACTIVE));
  await closed;
  assert.equal((await waiting).subject, (await joined).subject);
  assert.equal((await auth.verifier.verifyAccessToken("token-1")).subject, "user-1");
  assert.deepEqual([harness.asked, world.timers], [["token-1"], 0]);
  await auth.close();
});

test("close() waits for questions too whose answers were forgotten before they came", async () => {
  let reply = (_: Response): void => {};
  const { auth, asked } = createHarness({}, () => new Promise((resolve) => (reply = resolve)));
  const waiting = auth.verifier.verifyAccessToken("token-1");
  await until(() => asked.length > 0);
  await auth.forget("token-1");
  let isClosed = false;
  const closed = auth.close().then(() => isClosed = true);
  await settle();
  assert.equal(isClosed, false);
  reply(json(ACTIVE));
  // The answer is too old to be used, and nobody asks again.
  await Promise.all([closed, assert.rejects(waiting, { reason: "closed" })]);
  assert.equal(asked.length, 1);
});

for (const token of [undefined, "", "Bearer token-1", "undefined"]) {
  test(`forget() refuses ${JSON.stringify(token)}, since it would forget nothing`, async () => {
    const { auth } = createHarness();
    await assert.rejects(async () => await Reflect.apply(auth.forget, auth, [token]), (error) => {
      assert(error instanceof TypeError);
      assert.match(error.message, /^Cannot forget a token: token must be an access token, without/);
      return !error.message.includes("token-1");
    });
  });
}

for (const subject of [undefined, "", " ", 7]) {
  test(`forgetSubject() refuses ${JSON.stringify(subject)}, since it would forget nothing`, async () => {
    const { auth } = createHarness();
    const forgotten = Promise.resolve(Reflect.apply(auth.forgetSubject, auth, [subject]));
    await assert.rejects(forgotten, {
      name: "TypeError",
      message: /^Cannot forget a user's tokens: subject must be a non-empty string: received /,
    });
  });
}
