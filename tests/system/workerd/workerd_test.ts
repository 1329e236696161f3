/**
 * Clients that leave, on the runtime of Cloudflare Workers: a request whose client closes the
 * connection ends there in the middle. Needs what `.ci/tools` installs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BREAKER_TOKENS, FIRST_PAUSE_SECONDS } from "../../../src/verification/breaker.ts";
import { LEASE_SECONDS } from "../../../src/lib/lease.ts";
import { sleep, startWorkerd } from "./start_workerd.ts";

const SHARED_CACHE_RETRY_SECONDS = 1;

// From 2024-10-14 on a request may settle the promises that another one waits for.
const DATES = ["2026-11-01", "2024-09-23"];
const METADATA = "/.well-known/oauth-authorization-server";

for (const date of DATES) {
  const worker = await startWorkerd(date);
  after(() => worker[Symbol.asyncDispose]());
  const { call, leave, until, asked, log } = worker;
  const questions = (pattern: RegExp) => asked.filter((one) => pattern.test(one)).length;
  const logged = (event: string) => log().includes(`event ${event}\n`);

  test(`workerd ${date}: requests with one token share an introspection`, async () => {
    const all = Array.from({ length: 20 }, () => call("joined", "shared"));
    assert.deepEqual(await Promise.all(all), Array(20).fill(200));
    assert.equal(questions(/introspect shared$/), 1);
  });

  test(`workerd ${date}: a client that leaves keeps its token from nobody`, async () => {
    const left = leave("joined", "left");
    await until(/introspect left$/, 1);
    const joined = Array.from({ length: 5 }, () => call("joined", "left"));
    await left;
    await sleep(100);
    const later = Array.from({ length: 5 }, () => call("joined", "left"));
    const other = call("joined", "other");
    assert.deepEqual(await Promise.all([...joined, ...later, other]), Array(11).fill(200));
    assert.equal(questions(/introspect left$/), 2);
    for (let i = 0; i < 2; i++) assert.equal(await call("joined", "left"), 200);
  });

  test(`workerd ${date}: tokens wait for their turn`, async () => {
    const all = Array.from({ length: 6 }, (_, i) => call("queued", `turn-${i}`));
    assert.deepEqual(await Promise.all(all), Array(6).fill(200));
    assert.equal(questions(/introspect turn-/), 6);
  });

  test(`workerd ${date}: clients that leave take no place from others`, async () => {
    // Two that are asked about, and four that wait.
    await Promise.all(Array.from({ length: 6 }, (_, i) => leave("queued", `gone-${i}`)));
    const all = Array.from({ length: 4 }, (_, i) => call("queued", `gone-${i}`));
    assert.deepEqual(await Promise.all(all), Array(4).fill(200));
  });

  test(`workerd ${date}: a client that leaves takes no probe with it`, async () => {
    for (let i = 0; i < BREAKER_TOKENS; i++) {
      assert.equal(await call("outage", `failing-${i}`), 503);
    }
    assert.equal(await call("outage", "refused"), 503);
    assert.equal(questions(/introspect refused$/), 0);
    await sleep(1000 * FIRST_PAUSE_SECONDS);
    await leave("outage", "probe");
    assert.equal(questions(/introspect probe$/), 1);
    assert.equal(await call("outage", "refused"), 503);
    await sleep(1000 * LEASE_SECONDS);
    assert.equal(await call("outage", "next-probe"), 200);
    assert(logged("outage breaker_closed"));
  });

  test(`workerd ${date}: a client that leaves keeps nobody from the metadata`, async () => {
    const left = leave("metadata", "", METADATA);
    await until(/oauth-authorization-server|openid/, 1);
    const joined = call("metadata", "", METADATA);
    await left;
    assert.deepEqual(await Promise.all([joined, call("metadata", "", METADATA)]), [200, 200]);
    assert.equal(await call("metadata", "", METADATA), 200);
  });

  test(`workerd ${date}: a client that leaves takes no check for orders with it`, async () => {
    const left = leave("cached", "order");
    await until(/cache/, 1);
    const joined = Array.from({ length: 3 }, () => call("cached", "order"));
    await left;
    assert.deepEqual(await Promise.all([...joined, call("cached", "order")]), Array(4).fill(200));
    // Within a second the cache alone answers, and then the key of the orders is read again.
    await sleep(1_100);
    const start = asked.length;
    assert.equal(await call("cached", "order"), 200);
    assert.deepEqual(asked.slice(start).map((one) => one.split("/")[1]), ["cache", "tool "]);
  });

  test(`workerd ${date}: a client that leaves takes no probe of the shared cache with it`, async () => {
    worker.cacheFails = true;
    await sleep(1000 * SHARED_CACHE_RETRY_SECONDS);
    assert.equal(await call("cached", "lost"), 200);
    assert(logged("cached shared_cache_lost"));
    worker.cacheFails = false;
    await sleep(1000 * SHARED_CACHE_RETRY_SECONDS);
    await leave("cached", "leaves");
    await sleep(1000 * LEASE_SECONDS);
    assert(!logged("cached shared_cache_recovered"));
    assert.equal(await call("cached", "back"), 200);
    assert(logged("cached shared_cache_recovered"));
  });

  test(`workerd ${date}: no request was answered 500`, () => {
    const [line] = /^.*(never generate a response|different request|Uncaught).*$/m.exec(log()) ??
      [];
    assert.equal(line, undefined);
  });
}
