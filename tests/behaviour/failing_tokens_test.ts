import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { BREAKER_PAUSE_SECONDS } from "../../src/verification/breaker.ts";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import { ACTIVE, createFakeWorld, json, OPTIONS } from "../support/harness.ts";

// Five minutes of a server whose clients come at random, on a clock that the simulation moves. The
// same numbers come out each time.

const SIMULATED_SECONDS = 300;
const STEP_SECONDS = 0.05;

type Answer = () => Response | Promise<never>;

const ANSWERS = {
  "500": () => new Response(null, { status: 500 }),
  "429, Retry-After: 60": () =>
    new Response(null, { status: 429, headers: { "Retry-After": "60" } }),
  "nothing": () => new Promise<never>(() => {}),
} satisfies Record<string, Answer>;

type Failure = keyof typeof ANSWERS;

/** Requests that come at random, with the tokens of a list in turn. */
interface Clients {
  /** Seconds between two requests, on average. */
  readonly every: number;
  /** How many tokens they have; `Infinity` is a new one for each request. */
  readonly tokens: number;
}

interface Simulation {
  /** PropelAuth's answer where it fails. */
  readonly failure: Failure;
  readonly others: Clients;
  /** A client for whose tokens PropelAuth fails. */
  readonly attacker?: Clients;
  /** From when until when PropelAuth fails for all tokens. */
  readonly away?: readonly [from: number, to: number];
}

/** Gives numbers from 0 to 1 (Park and Miller's generator). */
function createRandom(): () => number {
  let seed = 7;
  return () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
}

async function simulate({ failure, others, attacker, away }: Simulation) {
  const [from, to] = away ?? [Infinity, Infinity];
  const random = createRandom();
  const after = (clients: Clients) => -Math.log(1 - random()) * clients.every;
  const result = { sent: 0, refused: 0, sentAway: 0, askedAway: 0, lastRefused: 0, opened: 0 };
  let time = 0;
  const isAway = () => time >= from && time < to;
  const world = createFakeWorld(async (_url, init) => {
    const fails = isAway();
    if (fails) result.askedAway++;
    const token = new URLSearchParams(String(init.body)).get("token") ?? "";
    await new Promise<void>((resolve) => world.startTimer(0.02 + random() / 10, resolve));
    if (fails || token.startsWith("failing")) return await ANSWERS[failure]();
    return json({ ...ACTIVE, exp: undefined });
  });
  const { verifier } = composePropelAuth({
    ...OPTIONS,
    onEvent: ({ code }) => void (code === "breaker_opened" && result.opened++),
  }, world);
  let [attacks, nextAttack, nextOther] = [0, attacker ? 0 : Infinity, 0.1];
  for (; time < SIMULATED_SECONDS; time += STEP_SECONDS) {
    for (; attacker && nextAttack <= time; nextAttack += after(attacker)) {
      verifier.verifyAccessToken(`failing-${attacks++ % attacker.tokens}`).catch(() => {});
    }
    for (; nextOther <= time; nextOther += after(others)) {
      if (isAway()) result.sentAway++;
      const sentAt = time;
      verifier.verifyAccessToken(`other-${result.sent++ % others.tokens}`).catch(() => {
        result.refused++;
        result.lastRefused = Math.max(result.lastRefused, sentAt);
      });
    }
    world.advance(STEP_SECONDS);
    // Reading a body takes a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return result;
}

const ATTACKS: readonly (readonly [failure: Failure, tokens: number, every: number])[] = [
  ["500", 1, 0.02],
  ["500", 1, 0.05],
  ["500", 1, 1],
  ["500", 1, 5],
  ["500", 1, 30],
  ["429, Retry-After: 60", 1, 0.02],
  ["429, Retry-After: 60", 1, 0.05],
  ["429, Retry-After: 60", 1, 1],
  ["429, Retry-After: 60", 1, 5],
  ["429, Retry-After: 60", 1, 30],
  ["nothing", 1, 1],
  ["500", 9, 0.02],
  ["429, Retry-After: 60", 9, 0.02],
  ["500", 20, 0.02],
  ["429, Retry-After: 60", 20, 0.02],
  ["nothing", 20, 0.02],
];

for (const [failure, tokens, every] of ATTACKS) {
  const client = `a client comes every ${every} s with ${tokens} token(s) that get ${failure}`;
  test(`less than 1 % of the others are refused while ${client}`, async () => {
    const others = { every: 0.237, tokens: Infinity };
    const { sent, refused } = await simulate({ failure, others, attacker: { every, tokens } });
    assert(sent > 1_000, `only ${sent} requests of others`);
    assert(refused < sent / 100, `${refused} of ${sent} refused`);
  });
}

// 10,000 requests reach the server while PropelAuth is away, and some before and after.
const AWAY = [50, 250] as const;
const OUTAGES: readonly (readonly [
  failure: Failure,
  tokens: number,
  introspections: number,
  recoversIn: number,
])[] = [
  ["500", Infinity, 105, BREAKER_PAUSE_SECONDS],
  ["500", 200, 105, BREAKER_PAUSE_SECONDS],
  ["500", 20, 105, BREAKER_PAUSE_SECONDS],
  ["429, Retry-After: 60", Infinity, 105, 60],
  ["nothing", Infinity, 105, BREAKER_PAUSE_SECONDS],
];

for (const [failure, tokens, introspections, recoversIn] of OUTAGES) {
  const clients = tokens === Infinity ? "a token each" : `${tokens} tokens`;
  const cost = `cost ${introspections} introspections at most`;
  test(`10,000 requests with ${clients} ${cost} while all get ${failure}`, async () => {
    const others = { every: 0.02, tokens };
    const result = await simulate({ failure, others, away: AWAY });
    const { sentAway, askedAway, lastRefused, opened } = result;
    assert(sentAway > 9_900, `only ${sentAway} requests`);
    assert(askedAway <= introspections, `${askedAway} introspections`);
    assert(opened > 0);
    assert(lastRefused < AWAY[1] + recoversIn + 1, `still refused at ${lastRefused} s`);
  });
}
