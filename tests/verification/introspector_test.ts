import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  BREAKER_TOKENS,
  FIRST_PAUSE_SECONDS,
  TOKEN_FAILURES,
} from "../../src/verification/breaker.ts";
import {
  ACTIVE,
  type Answer,
  createHarness,
  json,
  NOW,
  passGate,
  SECRET,
  settle,
  until,
} from "../support/harness.ts";
import { MAX_RETRY_AFTER_SECONDS, parseRetryAfter } from "../../src/oauth/introspection.ts";

const MAX_QUEUED_INTROSPECTIONS = 1_000;
const DOUBTED_TOKENS = 5;

const reset = () => Promise.reject(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
const never = () => new Promise<never>(() => {});
const status = (code: number, headers: Record<string, string> = {}) => () =>
  new Response(null, { status: code, headers });

/** Gives one answer after the other, the last one again and again. */
function inTurn(...answers: Answer[]): Answer {
  let turn = 0;
  return (token, init) => {
    const answer = answers[Math.min(turn++, answers.length - 1)] ?? never;
    return answer(token, init);
  };
}

const RETRIED: [when: string, answer: Answer, asked: number][] = [
  ["the connection is lost", reset, 2],
  ["the body breaks off", () => new Response(new ReadableStream({ pull: reset })), 2],
  ["the status is 502", status(502), 2],
  ["the status is 503", status(503), 2],
  ["the status is 503 with no time to wait", status(503, { "Retry-After": "0" }), 2],
  ["the status is 503 with a time to come back", status(503, { "Retry-After": "1" }), 1],
  ["the status is 429", status(429), 1],
  ["the status is 500", status(500), 1],
  ["the status is 504", status(504), 1],
  ["the status is 400", status(400), 1],
  ["the status is 403", status(403), 1],
  ["the status is 401", status(401), 1],
  ["the status is 404", status(404), 1],
  ["the answer is no JSON", () => new Response("<html>"), 1],
  ["the host is unknown", () => Promise.reject(new TypeError("dns error")), 1],
];

for (const [when, answer, asked] of RETRIED) {
  test(`an introspection is sent ${asked} times at most when ${when}`, async () => {
    const lasting = createHarness({}, answer);
    await assert.rejects(lasting.auth.verifier.verifyAccessToken("token-1"), {
      name: "IntrospectionError",
    });
    assert.equal(lasting.asked.length, asked);
    const passing = createHarness({}, inTurn(answer, () => json(ACTIVE)));
    const verified = passing.auth.verifier.verifyAccessToken("token-1");
    if (asked === 1) await assert.rejects(verified);
    else assert.equal((await verified).subject, "user-1");
  });
}

test("the second try has no more time than the first one left", async () => {
  const harness = createHarness(
    {},
    inTurn(() => {
      harness.world.advance(7);
      return reset();
    }, never),
  );
  const refused = assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
    reason: "timeout",
  });
  await until(() => harness.asked.length >= 2);
  harness.world.advance(3);
  await refused;
  assert.equal(harness.world.timers, 0);
});

test("there is no second try once the time is up", async () => {
  let lose = (_: Error): void => {};
  const harness = createHarness({}, () => new Promise((_, reject) => (lose = reject)));
  const refused = assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), {
    reason: "timeout",
  });
  await until(() => harness.asked.length >= 1);
  harness.world.advance(10);
  await refused;
  lose(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  await settle();
  assert.equal(harness.asked.length, 1);
});

test("an outage costs PropelAuth a question for each of a few tokens, then few probes", async () => {
  const harness = createHarness({}, status(500));
  let token = 0;
  const refused = (reason: string) =>
    assert.rejects(harness.auth.verifier.verifyAccessToken(`token-${token++}`), { reason });
  for (let i = 0; i < BREAKER_TOKENS; i++) await refused("unavailable");
  for (let i = 0; i < 100; i++) await refused("breaker_open");
  assert.equal(harness.asked.length, BREAKER_TOKENS);
  harness.world.advance(FIRST_PAUSE_SECONDS);
  await refused("unavailable");
  await refused("breaker_open");
  assert.equal(harness.asked.length, BREAKER_TOKENS + 1);
  harness.world.advance(2 * FIRST_PAUSE_SECONDS);
  harness.answer = () => json(ACTIVE);
  for (let i = 0; i < 3; i++) await harness.auth.verifier.verifyAccessToken(`token-${token++}`);
});

test("a token that keeps failing costs PropelAuth a few questions, then one every few seconds", async () => {
  const harness = createHarness({}, status(500));
  const refused = (reason: string) =>
    assert.rejects(harness.auth.verifier.verifyAccessToken("token-1"), { reason });
  for (let i = 0; i < TOKEN_FAILURES; i++) await refused("unavailable");
  for (let i = 0; i < 100; i++) await refused("breaker_open");
  assert.equal(harness.asked.length, TOKEN_FAILURES);
  harness.world.advance(5);
  await refused("unavailable");
  await refused("breaker_open");
  assert.equal(harness.asked.length, TOKEN_FAILURES + 1);
  harness.world.advance(5);
  harness.answer = () => json(ACTIVE);
  for (let i = 0; i < 3; i++) await harness.auth.verifier.verifyAccessToken("token-1");
});

const AFTER: [code: number, retryAfter: string | undefined, first: string, later: string][] = [
  [429, "30", "30", "30"],
  [503, "30", "30", "30"],
  [429, "86400", "60", "60"],
  [429, undefined, "5", "5"],
  [500, "30", "5", "5"],
];

for (const [code, retryAfter, first, later] of AFTER) {
  test(`a ${code} with Retry-After ${retryAfter} is passed on, and kept to`, async () => {
    const headers = retryAfter === undefined ? {} : { "Retry-After": retryAfter };
    const { auth, asked } = createHarness({}, status(code, headers));
    const answers = [];
    for (let i = 0; i <= TOKEN_FAILURES; i++) {
      const response = await passGate(
        auth,
        new Request("https://mcp.example.com/mcp", {
          headers: { Authorization: "Bearer token-1" },
        }),
      );
      assert(response instanceof Response);
      assert.equal(response.status, 503);
      assert.equal(response.headers.get("WWW-Authenticate"), null);
      answers.push(response.headers.get("Retry-After"));
    }
    assert.deepEqual([answers[0], answers.at(-1)], [first, later]);
    assert.equal(asked.length, first === "5" ? TOKEN_FAILURES : 1);
  });
}

test("a flood of distinct tokens asks so many questions at once, and leaves a bounded queue", async () => {
  const running: (() => void)[] = [];
  const { auth, asked } = createHarness(
    { tokenIntrospectionOverrides: { maxConcurrentIntrospections: 30 } },
    () => new Promise((resolve) => running.push(() => resolve(json({ active: false })))),
  );
  const flood = 30 + MAX_QUEUED_INTROSPECTIONS + 50;
  let over = false;
  const all = Promise.allSettled(
    Array.from({ length: flood }, (_, i) => auth.verifier.verifyAccessToken(`token-${i}`)),
  ).finally(() => over = true);
  await until(() => asked.length === 30);
  while (!over) {
    for (const finish of running.splice(0)) finish();
    // Reading a body takes a turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(running.length <= 30);
  }
  const reasons = (await all).map((one) => one.status === "rejected" && one.reason.reason);
  assert.equal(reasons.filter((reason) => reason === "overloaded").length, 50);
  assert.equal(reasons.filter((reason) => reason === "inactive").length, flood - 50);
  assert.equal(asked.length, flood - 50);
});

test("an open breaker refuses at once, and not after a wait in the queue", async () => {
  const harness = createHarness(
    { tokenIntrospectionOverrides: { maxConcurrentIntrospections: 2 } },
    (token) => token === "stuck" ? never() : new Response(null, { status: 500 }),
  );
  const { verifier } = harness.auth;
  const stuck = assert.rejects(verifier.verifyAccessToken("stuck"), { reason: "timeout" });
  for (let i = 0; i < BREAKER_TOKENS; i++) {
    await assert.rejects(verifier.verifyAccessToken(`token-${i}`), { reason: "unavailable" });
  }
  harness.world.advance(FIRST_PAUSE_SECONDS);
  harness.answer = never;
  const probe = assert.rejects(verifier.verifyAccessToken("probe"), { reason: "timeout" });
  await until(() => harness.asked.includes("probe"));
  // Both places are taken, and nothing moves until this one is refused.
  await assert.rejects(verifier.verifyAccessToken("later"), { reason: "breaker_open" });
  harness.world.advance(10);
  await Promise.all([stuck, probe]);
});

test("a question waits for its turn for half of its time", async () => {
  const { auth, asked, world } = createHarness(
    { tokenIntrospectionOverrides: { maxConcurrentIntrospections: 1, timeoutSeconds: 8 } },
    never,
  );
  const first = assert.rejects(auth.verifier.verifyAccessToken("first"), { reason: "timeout" });
  const waits = assert.rejects(auth.verifier.verifyAccessToken("waits"), { reason: "overloaded" });
  await until(() => asked.length === 1);
  world.advance(4);
  await waits;
  world.advance(4);
  await first;
  assert.deepEqual(asked, ["first"]);
});

test("tokens in the queue are not asked about once PropelAuth fails for a few", async () => {
  const { auth, asked } = createHarness(
    { tokenIntrospectionOverrides: { maxConcurrentIntrospections: 1 } },
    status(500),
  );
  const all = Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => auth.verifier.verifyAccessToken(`token-${i}`)),
  );
  const reasons = (await all).map((one) => one.status === "rejected" && one.reason.reason);
  assert.equal(asked.length, DOUBTED_TOKENS);
  assert.equal(reasons.filter((reason) => reason === "breaker_open").length, 100 - asked.length);
});

// G29: an error that fetch throws may carry the request that fetch was given.
const LEAKS: [where: string, error: (token: string, init: RequestInit) => unknown][] = [
  ["its message", (token) => new Error(`failed for ${token}`)],
  ["its message, encoded", (token, init) => new Error(`failed: ${init.body} ${token}`)],
  ["its cause's message", (token) => new Error("x", { cause: new Error(`for ${token}`) })],
  ["its properties", (_token, init) => Object.assign(new Error("failed"), { config: init })],
  ["a header in its message", (_t, init) => new Error(JSON.stringify(init.headers))],
  ["the secret in its message", () => new Error(`failed with ${SECRET}`)],
  ["the thrown text", (token) => token],
  ["its message, as a form has it", (_token, init) => new Error(`failed: ${init.body}`)],
  ["its message, where that is cut", (token) => new Error(`${"x".repeat(495)}${token}`)],
];

for (const [where, error] of LEAKS) {
  test(`an introspection leaks nothing when the error of fetch has it in ${where}`, async () => {
    const token = "to+k~en/1==";
    const { auth } = createHarness({}, (asked, init) => Promise.reject(error(asked, init)));
    await assert.rejects(auth.verifier.verifyAccessToken(token), (thrown) => {
      const print = inspect(thrown, { depth: 9, showHidden: true });
      for (
        const secret of [
          token,
          token.slice(0, 5),
          encodeURIComponent(token),
          new URLSearchParams({ token }).toString(),
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

test("an introspection keeps a network error's own words as the cause", async () => {
  const error = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  const { auth } = createHarness({}, () => Promise.reject(error));
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"), (thrown: Error) => {
    assert.equal((thrown.cause as Error).message, "connect ECONNREFUSED");
    return true;
  });
});

const fetchFailed = (message: string, code?: string) =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error(message), code === undefined ? {} : { code }),
  });

// As they were seen: Node 20 and Deno 2.9, against sockets that behave so. tests/behaviour/faults_test.ts has
// the real ones.
const THROWN: [what: string, error: unknown, lost: boolean][] = [
  ["Node, refused", fetchFailed("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED"), true],
  ["Node, reset", fetchFailed("read ECONNRESET", "ECONNRESET"), true],
  ["Node, closed", fetchFailed("other side closed", "UND_ERR_SOCKET"), true],
  [
    "Deno, refused",
    fetchFailed("client error (Connect): tcp connect error: Connection refused (os error 111)"),
    true,
  ],
  ["Deno, reset", fetchFailed("Connection reset by peer (os error 104)"), true],
  [
    "Deno, closed",
    fetchFailed("client error (SendRequest): connection closed before message completed"),
    true,
  ],
  ["Deno, in the body", new TypeError("error reading a body from connection"), true],
  ["Deno's own error", Object.assign(new Error("refused"), { name: "ConnectionRefused" }), true],
  ["no such host on Node", fetchFailed("getaddrinfo ENOTFOUND h.invalid", "ENOTFOUND"), false],
  [
    "no such host on Deno",
    fetchFailed("client error (Connect): dns error: failed to lookup address information"),
    false,
  ],
  ["a bad certificate", fetchFailed("invalid peer certificate: UnknownIssuer"), false],
  [
    "no HTTP",
    fetchFailed("Response does not match the HTTP/1.1 protocol", "HPE_INVALID_CONSTANT"),
    false,
  ],
  ["an abort", new DOMException("The signal has been aborted", "AbortError"), false],
  ["no error", "ECONNREFUSED", false],
  ["nothing", undefined, false],
];

/** How many introspections are sent when every one ends in an error. */
async function countTries(error: unknown): Promise<number> {
  const { auth, asked } = createHarness({}, () => Promise.reject(error));
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "network" });
  return asked.length;
}

for (const [what, error, lost] of THROWN) {
  test(`an introspection is ${lost ? "sent once more" : "not repeated"} after: ${what}`, async () => {
    assert.equal(await countTries(error), lost ? 2 : 1);
  });
}

test("an introspection is sent once more for one of the first five causes", async () => {
  const lost = Object.assign(new Error("reset"), { code: "ECONNRESET" });
  const wrapped = (depth: number): Error =>
    depth === 0 ? lost : new Error("failed", { cause: wrapped(depth - 1) });
  assert.equal(await countTries(wrapped(0)), 2);
  assert.equal(await countTries(wrapped(4)), 2);
  assert.equal(await countTries(wrapped(5)), 1);
});

test("an introspection is not repeated for an error that is its own cause", async () => {
  const error = new Error("round");
  error.cause = error;
  assert.equal(await countTries(error), 1);
});

/** An HTTP date, so many seconds after the tests' time. */
const date = (seconds: number) => new Date((NOW + seconds) * 1000).toUTCString();

// RFC 9110 §10.2.3
const FIELDS: [fields: Record<string, string>, seconds: number | undefined][] = [
  [{}, undefined],
  [{ "Retry-After": "0" }, 0],
  [{ "Retry-After": "7" }, 7],
  [{ "Retry-After": "86400" }, MAX_RETRY_AFTER_SECONDS],
  [{ "Retry-After": "9".repeat(20) }, MAX_RETRY_AFTER_SECONDS],
  [{ "Retry-After": "9".repeat(400) }, undefined],
  [{ "Retry-After": date(30) }, 30],
  [{ "Retry-After": date(3600) }, MAX_RETRY_AFTER_SECONDS],
  [{ "Retry-After": date(-30) }, 0],
  // This machine's clock is an hour behind.
  [{ "Retry-After": date(3630), "Date": date(3600) }, 30],
  [{ "Retry-After": date(30), "Date": "now" }, 30],
  [{ "Retry-After": "-5" }, undefined],
  [{ "Retry-After": "1.5" }, undefined],
  [{ "Retry-After": "5, 6" }, undefined],
  [{ "Retry-After": "1e3" }, undefined],
  [{ "Retry-After": "soon" }, undefined],
  [{ "Retry-After": "Sun, 99 Nov 2096 08:49:37 GMT" }, undefined],
  [{ "Retry-After": "2096-11-06" }, undefined],
];

for (const [fields, seconds] of FIELDS) {
  test(`parseRetryAfter() is ${seconds} for ${JSON.stringify(fields).slice(0, 90)}`, () => {
    assert.equal(parseRetryAfter(new Headers(fields), NOW), seconds);
  });
}
