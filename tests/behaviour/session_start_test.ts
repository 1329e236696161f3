/** The first request of a session waits for some seconds while PropelAuth is away. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import {
  ACTIVE,
  createFakeWorld,
  json,
  mcpRequest,
  OPTIONS,
  RESOURCE,
  settle,
} from "../support/harness.ts";

const MAX_WAIT_SECONDS = 7;
const MAX_WAITING_REQUESTS = 100;

/** A request without a session and without a version, as `initialize` is. */
function start(token = "token-1", init: RequestInit = {}): Request {
  const headers = { "Authorization": `Bearer ${token}`, ...init.headers };
  return new Request(RESOURCE, { method: "POST", ...init, headers });
}

/** A server whose PropelAuth is away until the test says otherwise. */
function setUp(away: () => Response = () => new Response(null, { status: 500 })) {
  let isAway = true;
  const events: string[] = [];
  let asked = 0;
  const world = createFakeWorld(() => {
    asked++;
    return Promise.resolve(isAway ? away() : json({ ...ACTIVE, exp: undefined }));
  });
  const auth = composePropelAuth(
    { ...OPTIONS, onEvent: ({ code }) => events.push(code) },
    { ...world, runs: true },
  );
  const handler = auth.handler(() => new Response("served"));
  const statuses: number[] = [];
  const sent: Promise<unknown>[] = [];
  const send = (request: Request) =>
    void sent.push(handler(request).then(({ status }) => void statuses.push(status)));
  /** Waits for every response; a runtime may need more turns to read PropelAuth's answer. */
  const answered = () => Promise.all(sent);
  /** Moves the clock in small steps, since a request waits several times. */
  const pass = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 0.25) {
      await settle();
      world.advance(0.25);
    }
    await settle();
  };
  const back = () => void (isAway = false);
  return { auth, world, asked: () => asked, events, statuses, send, pass, answered, back };
}

for (const seconds of [1, 3, 4, 5, 6]) {
  test(`handler() starts a session once an outage of ${seconds} s is over`, async () => {
    const { statuses, send, pass, answered, back, events, world } = setUp();
    send(start());
    await pass(seconds);
    assert.deepEqual(statuses, []);
    back();
    await pass(MAX_WAIT_SECONDS - seconds);
    await answered();
    assert.deepEqual(statuses, [200]);
    assert(!events.includes("token_unverified"), "no request was answered 503");
    assert.equal(world.timers, 0);
  });
}

test("handler() starts a session within 5 s of its request once an outage of 4 s is over", async () => {
  const { statuses, send, pass, answered, back } = setUp();
  send(start());
  await pass(3.75);
  back();
  await pass(0.5);
  await answered();
  assert.deepEqual(statuses, [200]);
});

test("handler() refuses the start of a session when the outage is longer", async () => {
  const { statuses, send, pass, events, world, asked } = setUp();
  send(start());
  await pass(MAX_WAIT_SECONDS);
  assert.deepEqual(statuses, [503]);
  assert.equal(events.filter((code) => code === "token_unverified").length, 1);
  assert(asked() <= 8, `${asked()} introspections`);
  assert.equal(world.timers, 0);
});

const AT_ONCE: [what: string, request: () => Request][] = [
  ["has a session", () => start("token-1", { headers: { "Mcp-Session-Id": "s" } })],
  [
    "has a negotiated version",
    () => mcpRequest("token-1", { headers: { "MCP-Protocol-Version": "2025-11-25" } }),
  ],
  ["is a GET", () => start("token-1", { method: "GET" })],
  ["names another method", () => start("token-1", { headers: { "Mcp-Method": "tools/call" } })],
];

for (const [what, request] of AT_ONCE) {
  test(`handler() answers 503 at once in an outage when a request ${what}`, async () => {
    const { statuses, send, pass } = setUp();
    send(request());
    await pass(0);
    assert.deepEqual(statuses, [503]);
  });
}

test("handler() waits for server/discover, which has a version already", async () => {
  const { statuses, send, pass, answered, back } = setUp();
  const headers = { "Mcp-Method": "server/discover", "MCP-Protocol-Version": "2026-07-28" };
  send(start("token-1", { headers }));
  await pass(1);
  back();
  await pass(2.5);
  await answered();
  assert.deepEqual(statuses, [200]);
});

test("handler() waits no longer once the client has left", async () => {
  const { statuses, send, pass, world } = setUp();
  const client = new AbortController();
  send(start("token-1", { signal: client.signal }));
  await pass(0.5);
  client.abort();
  await pass(1);
  assert.deepEqual([statuses, world.timers], [[503], 0]);
});

test("handler() waits for a bounded number of requests", async () => {
  const { statuses, send, pass } = setUp();
  for (let i = 0; i < MAX_WAITING_REQUESTS + 30; i++) send(start(`token-${i}`));
  await pass(0.75);
  assert.deepEqual(statuses, Array.from({ length: 30 }, () => 503));
});

test("handler() waits no longer than PropelAuth's own Retry-After allows", async () => {
  const { statuses, send, pass } = setUp(() =>
    new Response(null, { status: 429, headers: { "Retry-After": "60" } })
  );
  send(start());
  await pass(0);
  assert.deepEqual(statuses, [503]);
});

test("handler() does not wait while it shuts down, nor for a refused token", async () => {
  const { auth, statuses, send, pass, back } = setUp();
  back();
  send(start("token-1", { headers: { "Authorization": "Bearer a b" } }));
  await pass(0);
  assert.deepEqual(statuses, [400]);
  const closing = auth.close();
  send(start());
  await pass(0);
  assert.deepEqual(statuses, [400, 503]);
  await closing;
});
