import assert from "node:assert/strict";
import { test } from "node:test";
import { auditLog, type AuditLogProblem, type CallEvent } from "@x/propelauth-mcp/audit";
import { type AuditLogOptions, createAuditLog } from "../../../src/entries/audit/log.ts";
import {
  createFakeWorld,
  createHarness,
  json,
  OPTIONS,
  settle,
  until,
} from "../../support/harness.ts";
import { composePropelAuth } from "../../../src/create_propel_auth.ts";
import { post, toolCall } from "./harness.ts";

/** Writes a batch; `undefined` stands for success. */
type Write = (batch: readonly CallEvent[]) => void | Promise<void>;

/** A server whose calls end at once, and a log whose writer a test controls. */
function createLogged(options: Partial<AuditLogOptions> & { write: Write }) {
  const world = createFakeWorld(() => Promise.reject(new Error("unused")));
  const batches: string[][] = [];
  const problems: AuditLogProblem[] = [];
  let alive = 0;
  const log = createAuditLog({
    onProblem: (problem) => problems.push(problem),
    ...options,
    write(batch) {
      batches.push(batch.map(({ name = "" }) => name));
      return options.write(batch);
    },
  }, {
    startTimer: world.startTimer,
    keepAlive() {
      alive++;
      return () => void alive--;
    },
  });
  const { auth } = createHarness({ audit: log });
  const handler = auth.handler(() => json({ jsonrpc: "2.0", id: 1, result: {} }));
  return {
    auth,
    log,
    world,
    batches,
    problems: () => problems.map(({ code }) => code),
    lastProblem: () => problems.at(-1),
    isKeptAlive: () => alive > 0,
    /** Calls a tool; returns the response. */
    call: (name: string) => handler(post(toolCall(name))),
    /** Sends any body. */
    pass: (body: unknown) => handler(post(body)),
    async callAll(...names: string[]): Promise<number[]> {
      const statuses: number[] = [];
      for (const name of names) statuses.push((await handler(post(toolCall(name)))).status);
      return statuses;
    },
  };
}

/** A writer that finishes a batch when the test lets it. */
function createSlowWriter() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const write: Write = () =>
    new Promise<void>((resolve, reject) => void waiting.push({ resolve, reject }));
  return {
    write,
    async finish(error?: Error): Promise<void> {
      await until(() => waiting.length > 0);
      const next = waiting.shift();
      if (error === undefined) next?.resolve();
      else next?.reject(error);
      await settle();
    },
  };
}

test("auditLog() writes each call once, in the order in which the calls end", async () => {
  const written: string[] = [];
  const log = auditLog({
    write: (batch) => void written.push(...batch.map((one) => one.name ?? "")),
  });
  const { auth } = createHarness({ audit: log });
  const answers = new Map<string, () => void>();
  const handler = auth.handler((_request, { parsedBody }) => {
    const { params: { name } } = parsedBody as { params: { name: string } };
    return new Promise((resolve) =>
      answers.set(name, () => resolve(json({ jsonrpc: "2.0", id: 1, result: {} })))
    );
  });
  const calls = ["a", "b", "c"].map((name) => handler(post(toolCall(name))));
  await until(() => answers.size === 3);
  for (const name of ["b", "c", "a"]) {
    answers.get(name)?.();
    await settle();
  }
  await Promise.all(calls);
  const counts = await log.close();
  assert.deepEqual(written, ["b", "c", "a"]);
  assert.deepEqual(counts, { written: 3, dropped: 0, waiting: 0 });
  assert.deepEqual(log.counts(), counts);
});

test("auditLog() gives a slow writer one batch at a time, the calls that came meanwhile together", async () => {
  const { write, finish } = createSlowWriter();
  const { batches, callAll, log } = createLogged({ write, maxBatchSize: 2 });
  await callAll("a", "b", "c", "d");
  assert.deepEqual(batches, [["a"]]);
  assert.deepEqual(log.counts(), { written: 0, dropped: 0, waiting: 4 });
  await finish();
  assert.deepEqual(batches, [["a"], ["b", "c"]]);
  await finish();
  await finish();
  assert.deepEqual(batches, [["a"], ["b", "c"], ["d"]]);
  assert.deepEqual(log.counts(), { written: 4, dropped: 0, waiting: 0 });
});

test("auditLog() writes a batch again until it is written, after longer and longer pauses", async () => {
  const { write, finish } = createSlowWriter();
  const { batches, callAll, world, problems, lastProblem, log } = createLogged({ write });
  await callAll("a", "b");
  const error = new Error("down");
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    await finish(error);
    const tries = batches.length;
    world.advance(seconds - 0.1);
    await settle();
    assert.equal(batches.length, tries);
    world.advance(0.1);
    await settle();
    assert.equal(batches.length, tries + 1);
  }
  assert.deepEqual(batches[0], ["a"]);
  assert.deepEqual(batches.slice(1, 3), [["a", "b"], ["a", "b"]]);
  assert.equal(problems().filter((code) => code !== "write_failed").length, 0);
  assert.deepEqual(lastProblem(), {
    code: "write_failed",
    error,
    written: 0,
    dropped: 0,
    waiting: 2,
  });
  await finish();
  assert.equal(problems().at(-1), "recovered");
  assert.deepEqual(log.counts(), { written: 2, dropped: 0, waiting: 0 });
});

test("auditLog() writes each event once though write empties its list", async () => {
  const written: unknown[] = [];
  const { callAll, log } = createLogged({
    // As a program without types may.
    write: (batch) => void written.push(...(batch as CallEvent[]).splice(0)),
  });
  await callAll("a", "b");
  await settle();
  assert.equal(written.length, 2);
  assert.deepEqual(log.counts(), { written: 2, dropped: 0, waiting: 0 });
});

test("auditLog() goes on after a writer that throws at once", async () => {
  let broken = true;
  const { callAll, world, log, problems } = createLogged({
    write() {
      if (broken) throw new Error("down");
    },
  });
  await callAll("a");
  await settle();
  broken = false;
  world.advance(1);
  await settle();
  assert.deepEqual(log.counts(), { written: 1, dropped: 0, waiting: 0 });
  assert.deepEqual(problems(), ["write_failed", "recovered"]);
});

test("auditLog() drops and counts the calls that come while the queue is full", async () => {
  const { write, finish } = createSlowWriter();
  const { batches, callAll, log, problems } = createLogged({ write, maxQueuedCalls: 3 });
  assert.deepEqual(await callAll("a", "b", "c", "d", "e"), [200, 200, 200, 200, 200]);
  assert.deepEqual(log.counts(), { written: 0, dropped: 2, waiting: 3 });
  assert.deepEqual(problems(), ["full"]);
  await finish();
  // At most half full.
  assert.deepEqual(problems(), ["full"]);
  await finish();
  assert.deepEqual(problems(), ["full", "recovered"]);
  await callAll("f");
  await finish();
  assert.deepEqual(batches, [["a"], ["b", "c"], ["f"]]);
  assert.deepEqual(log.counts(), { written: 4, dropped: 2, waiting: 0 });
});

test('auditLog() with whenFull: "refuse" answers 503 before the MCP server, and loses nothing', async () => {
  const { write, finish } = createSlowWriter();
  const { call, callAll, batches, log, problems } = createLogged({
    write,
    maxQueuedCalls: 2,
    whenFull: "refuse",
  });
  assert.deepEqual(await callAll("a", "b", "c"), [200, 200, 503]);
  const refused = await call("d");
  assert.equal(refused.headers.get("Retry-After"), "5");
  assert.deepEqual(await refused.json(), {
    jsonrpc: "2.0",
    id: null,
    error: { code: -32000, message: "Calls cannot be recorded now: try again later" },
  });
  assert.deepEqual(problems(), ["full"]);
  await finish();
  await finish();
  assert.deepEqual(await callAll("e"), [200]);
  await finish();
  assert.deepEqual(batches, [["a"], ["b"], ["e"]]);
  assert.deepEqual(log.counts(), { written: 3, dropped: 0, waiting: 0 });
});

test('auditLog() with whenFull: "refuse" lets answers of the client pass, which are no calls', async () => {
  const { call, callAll, log, pass } = createLogged({
    write: () => new Promise(() => {}),
    maxQueuedCalls: 1,
    closeSeconds: 0,
    whenFull: "refuse",
  });
  await callAll("a");
  const answer = { jsonrpc: "2.0", id: 1, result: {} };
  assert.deepEqual([(await call("b")).status, (await pass(answer)).status], [503, 200]);
  void log.close();
  assert.deepEqual([(await call("b")).status, (await pass(answer)).status], [503, 200]);
});

test('auditLog() with whenFull: "refuse" keeps a place for each call under way', async () => {
  const log = createAuditLog({ write: () => {}, maxQueuedCalls: 3, whenFull: "refuse" }, {
    startTimer: () => () => {},
    keepAlive: () => () => {},
  });
  const { auth } = createHarness({ audit: log });
  let answer = (): void => {};
  const waiting = auth.handler(() =>
    new Promise((resolve) => answer = () => resolve(json({ jsonrpc: "2.0", id: 1, result: {} })))
  );
  const first = waiting(post([toolCall("a", 1), toolCall("b", 2)]));
  await settle();
  const handler = auth.handler(() => json({ jsonrpc: "2.0", id: 1, result: {} }));
  const batch = post([toolCall("c", 1), toolCall("d", 2)]);
  assert.equal((await handler(batch)).status, 503);
  assert.equal((await handler(post(toolCall("e")))).status, 200);
  answer();
  await first;
  await settle();
  // A batch that is longer than the whole queue is let in when nothing else is there.
  assert.equal((await handler(post([1, 2, 3, 4].map((id) => toolCall("f", id))))).status, 200);
  await settle();
  assert.deepEqual(log.counts(), { written: 7, dropped: 0, waiting: 0 });
});

test("auditLog() records a refused operation once, and refuses it too while the queue is full", async () => {
  const { write, finish } = createSlowWriter();
  const log = createAuditLog({ write, maxQueuedCalls: 1, whenFull: "refuse" }, {
    startTimer: () => () => {},
    keepAlive: () => () => {},
  });
  const { auth } = createHarness({ audit: log, operations: { tools: { add: ["admin"] } } });
  const handler = auth.handler(() => new Response());
  assert.equal((await handler(post(toolCall("add")))).status, 403);
  assert.equal((await handler(post(toolCall("add")))).status, 503);
  await finish();
  assert.deepEqual(log.counts(), { written: 1, dropped: 0, waiting: 0 });
});

test("auditLog() keeps a bounded queue when write never returns", async () => {
  const { callAll, log } = createLogged({ write: () => new Promise(() => {}), maxQueuedCalls: 5 });
  await callAll(...Array.from({ length: 100 }, String));
  assert.deepEqual(log.counts(), { written: 0, dropped: 95, waiting: 5 });
});

test("auditLog() writes as no caller, though calls start it", async () => {
  const callers: unknown[] = [];
  const { auth, callAll } = createLogged({
    write: () => void callers.push(auth.getAccessToken()),
  });
  await callAll("a");
  await settle();
  assert.deepEqual(callers, [undefined]);
});

test("close() waits for the calls under way, and then for the writer", async () => {
  const { write, finish } = createSlowWriter();
  const { log, isKeptAlive, auth } = createLogged({ write });
  let answer = (): void => {};
  const handler = auth.handler(() =>
    new Promise((resolve) => answer = () => resolve(json({ jsonrpc: "2.0", id: 1, result: {} })))
  );
  const sent = handler(post(toolCall("slow")));
  await settle();
  let counts: unknown;
  const closed = log.close();
  closed.then((given) => counts = given);
  assert.equal(log.close(), closed);
  await settle();
  assert(isKeptAlive());
  answer();
  await sent;
  await settle();
  assert.equal(counts, undefined);
  await finish();
  await closed;
  assert.deepEqual(counts, { written: 1, dropped: 0, waiting: 0 });
  assert(!isKeptAlive());
});

test("close() ends the calls that are still open after closeSeconds, as no_answer", async () => {
  const outcomes: string[] = [];
  const { log, auth, world } = createLogged({
    write: (batch) => void outcomes.push(...batch.map(({ outcome }) => outcome)),
    closeSeconds: 3,
  });
  void auth.handler(() => new Promise<Response>(() => {}))(post(toolCall("hangs")));
  await settle();
  const closed = log.close();
  world.advance(2.9);
  await settle();
  assert.deepEqual(outcomes, []);
  world.advance(0.1);
  assert.deepEqual(await closed, { written: 1, dropped: 0, waiting: 0 });
  assert.deepEqual(outcomes, ["no_answer"]);
});

test("close() gives up after closeSeconds when write never returns, and says how many are lost", async () => {
  const { log, callAll, world, isKeptAlive } = createLogged({
    write: () => new Promise(() => {}),
    closeSeconds: 3,
  });
  await callAll("a", "b");
  const closed = log.close();
  await settle();
  world.advance(3);
  assert.deepEqual(await closed, { written: 0, dropped: 0, waiting: 2 });
  assert(!isKeptAlive());
});

test("close() tries again at once when the last write failed", async () => {
  const { write, finish } = createSlowWriter();
  const { log, callAll, world } = createLogged({ write });
  await callAll("a");
  await finish(new Error("down"));
  await finishLater();
  assert.deepEqual(await log.close(), { written: 1, dropped: 0, waiting: 0 });
  assert.equal(world.timers, 0);

  function finishLater(): Promise<void> {
    void finish();
    return Promise.resolve();
  }
});

test('close() with whenFull: "refuse" refuses the calls that come after it', async () => {
  const { log, callAll, problems } = createLogged({ write: () => {}, whenFull: "refuse" });
  assert.deepEqual(await callAll("a"), [200]);
  await log.close();
  assert.deepEqual(await callAll("b"), [503]);
  // The queue is empty: an operator who watches for `full` has nothing to do.
  assert.deepEqual(problems(), []);
  assert.deepEqual(log.counts(), { written: 1, dropped: 0, waiting: 0 });
});

test("close() of a log that no PropelAuth uses has nothing to do", async () => {
  const log = auditLog({ write: () => {} });
  assert.deepEqual(await log.close(), { written: 0, dropped: 0, waiting: 0 });
});

test("auditLog() serves several PropelAuth, in the order of all ends", async () => {
  const written: unknown[] = [];
  const log = auditLog({ write: (batch) => void written.push(...batch.map(({ name }) => name)) });
  const world = createFakeWorld(() =>
    Promise.resolve(json({ active: true, sub: "u", aud: "https://mcp.example.com/mcp" }))
  );
  const handlers = [1, 2].map(() =>
    composePropelAuth({ ...OPTIONS, audit: log }, world)
      .handler(() => json({ jsonrpc: "2.0", id: 1, result: {} }))
  );
  for (const [index, handler] of handlers.entries()) await handler(post(toolCall(`${index}`)));
  await log.close();
  assert.deepEqual(written, ["0", "1"]);
});

const DISTURBING: [does: string, onProblem: () => void][] = [
  ["throws", () => {
    throw new Error("broken");
  }],
  ["rejects", () => Promise.reject(new Error("broken"))],
];

for (const [does, onProblem] of DISTURBING) {
  test(`auditLog() ignores an onProblem that ${does}`, async () => {
    const { callAll, log } = createLogged({
      write: () => new Promise(() => {}),
      maxQueuedCalls: 1,
      onProblem,
    });
    assert.deepEqual(await callAll("a", "b"), [200, 200]);
    await settle();
    assert.equal(log.counts().dropped, 1);
  });
}

const write = () => {};
const BROKEN: [options: unknown, name: string, message: RegExp][] = [
  [undefined, "TypeError", /options must be an object/],
  [{}, "TypeError", /write must be a function: received undefined/],
  [{ write: 1 }, "TypeError", /write must be a function/],
  [{ write, whenFull: "wait" }, "TypeError", /whenFull must be "drop" or "refuse"/],
  [{ write, maxQueuedCalls: 0 }, "RangeError", /maxQueuedCalls must be a whole number >= 1/],
  [{ write, maxBatchSize: 1.5 }, "RangeError", /maxBatchSize must be a whole number >= 1/],
  [{ write, closeSeconds: -1 }, "RangeError", /closeSeconds must be a finite number >= 0/],
  [{ write, onProblem: 1 }, "TypeError", /onProblem must be a function/],
  [{ write, auditArguments: {} }, "TypeError", /auditArguments must be a function/],
  [{ write, maxQueued: 1 }, "TypeError", /maxQueued must be/],
];

for (const [options, name, message] of BROKEN) {
  test(`auditLog() refuses ${JSON.stringify(options)}: ${message.source}`, () => {
    assert.throws(() => auditLog(options as never), (error: Error) => {
      assert.equal(error.name, name);
      assert.match(error.message, /^Cannot create auditLog: /);
      assert.match(error.message, message);
      return true;
    });
  });
}
