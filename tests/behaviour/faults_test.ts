import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  BREAKER_PAUSE_SECONDS,
  BREAKER_TOKENS,
  FIRST_PAUSE_SECONDS,
  TOKEN_FAILURES,
} from "../../src/verification/breaker.ts";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import type { PropelAuthEvent } from "../../src/events/events.ts";
import type { TokenIntrospectionOverrides } from "../../src/options/propel_auth_options.ts";
import { answers, type Behaviour, responds, sends, startFaultyServer } from "./faulty_server.ts";
import { ACTIVE, createFakeWorld, mcpRequest, NOW, OPTIONS, SECRET } from "../support/harness.ts";

// A real server that fails, a real fetch, and a clock that the test moves.

const server = await startFaultyServer();
after(() => server.stop());

const UPSTREAM = "upstream-text";
const TOKEN = "token/1+secret==";
const good = answers(ACTIVE);

/** A gate of its own, so that no test finds another one's breaker open. */
function setUp(overrides: TokenIntrospectionOverrides = { cacheTtlSeconds: 60 }) {
  const events: PropelAuthEvent[] = [];
  const world = createFakeWorld((url, init) => fetch(url, init));
  const { authUrl } = server;
  const options = { ...OPTIONS, authUrl, tokenIntrospectionOverrides: overrides };
  const auth = composePropelAuth({ ...options, onEvent: (event) => events.push(event) }, world);
  const handler = auth.handler(() => new Response("served"));
  /** One request, and how often PropelAuth was asked for it. */
  const call = async (behave?: Behaviour, waitSeconds = 0, token = TOKEN) => {
    if (behave !== undefined) server.behave = behave;
    const before = server.asked.length;
    const asked = server.question();
    const pending = handler(mcpRequest(token));
    if (waitSeconds > 0) {
      await asked;
      world.advance(waitSeconds);
    }
    const response = await pending;
    const text = await response.text();
    const shown = `${text}${JSON.stringify([...response.headers])}${JSON.stringify(events)}`;
    for (const secret of [TOKEN, encodeURIComponent(TOKEN), SECRET, UPSTREAM]) {
      assert(!shown.includes(secret), shown);
    }
    const { status, headers } = response;
    const retryAfter = headers.get("Retry-After");
    const challenged = headers.has("WWW-Authenticate");
    return { status, retryAfter, challenged, asked: server.asked.length - before };
  };
  return { auth, world, events, call };
}

interface Fault {
  readonly fault: string;
  readonly behave: Behaviour;
  /** The client's answer; more than one where the runtimes' `fetch` differ. */
  readonly status: number | number[];
  readonly retryAfter?: string;
  /** How often PropelAuth is asked for one request. Deno's own `fetch` repeats what broke off early. */
  readonly asked?: number | number[];
  /** Seconds for which the answer is remembered, so that a second request asks nobody. */
  readonly cached?: number;
  /** Seconds after which all is well again; 0 is with the next request. */
  readonly recovers?: number;
  /** Seconds that pass once the question has arrived. */
  readonly wait?: number;
}

const body = (text: string | Uint8Array, fields?: Record<string, string>) =>
  responds(200, text, { "Content-Type": "application/json", ...fields });
const lost = { status: 503, retryAfter: "5", asked: [2, 4] };
const outage = { status: 503, retryAfter: "5", asked: 1 };
const nonsense = { status: 500, asked: 1 };
const passes = { status: 200, asked: 1, cached: 60 };
const activeText = JSON.stringify(ACTIVE);
const half = activeText.slice(0, 20);
const partHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n";
const big = `${activeText.slice(0, -1)},"${UPSTREAM}":"${"x".repeat(10_000_000)}"}`;
const date = (seconds: number) => new Date((NOW + seconds) * 1000).toUTCString();

const FAULTS: Fault[] = [
  { fault: "closes without a word", behave: (socket) => socket.destroy(), ...lost },
  { fault: "resets without a word", behave: (socket) => socket.resetAndDestroy(), ...lost },
  { fault: "closes within the head", behave: sends("HTTP/1.1 200 OK\r\nContent-"), ...lost },
  {
    fault: "resets in mid-body",
    behave: (socket) => socket.write(`${partHead}${half}`, () => socket.resetAndDestroy()),
    ...lost,
  },
  { fault: "closes in mid-body", behave: sends(partHead, half), ...lost },
  {
    fault: "closes in mid-chunk",
    behave: sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n", half.slice(0, 9)),
    ...lost,
  },
  { fault: "does not answer", behave: () => {}, ...outage, wait: 10 },
  {
    fault: "drips a byte a second",
    behave: (socket) => {
      socket.write(partHead);
      // The first byte comes at once, the others long after the test.
      socket.write("{");
    },
    ...outage,
    wait: 10,
  },
  { fault: "drips its head", behave: (socket) => void socket.write("HTTP/1"), ...outage, wait: 10 },
  { fault: "answers what is no HTTP", behave: sends("hello\r\n\r\n"), ...outage, asked: [1, 2] },
  { fault: "answers 500", behave: responds(500, UPSTREAM), ...outage },
  { fault: "answers 504", behave: responds(504, UPSTREAM), ...outage },
  { fault: "answers 502", behave: responds(502, UPSTREAM), ...outage, asked: 2 },
  { fault: "answers 503", behave: responds(503, UPSTREAM), ...outage, asked: 2 },
  {
    fault: "answers 503 with Retry-After",
    behave: responds(503, UPSTREAM, { "Retry-After": "7" }),
    ...outage,
    retryAfter: "7",
    cached: 7,
    recovers: 7,
  },
  { fault: "answers 429", behave: responds(429, UPSTREAM), ...outage },
  {
    fault: "answers 429 with Retry-After",
    behave: responds(429, UPSTREAM, { "Retry-After": "30" }),
    ...outage,
    retryAfter: "30",
    cached: 30,
    recovers: 30,
  },
  {
    fault: "answers 429 with a date",
    behave: responds(429, UPSTREAM, { "Retry-After": date(20), "Date": date(0) }),
    ...outage,
    retryAfter: "20",
    cached: 20,
    recovers: 20,
  },
  {
    fault: "answers 429 until next week",
    behave: responds(429, UPSTREAM, { "Retry-After": "604800" }),
    ...outage,
    retryAfter: "60",
    cached: 60,
    recovers: 60,
  },
  ...[400, 401, 403, 404, 405, 410].map((status): Fault => ({
    fault: `answers ${status}`,
    behave: responds(status, UPSTREAM),
    ...nonsense,
  })),
  { fault: "answers 200 with HTML", behave: responds(200, `<p>${UPSTREAM}</p>`), ...nonsense },
  { fault: "answers 200 with null", behave: body("null"), ...nonsense },
  { fault: "answers 200 with an array", behave: body(`[${activeText}]`), ...nonsense },
  { fault: "answers 200 with true", behave: body("true"), ...nonsense },
  { fault: "answers 200 with nothing", behave: body(""), ...nonsense },
  { fault: "answers 200 with half an object", behave: body(half), ...nonsense },
  { fault: "answers 200 with two objects", behave: body(activeText + activeText), ...nonsense },
  { fault: "answers 200 with {}", behave: body("{}"), ...nonsense },
  { fault: 'answers 200 with active: "true"', behave: body('{"active":"true"}'), ...nonsense },
  { fault: "answers 200 with no UTF-8", behave: body(Uint8Array.of(0x22, 0xff)), ...nonsense },
  { fault: "answers 200 with deep JSON", behave: body("[".repeat(60_000)), ...nonsense },
  {
    fault: "answers 200 with active twice, true last",
    behave: body(`{"active":false,${activeText.slice(1)}`),
    ...nonsense,
  },
  {
    fault: "answers 200 with scope twice, in other letters",
    behave: body(`{"sc\\u006fpe":"",${activeText.slice(1)}`),
    ...nonsense,
  },
  { fault: "answers 200 with 10 MB", behave: body(big), ...nonsense },
  {
    fault: "answers 200 with 10 MB in a few bytes",
    behave: body(gzipSync(big), { "Content-Encoding": "gzip" }),
    ...nonsense,
  },
  { fault: "answers 204", behave: sends("HTTP/1.1 204 No Content\r\n\r\n"), ...nonsense },
  {
    fault: "redirects",
    behave: responds(307, UPSTREAM, { "Location": `${server.authUrl}/elsewhere` }),
    ...nonsense,
  },
  {
    fault: "gives early hints, then the answer",
    behave: sends(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
      `HTTP/1.1 200 OK\r\nContent-Length: ${activeText.length}\r\n\r\n${activeText}`,
    ),
    ...passes,
  },
  {
    fault: "gives nothing but early hints",
    behave: sends("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    ...lost,
  },
  {
    fault: "switches protocols",
    behave: sends("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    status: [500, 503],
    asked: [1, 2],
  },
  {
    fault: "answers with another content type",
    behave: responds(200, activeText, { "Content-Type": "text/html" }),
    ...passes,
  },
  { fault: "says inactive", behave: answers({ active: false }), status: 401, asked: 1, cached: 5 },
  {
    fault: "gives an expired token",
    behave: answers({ ...ACTIVE, exp: NOW }),
    status: 401,
    asked: 1,
    cached: 5,
  },
];

/** Whether a number is the expected one, or between the least and the most. */
function assertIs(actual: number, expected: number | number[], what: string): void {
  const [least = 0, most = least] = [expected].flat();
  assert(actual >= least && actual <= most, `${what} is ${actual}, not ${[expected].flat()}`);
}

for (const row of FAULTS) {
  const { fault, behave, status, retryAfter = null, asked = 1, cached = 0, wait = 0 } = row;
  const recovers = row.recovers ?? ([status].flat().includes(401) ? cached : 0);
  const remembered = cached > 0 ? `remembered for ${cached} s` : "not remembered";
  test(`PropelAuth ${fault}: ${[status].flat().join(" or ")}, ${remembered}`, async () => {
    const { call, world } = setUp();
    const first = await call(behave, wait);
    assertIs(first.status, status, "the status");
    assertIs(first.asked, asked, "the number of questions");
    if (first.status >= 500) assert.equal(first.challenged, false);
    if (!Array.isArray(status)) assert.equal(first.retryAfter, retryAfter);

    const second = await call(undefined, wait);
    assertIs(second.status, status, "the second status");
    assertIs(second.asked, cached > 0 ? 0 : asked, "the number of questions later");

    server.behave = good;
    if (recovers > 0) {
      world.advance(recovers - 0.5);
      assertIs((await call()).status, status, "the status before it recovers");
      world.advance(0.5);
    }
    assert.equal((await call()).status, 200);
    assert.deepEqual(await call(), { status: 200, retryAfter: null, challenged: false, asked: 0 });
    assert.equal(world.timers, 0);
  });
}

test("PropelAuth refuses connections, then is back: 503, not remembered, recovers at once", async () => {
  const { call, world, events } = setUp();
  await server.stop();
  const refused = await call();
  assert.deepEqual(refused, { status: 503, retryAfter: "5", challenged: false, asked: 0 });
  await server.start();
  assert.equal((await call(good)).status, 200);
  assert.equal(world.timers, 0);
  const failed = events.find(({ code }) => code === "propelauth_unreachable");
  assert.equal(failed?.code === "propelauth_unreachable" && failed.reason, "network");
});

test("PropelAuth is away for long: a few questions, 503 at once, and one probe finds it back", async () => {
  const { call, world, events } = setUp({});
  let token = 0;
  const callAnew = (behave?: Behaviour) => call(behave, 0, `token-${token++}`);
  const failing = responds(500, UPSTREAM);
  for (let i = 0; i < BREAKER_TOKENS; i++) assert.equal((await callAnew(failing)).asked, 1);
  const open = { status: 503, challenged: false, asked: 0 };
  for (let i = 0; i < 20; i++) assert.deepEqual(await callAnew(), { ...open, retryAfter: "1" });
  // Each failed probe doubles the pause, up to the longest one.
  for (const [pause, next] of [[FIRST_PAUSE_SECONDS, 2], [2, 4], [4, BREAKER_PAUSE_SECONDS]]) {
    world.advance(pause ?? NaN);
    assert.equal((await callAnew(failing)).asked, 1);
    assert.deepEqual(await callAnew(), { ...open, retryAfter: `${next}` });
  }
  world.advance(BREAKER_PAUSE_SECONDS);
  assert.equal((await callAnew(good)).status, 200);
  const codes = events.map(({ code }) => code).filter((code) => code.startsWith("breaker"));
  assert.deepEqual(codes, ["breaker_opened", "breaker_closed"]);
});

test("PropelAuth fails for one token: it is refused at once, and the others pass", async () => {
  const { call, world, events } = setUp({});
  const failing = responds(500, UPSTREAM);
  for (let i = 0; i < TOKEN_FAILURES; i++) assert.equal((await call(failing)).asked, 1);
  const paused = { status: 503, retryAfter: "5", challenged: false, asked: 0 };
  for (let i = 0; i < 20; i++) assert.deepEqual(await call(), paused);
  assert.equal((await call(good, 0, "token-of-another")).status, 200);
  assert.deepEqual(await call(), paused);
  world.advance(BREAKER_PAUSE_SECONDS);
  assert.equal((await call()).status, 200);
  assert(!events.some(({ code }) => code.startsWith("breaker")));
});

test("PropelAuth flaps: each answer passes, and the breaker stays closed", async () => {
  const { call, events } = setUp({});
  for (let i = 0; i < 10; i++) {
    assert.equal((await call(responds(500))).status, 503);
    assert.equal((await call(good)).status, 200);
  }
  assert(!events.some(({ code }) => code === "breaker_opened"));
});

test("a lost connection or a 502 that passes is not seen by the client", async () => {
  for (const fault of [responds(502), responds(503), sends(partHead, half)]) {
    const { call } = setUp({});
    const once: Behaviour = (socket, token) => {
      server.behave = good;
      fault(socket, token);
    };
    assert.equal((await call(once)).status, 200);
  }
});

test("with staleIfErrorSeconds a recent token passes while PropelAuth is away, then no more", async () => {
  const { call, world, events } = setUp({ staleIfErrorSeconds: 300 });
  assert.equal((await call(good)).status, 200);
  for (const fault of [responds(500), responds(429), sends(partHead, half)]) {
    assert.equal((await call(fault)).status, 200);
  }
  assert.equal(events.filter((event) => "source" in event && event.source === "stale").length, 3);
  assert.equal((await call(responds(401))).status, 500);
  world.advance(300);
  assert.equal((await call(responds(500))).status, 503);
});

test("a redirect never takes the token elsewhere", async () => {
  const elsewhere = await startFaultyServer();
  try {
    for (const status of [301, 302, 303, 307, 308]) {
      const { call } = setUp({});
      const fields = { "Location": `${elsewhere.authUrl}/oauth/2.1/introspect` };
      assert.equal((await call(responds(status, "", fields))).status, 500);
    }
    assert.deepEqual(elsewhere.asked, []);
  } finally {
    await elsewhere.stop();
  }
});

// Ours is `skew` seconds ahead of PropelAuth's; the token lives from 0 to 60 by PropelAuth's clock.
const SKEWED: [skew: number, at: number, status: number][] = [
  [0, 0, 200],
  [0, 59, 200],
  [0, 60, 401],
  [30, 0, 200],
  [30, 29, 200],
  [30, 30, 401],
  [-30, 0, 401],
  [-30, 30, 200],
  [-30, 59, 200],
  [-30, 60, 401],
  [3600, 0, 401],
];

for (const [skew, at, status] of SKEWED) {
  test(`a clock that is ${skew} s ahead: ${status} at second ${at} of a token's minute`, async () => {
    for (const overrides of [{}, { cacheTtlSeconds: 5, staleIfErrorSeconds: 5 }]) {
      const { call, world } = setUp(overrides);
      const expired = at >= 60;
      const facts = { ...ACTIVE, nbf: NOW, exp: NOW + 60 };
      world.advance(skew + at);
      assert.equal((await call(answers(expired ? { active: false } : facts))).status, status);
      assert.equal((await call()).status, status);
    }
  });
}

test("a clock that jumps back lets no answer live longer than its time, and no breaker stay open", async () => {
  const { call, world } = setUp({ cacheTtlSeconds: 60 });
  assert.equal((await call(good)).asked, 1);
  world.advance(-1000);
  assert.equal((await call(answers({ active: false }))).status, 401);
  world.advance(-1000);
  for (let i = 0; i < TOKEN_FAILURES; i++) await call(responds(500));
  assert.equal((await call()).asked, 0);
  world.advance(-1000);
  for (let i = 0; i < BREAKER_TOKENS; i++) await call(responds(500), 0, `token-${i}`);
  assert.equal((await call(good, 0, "token-new")).asked, 0);
  world.advance(-1000);
  assert.equal((await call(good)).status, 200);
});
