/**
 * Random histories of whole instances under a virtual clock, each admission held to the model.
 *
 * A history has up to three instances, a PropelAuth that answers fast, slowly, out of order or not at
 * all, and a shared cache that does the same. In it tokens are revoked and reinstated, and instances
 * are called and told to forget.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import type { PropelAuth } from "../../src/propel_auth.ts";
import type { PropelAuthEvent } from "../../src/events/events.ts";
import type { SharedCache } from "../../src/shared_cache/shared_cache.ts";
import { ACTIVE, json, mcpRequest, NOW, OPTIONS } from "../support/harness.ts";
import { type Lives, mayAdmit, type Order, type Question, USERS } from "./model.ts";

/** How many times each thing happened, in all histories. */
export type Account = Record<string, number>;

const TOKENS = Object.keys(USERS);
const TOKEN_OF = new Map(
  TOKENS.map((token) => [createHash("sha256").update(token).digest("hex").slice(0, 12), token]),
);
const ACTS = [
  ...["ask", "ask", "ask", "ask", "fresh", "fresh", "fresh"],
  ...["forget", "forgetSubject", "turn", "turn", "turn", "break"],
] as const;

/** Lets everything run that needs nothing but promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Choices that look random, the same for the same seed (mulberry32). */
function createRandom(seed: number) {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  function pick<T>(...values: readonly T[]): T {
    const value = values[Math.floor(next() * values.length)];
    assert(value !== undefined);
    return value;
  }
  return { pick, chance: (share: number): boolean => next() < share };
}

type Random = ReturnType<typeof createRandom>;

/** A clock whose timers end in order, each with time for its consequences. */
function createClock() {
  interface Timer {
    readonly endsAt: number;
    readonly onEnd: () => void;
  }
  let now = NOW;
  const timers = new Set<Timer>();
  function startTimer(seconds: number, onEnd: () => void): () => void {
    const timer = { endsAt: now + seconds, onEnd };
    timers.add(timer);
    return () => timers.delete(timer);
  }
  function takeNext(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.endsAt <= end && !(next && next.endsAt <= timer.endsAt)) next = timer;
    }
    if (next !== undefined) timers.delete(next);
    return next;
  }
  return {
    now: (): number => now,
    startTimer,
    wait: (seconds: number) => new Promise<void>((resolve) => startTimer(seconds, resolve)),
    async pass(seconds: number): Promise<void> {
      const end = now + seconds;
      await settle();
      for (let timer = takeNext(end); timer !== undefined; timer = takeNext(end)) {
        now = Math.max(now, timer.endsAt);
        timer.onEnd();
        await settle();
      }
      now = end;
    },
  };
}

type Clock = ReturnType<typeof createClock>;

/** A shared cache whose calls take their time, and may have their effect at its start or end. */
function createStore({ pick, chance }: Random, clock: Clock) {
  const kept = new Map<string, { value: string; until: number }>();
  const latencies = pick([0], [0], [0, 0.01, 0.05]);
  async function call<T>(run: () => T): Promise<T> {
    const latency = pick(...latencies);
    const before = chance(0.5) ? latency : 0;
    if (before > 0) await clock.wait(before);
    if (store.state === "stuck") await new Promise(() => {});
    if (store.state === "lost") throw new Error("connection refused");
    const result = run();
    if (latency > before) await clock.wait(latency - before);
    return result;
  }
  function live(key: string) {
    const entry = kept.get(key);
    return entry !== undefined && entry.until > clock.now() ? entry : undefined;
  }
  const cache: SharedCache = {
    get: (key) => call(() => live(key)?.value ?? null),
    set: (key, value, { ttlSeconds, onlyIfAbsent = false }) =>
      call(() => {
        if (onlyIfAbsent && live(key) !== undefined) return false;
        kept.set(key, { value, until: clock.now() + ttlSeconds });
        return true;
      }),
    delete: (key) => call(() => kept.delete(key)),
  };
  const store = {
    cache,
    state: "well",
    troubledUntil: -Infinity,
    turn(): void {
      if (store.state === "well" && chance(0.7)) return;
      // A restart may lose everything.
      if (store.state !== "well" && chance(0.3)) kept.clear();
      store.state = store.state === "well" ? pick("lost", "stuck") : "well";
      store.troubledUntil = store.state === "well" ? clock.now() : Infinity;
    },
  };
  return store;
}

/** A PropelAuth that may answer late, by what it knew at the start or at the end. */
function createAuthorizationServer({ pick, chance }: Random, clock: Clock, nextSeq: () => number) {
  const delays = pick([0], [0, 0, 3], [0, 0.3, 3, 6]);
  const questions: Question[] = [];
  const revoked = new Set<string>();
  const exp = Math.floor(NOW + pick(25, 1_000, 1_000));
  const server = {
    questions,
    revoked,
    exp,
    isDown: false,
    async fetch(_url: string, init: RequestInit): Promise<Response> {
      const token = new URLSearchParams(String(init.body)).get("token") ?? "";
      const isActive = !revoked.has(token);
      const [sentAt, answeredAt] = [clock.now(), Infinity];
      const question: Question = { seq: nextSeq(), token, sentAt, isActive, answeredAt };
      questions.push(question);
      const fails = server.isDown;
      const delay = pick(...delays);
      if (delay > 0) await clock.wait(delay);
      if (fails) throw new TypeError("no route");
      if (chance(0.5)) question.isActive = !revoked.has(token);
      question.answeredAt = clock.now();
      if (!question.isActive) return json({ active: false });
      return json({ ...ACTIVE, sub: USERS[token], exp });
    },
  };
  return server;
}

/** A history under way: everything that has a part in it, and a log to read when it goes wrong. */
function beginHistory(seed: number, account: Account) {
  const random = createRandom(seed);
  const { pick, chance } = random;
  const clock = createClock();
  const store = createStore(random, clock);
  let seq = 0;
  const server = createAuthorizationServer(random, clock, () => ++seq);
  const orders: Order[] = [];
  /** When PropelAuth's last answer that a token is inactive was passed on, by an order's number. */
  const heard = new Map<string, number>();
  const log: string[] = [];
  const wrong: string[] = [];
  const isShared = chance(0.8);
  const isRolling = isShared && chance(0.2);
  const drawLifetimes = () => ({
    cacheTtlSeconds: pick(10, 60, 60),
    staleIfErrorSeconds: pick(0, 30, 300, 300),
  });
  const common = drawLifetimes();

  const count = (what: string) => account[what] = (account[what] ?? 0) + 1;
  function note(line: string): void {
    log.push(`${(clock.now() - NOW).toFixed(2)} s: ${line}`);
  }
  function addOrder(instance: number, concerns: Order["concerns"], isTold: boolean): Order {
    const [givenAt, toldAt] = [clock.now(), isTold && isShared ? clock.now() : Infinity];
    const order = { seq: ++seq, instance, concerns, givenAt, toldAt };
    orders.push(order);
    return order;
  }
  function hear(instance: number, event: PropelAuthEvent): void {
    const token = "tokenDigest" in event ? TOKEN_OF.get(event.tokenDigest ?? "") : undefined;
    if (token === undefined) return;
    if (event.code === "token_unverified") count(`unverified, ${event.reason}`);
    if (event.code === "token_refused" && event.reason === "inactive") {
      note(`instance ${instance} refuses ${token} as inactive (${event.source})`);
      count("inactive");
      const isHeard = event.source === "introspection";
      const order = addOrder(instance, (one) => one === token, isHeard);
      // Another instance, or an earlier question, had heard it: what was asked since then counts.
      if (isHeard) heard.set(token, order.seq);
      else order.seq = heard.get(token) ?? 0;
    }
    if (event.code !== "token_accepted") return;
    note(`instance ${instance} lets ${token} in (${event.source})`);
    count(event.source);
    const { questions, exp } = server;
    const { troubledUntil } = store;
    const past = { questions, orders, instances: instances.map((one) => one.lives), exp };
    const admission = { instance, token, source: event.source, at: clock.now() };
    if (!mayAdmit({ ...past, troubledUntil }, admission)) wrong.push(log.at(-1) ?? "");
  }
  const instances = Array.from({ length: isShared ? pick(1, 2, 2, 3) : 1 }, (_, at) => {
    const lifetimes = isRolling ? drawLifetimes() : common;
    const lives: Lives = { ...lifetimes, skew: isShared && chance(0.2) ? pick(2, -2) : 0 };
    const auth = composePropelAuth({
      ...OPTIONS,
      tokenIntrospectionOverrides: lifetimes,
      operations: { tools: { purge: { fresh: true } } },
      ...(isShared && { sharedCache: store.cache }),
      onEvent: (event) => hear(at, event),
    }, {
      fetch: server.fetch,
      now: () => clock.now() + lives.skew,
      startTimer: clock.startTimer,
    });
    return { at, auth, lives, handler: auth.handler(() => new Response("reached")) };
  });
  return {
    ...{ random, clock, store, server, instances, isShared, wrong, count, note, addOrder },
    describe: (): string =>
      [
        `history ${seed}, ${isShared ? "shared" : "alone"}`,
        ...instances.map(({ lives }) => JSON.stringify(lives)),
        ...log,
        `Wrong: ${wrong.join("; ")}`,
      ].join("\n"),
  };
}

type History = ReturnType<typeof beginHistory>;

/** Does one thing; gives the call that was made, if any. */
function act(history: History): Promise<unknown> | undefined {
  const { random: { pick, chance }, store, server, instances, count, note } = history;
  const { at, auth, handler } = pick(...instances);
  const what = pick(...ACTS);
  const token = what.startsWith("forget") ? pick(...TOKENS) : pick("a", "a", "a", "a", "b", "c");
  const user = USERS[token] ?? "";
  note(what === "break" ? what : `${what} ${token}, instance ${at}`);

  function tell(order: (auth: PropelAuth) => Promise<void>, concerns: Order["concerns"]) {
    count("forget");
    const given = history.addOrder(at, concerns, false);
    return order(auth).then(() => {
      if (history.isShared) given.toldAt = history.clock.now();
    });
  }

  switch (what) {
    case "ask":
      return auth.verifier.verifyAccessToken(token);
    case "fresh": {
      const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"purge"}}';
      return handler(mcpRequest(token, { body }));
    }
    case "forget":
      return tell((auth) => auth.forget(token), (one) => one === token);
    case "forgetSubject":
      return tell((auth) => auth.forgetSubject(user), (one) => USERS[one] === user);
    case "turn":
      if (!server.revoked.delete(token)) server.revoked.add(token);
      return undefined;
    case "break":
      if (chance(0.5)) server.isDown = !server.isDown;
      else store.turn();
  }
}

/**
 * Plays one history.
 *
 * @param seed Which one.
 * @param account Counts what happened.
 * @throws {assert.AssertionError} A token was let in against the model, a call was not answered, or
 * a good token did not pass in the end.
 */
export async function playHistory(seed: number, account: Account): Promise<void> {
  const history = beginHistory(seed, account);
  const { random: { pick, chance }, clock, store, server, instances, wrong, describe } = history;
  const running = new Set<Promise<unknown>>();
  function run(call: Promise<unknown> | undefined): void {
    const ended = Promise.resolve(call).catch(() => {}).finally(() => running.delete(ended));
    running.add(ended);
  }
  const waits = pick([0, 0.2, 1.3, 3, 7, 50], [0, 0, 0.2, 0.2, 1.3, 20]);
  for (let step = pick(6, 12, 20); step > 0 && wrong.length === 0; step--) {
    run(act(history));
    const seconds = pick(...waits);
    if (seconds > 0) await clock.pass(seconds);
    if (chance(0.5)) await settle();
  }
  assert.equal(wrong.length, 0, describe());
  // After any history, a good token passes again.
  server.isDown = false;
  if (store.state !== "well") store.turn();
  server.revoked.clear();
  await clock.pass(70);
  assert.equal(running.size, 0, `a call has no answer: ${describe()}`);
  if (server.exp < clock.now() + 60) return;
  for (const { auth } of instances) {
    let passes = false;
    run(auth.verifier.verifyAccessToken("a").then(() => passes = true));
    await clock.pass(12);
    assert(passes, `a good token does not pass: ${describe()}`);
  }
  assert.equal(wrong.length, 0, describe());
}
