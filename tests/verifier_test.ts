import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { IntrospectionErrorReason } from "../src/errors.ts";
import { INACTIVE_TTL_SECONDS, MAX_INACTIVE_CACHE_SIZE } from "../src/verifier.ts";
import { ACTIVE, type Answer, cached, createHarness, json, NOW, SECRET } from "./support.ts";

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

for (const token of ["", "a b", "a,b", "\u00e9", "a".repeat(16 * 1024 + 1)]) {
  test(`verifyAccessToken() asks nobody about ${JSON.stringify(token.slice(0, 8))}`, async () => {
    const { auth, asked } = createHarness();
    await assert.rejects(auth.verifier.verifyAccessToken(token), {
      reason: "malformed_credentials",
    });
    assert.deepEqual(asked, []);
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
  const harness = createHarness(cached());
  await harness.auth.verifier.verifyAccessToken("live");
  harness.answer = inactive;
  for (let i = 0; i < MAX_INACTIVE_CACHE_SIZE + 10; i++) {
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

test("verifyAccessToken() shares a failure with those who wait, and keeps it for nobody", async () => {
  const harness = createHarness({}, () => json({}, { status: 503 }));
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
    while (harness.asked.length === 0) await Promise.resolve();
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

// G29: what a fetch throws may carry the request that it was given.
const LEAKS: [where: string, error: (token: string, init: RequestInit) => unknown][] = [
  ["its message", (token) => new Error(`failed for ${token}`)],
  ["its message, encoded", (token, init) => new Error(`failed: ${init.body} ${token}`)],
  ["its cause's message", (token) => new Error("x", { cause: new Error(`for ${token}`) })],
  ["its properties", (_token, init) => Object.assign(new Error("failed"), { config: init })],
  ["a header in its message", (_t, init) => new Error(JSON.stringify(init.headers))],
  ["the secret in its message", () => new Error(`failed with ${SECRET}`)],
  ["the thrown text", (token) => token],
];

for (const [where, error] of LEAKS) {
  test(`verifyAccessToken() leaks nothing when what fetch throws has it in ${where}`, async () => {
    const token = "to+ken/1==";
    const { auth } = createHarness({}, (asked, init) => Promise.reject(error(asked, init)));
    await assert.rejects(auth.verifier.verifyAccessToken(token), (thrown) => {
      const print = inspect(thrown, { depth: 9, showHidden: true });
      for (
        const secret of [
          token,
          encodeURIComponent(token),
          SECRET,
          btoa(`introspection-id:${SECRET}`),
        ]
      ) {
        assert(!print.includes(secret), print);
      }
      return true;
    });
  });
}

test("verifyAccessToken() keeps a network error's own words as the cause", async () => {
  const error = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  const { auth } = createHarness({}, () => Promise.reject(error));
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"), (thrown: Error) => {
    assert.equal((thrown.cause as Error).message, "connect ECONNREFUSED");
    return true;
  });
});
