import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestClock } from "../../../src/entries/testing/test_clock.ts";
import { createTestNetwork } from "../../../src/entries/testing/test_network.ts";
import { createTestWorld } from "../../../src/entries/testing/test_world.ts";

const URL = "https://auth.example.com/oauth/2.1/introspect";

function create() {
  const clock = createTestClock();
  const network = createTestNetwork({
    authUrl: "https://auth.example.com",
    backendApiKey: "backend",
    validate: () => undefined,
    introspectionEndpoint: URL,
    metadataUrl: "https://auth.example.com/metadata",
    basicCredentials: "Basic",
    metadata: {},
    introspect: () => ({ active: false }),
  });
  return { clock, network, world: createTestWorld(clock, network) };
}

test("the deadline of a question is its own, also when the question is repeated", async () => {
  const { clock, world } = create();
  const { signal } = new AbortController();
  const ended: string[] = [];
  const ask = () => world.fetch(URL, { method: "POST", signal });
  world.startTimer(10, () => ended.push("deadline"));
  await ask();
  world.startTimer(20, () => ended.push("another"));
  await ask();
  clock.advance(30);
  assert.deepEqual(ended, ["another"]);
});

test("a question without a signal has no deadline", async () => {
  const { clock, world } = create();
  let ended = 0;
  world.startTimer(10, () => ended++);
  await world.fetch(URL, { method: "POST" });
  clock.advance(10);
  assert.equal(ended, 1);
});

test("whoever gives up a question that is held back waits no longer, as with fetch", async () => {
  const { network } = create();
  const slow = network.hold();
  const gone = new AbortController();
  const answer = network.fetch(URL, { method: "POST", signal: gone.signal });
  await slow.asked;
  gone.abort(new Error("gone"));
  await assert.rejects(answer, /gone/);
  const late = network.fetch(URL, { method: "POST", signal: AbortSignal.abort(new Error("late")) });
  await assert.rejects(late, /late/);
  slow.release();
});

test("a question that was asked before answers are held back is answered", async () => {
  const { network } = create();
  const answer = network.fetch(URL, { method: "POST" });
  const slow = network.hold();
  assert.equal((await answer).status, 401);
  slow.release();
});
