// Four processes behind a round-robin, a real Redis and the local PropelAuth under faults: start it
// with `deno task soak`. Ends with status 1 when a single call was answered wrongly.
// deno-lint-ignore-file no-console
import { parseArgs } from "node:util";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { startFront } from "../redis/front.ts";
import { startInstance } from "../redis/instances.ts";
import { startRedis } from "../redis/redis_server.ts";
import { createLedger } from "./ledger.ts";

const HELP = `Calls four protected processes with thousands of tokens that expire and are revoked,
while Redis is killed, restarted and stopped, and PropelAuth has outages.

Usage: deno task soak [options]

  --seconds N   how long the calls go on (60; at least 15)
  --tokens N    how many tokens are in use at once (2000)
  --help        this text

It needs Debian's redis-server. A few seconds go before and after.`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    tokens: { type: "string", default: "2000" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit();
}
const seconds = Number(values.seconds);
const tokensInUse = Number(values.tokens);
if (!(seconds >= 15 && seconds <= 86_400 && tokensInUse >= 10 && tokensInUse <= 1_000_000)) {
  console.error(HELP);
  Deno.exit(1);
}

const PROCESSES = 4;
const CALLERS = 24;
const USERS = 200;
const CACHE_TTL_SECONDS = 5;
const BASE_URL = "http://127.0.0.1:8000";

const now = (): number => Date.now() / 1000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const below = (limit: number): number => Math.floor(Math.random() * limit);

const users = Array.from({ length: USERS }, (_, i) => ({ email: `user-${i}@acme.example` }));
const local = await startLocalPropelAuth({ log: () => {}, users });
const front = await startFront(local.authUrl);
const redis = await startRedis();
const instances = await Promise.all(
  Array.from({ length: PROCESSES }, (_, i) =>
    startInstance({
      authUrl: front.url,
      introspectionClientId: local.introspectionClientId,
      introspectionClientSecret: local.introspectionClientSecret,
      baseUrl: BASE_URL,
      redisUrl: redis.url,
      client: i % 2 === 0 ? "redis" : "ioredis",
      cacheTtlSeconds: CACHE_TTL_SECONDS,
    })),
);
let turn = 0;
const balancer = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  (request) => fetch(`${instances[turn++ % PROCESSES]?.url}/mcp`, request),
);
const url = `http://127.0.0.1:${balancer.addr.port}/mcp`;

const ledger = createLedger(CACHE_TTL_SECONDS);

async function mint(): Promise<void> {
  const user = local.users[below(USERS)];
  if (user === undefined) return;
  const expiresIn = 5 + below(Math.ceil(2 * seconds));
  const before = now();
  const token = await local.mintToken({
    subject: user.id,
    resource: `${BASE_URL}/mcp`,
    expiresInSeconds: expiresIn,
  });
  ledger.add({
    token,
    subject: user.id,
    // It is whole seconds from a whole second.
    livesUntil: Math.floor(before) + expiresIn,
    deadFrom: Math.floor(now()) + 1 + expiresIn,
  });
}

async function call(token: string): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Authorization": `Bearer ${token}` },
  });
  await response.body?.cancel();
  return response.status;
}

async function present(): Promise<void> {
  // One in twenty was never issued.
  const known = below(20) > 0 ? ledger.pick() : undefined;
  const token = known?.token ?? `unknown-${below(1_000_000_000)}`;
  const begun = now();
  const status = await call(token);
  ledger.enter(known, begun, now(), status);
  // As a client does that is told to come again.
  if (status === 503) await pause(100);
}

/** Revokes a token at PropelAuth; every other time the instances are told. */
async function revoke(tell: boolean): Promise<void> {
  const known = ledger.pick();
  if (known === undefined || known.revokedAt !== undefined) return;
  known.revokingFrom = now();
  await local.revoke(known.token);
  known.revokedAt = now();
  if (!tell) return;
  const instance = instances[below(PROCESSES)];
  const order = below(2) === 0 ? { token: known.token } : { subject: known.subject };
  const told = await instance?.forget(order).then(() => true, () => false);
  if (told) known.toldAt = now();
}

const endsAt = now() + seconds;
const at = (part: number): Promise<void> =>
  pause(1000 * Math.max(0, endsAt - seconds * (1 - part) - now()));

/** Causes the faults of the run, each at its time. */
async function causeFaults(): Promise<void> {
  await at(0.2);
  await ledger.withoutRedis(async () => {
    await redis.kill();
    await pause(2_000);
    await redis.start();
  });
  await at(0.4);
  await ledger.outage(async () => {
    front.state = "unavailable";
    await pause(2_000);
    front.state = "well";
  });
  await at(0.65);
  // A short run would be little else than outages.
  if (seconds >= 40) {
    await ledger.outage(async () => {
      front.state = "broken";
      await pause(2_000);
      front.state = "well";
    });
  }
  await at(0.9);
  await ledger.withoutRedis(async () => {
    redis.pause();
    await pause(1_000);
    redis.resume();
  });
}

async function repeat(run: () => Promise<unknown>, ms: number): Promise<void> {
  while (now() < endsAt) {
    await run();
    await pause(ms);
  }
}

console.error(`Minting ${tokensInUse} tokens, then ${seconds} seconds of calls`);
for (let minted = 0; minted < tokensInUse; minted++) await mint();
for (const instance of instances) await instance.call("warm-up").then((r) => r.body?.cancel());
const memory = async (): Promise<number[]> =>
  (await Promise.all(instances.map((instance) => instance.stats())))
    .map(({ memory }) => Math.round(memory / 1e6));
const before = { questions: front.questions, memory: await memory() };
let told = false;
let midway: number[] = [];
await Promise.all([
  ...Array.from({ length: CALLERS }, () => repeat(present, 1)),
  repeat(async () => {
    ledger.retire(now());
    while (ledger.size < tokensInUse) await mint();
  }, 100),
  repeat(() => revoke(told = !told), 50),
  causeFaults(),
  at(0.5).then(async () => midway = await memory()),
]);

const after = await memory();
const questions = front.questions - before.questions;
const events: Record<string, number> = {};
for (const instance of instances) {
  for (const [code, count] of Object.entries((await instance.stats()).events)) {
    events[code] = (events[code] ?? 0) + count;
  }
}
await Promise.all(instances.map((instance) => instance.stop()));
await balancer.shutdown();
await Promise.all([front.close(), redis.close(), local.close()]);

const { calls, tokens, statuses, wrong, latencies } = ledger.close();
const percentile = (part: number): string =>
  (latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))] ?? NaN).toFixed(
    1,
  );
const report: [what: string, value: string | number][] = [
  ["calls made", calls],
  ["calls per second", Math.round(calls / seconds)],
  ["distinct tokens presented", tokens],
  ["tokens revoked, of these the instances were told", `${ledger.revoked}, ${ledger.told}`],
  ["statuses", Object.entries(statuses).map(([status, n]) => `${status}: ${n}`).join(", ")],
  ["wrong admissions", wrong.admissions.length],
  ["wrong refusals outside the stated windows", wrong.refusals.length],
  ["introspections", questions],
  ["introspections per token", (questions / tokens).toFixed(2)],
  ["calls per introspection", (calls / questions).toFixed(1)],
  ["latency p50 / p90 / p99 / max (ms)", [0.5, 0.9, 0.99, 1].map(percentile).join(" / ")],
  ["memory of each process at start (MB)", before.memory.join(", ")],
  ["memory of each process midway (MB)", midway.join(", ")],
  ["memory of each process at end (MB)", after.join(", ")],
  [
    "shared cache lost, recovered",
    `${events["shared_cache_lost"] ?? 0}, ${events["shared_cache_recovered"] ?? 0}`,
  ],
  ["breaker opened, closed", `${events["breaker_opened"] ?? 0}, ${events["breaker_closed"] ?? 0}`],
  [
    "answers by source",
    Object.entries(events).filter(([code]) => code.startsWith("token_accepted "))
      .map(([code, n]) => `${code.slice(15)}: ${n}`).join(", "),
  ],
];
for (const [what, value] of report) console.log(`${what.padEnd(50)} ${value}`);
for (const line of [...wrong.admissions, ...wrong.refusals].slice(0, 20)) console.error(line);
Deno.exit(wrong.admissions.length + wrong.refusals.length > 0 ? 1 : 0);
