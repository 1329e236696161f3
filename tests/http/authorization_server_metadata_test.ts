import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthorizationServerMetadata } from "../../src/http/authorization_server_metadata.ts";
import type { EventFacts } from "../../src/events/events.ts";
import { LEASE_SECONDS } from "../../src/lib/lease.ts";
import { createFakeWorld, json, settle } from "../support/harness.ts";

const OPTIONS = { authorizationServerMetadataUrl: "https://a.example/meta", timeoutSeconds: 10 };
const DOCUMENT = '{ "issuer":  "https://a.example/oauth/2.1" }';

function create(answer: () => Response | Promise<Response>) {
  const harness = { answer, fetched: [] as [string, RequestInit][], told: [] as EventFacts[] };
  const world = createFakeWorld((url, init) => {
    harness.fetched.push([url, init]);
    return Promise.resolve().then(() => harness.answer());
  });
  const getMetadata = createAuthorizationServerMetadata(
    OPTIONS,
    world,
    (facts) => harness.told.push(facts),
  );
  return Object.assign(harness, { world, getMetadata });
}

test("the forwarder gives the document byte for byte, and sends no credentials", async () => {
  const { getMetadata, fetched } = create(() => new Response(DOCUMENT));
  assert.equal(await getMetadata(), DOCUMENT);
  const [url, init] = fetched[0] ?? [];
  assert.equal(url, OPTIONS.authorizationServerMetadataUrl);
  assert.deepEqual([init?.headers, init?.redirect], [{ "Accept": "application/json" }, "manual"]);
});

// G26
test("the forwarder fetches once for many, and again after five minutes", async () => {
  const { getMetadata, fetched, world } = create(() => new Response(DOCUMENT));
  await Promise.all(Array.from({ length: 100 }, () => getMetadata()));
  world.advance(299);
  await getMetadata();
  assert.equal(fetched.length, 1);
  world.advance(1);
  await getMetadata();
  assert.equal(fetched.length, 2);
});

const MALFORMED = { detail: "no JSON object of up to 64 KiB" };

const FAILED: [when: string, answer: () => Response | Promise<Response>, told: object][] = [
  ["the network fails", () => Promise.reject(new Error("no\nroute")), { detail: '"no\\nroute"' }],
  ["the network throws no error", () => Promise.reject("x"), { detail: "no answer" }],
  ["it is not found", () => json({ issuer: "x" }, { status: 404 }), { status: 404 }],
  ["it is elsewhere", () => json({ issuer: "x" }, { status: 302 }), { status: 302 }],
  ["it is no JSON", () => new Response("<html></html>"), MALFORMED],
  ["it is an array", () => json([]), MALFORMED],
  ["it is null", () => json(null), MALFORMED],
  ["it is too long", () => json({ issuer: "x".repeat(64 * 1024) }), MALFORMED],
];

for (const [when, answer, told] of FAILED) {
  test(`the forwarder gives nothing when ${when}, reports it, rests, and recovers`, async () => {
    const harness = create(answer);
    assert.equal(await harness.getMetadata(), undefined);
    assert.deepEqual(harness.told, [{ code: "metadata_unavailable", ...told }]);
    harness.answer = () => new Response(DOCUMENT);
    harness.world.advance(4);
    assert.equal(await harness.getMetadata(), undefined);
    assert.equal(harness.fetched.length, 1);
    harness.world.advance(1);
    assert.equal(await harness.getMetadata(), DOCUMENT);
    assert.equal(harness.told.length, 1);
  });
}

test("the forwarder cancels a response that it does not read", async () => {
  let cancelled = false;
  const body = new ReadableStream({ cancel: () => void (cancelled = true) });
  const { getMetadata } = create(() => new Response(body, { status: 404 }));
  await getMetadata();
  assert.equal(cancelled, true);
});

test("the forwarder fetches again when the clock jumps back", async () => {
  const harness = create(() => Promise.reject(new Error("refused")));
  assert.equal(await harness.getMetadata(), undefined);
  harness.answer = () => new Response(DOCUMENT);
  harness.world.advance(-3600);
  assert.equal(await harness.getMetadata(), DOCUMENT);
});

test("the forwarder gives up when the document takes too long", async () => {
  const { getMetadata, fetched, world, told } = create(() => new Promise(() => {}));
  const given = getMetadata();
  while (fetched.length === 0) await Promise.resolve();
  world.advance(10);
  assert.equal(await given, undefined);
  assert.deepEqual(told, [{ code: "metadata_unavailable", detail: "no answer in time" }]);
});

test("the forwarder fetches again when the request that fetched is gone", async () => {
  const harness = create(() => new Promise(() => {}));
  void harness.getMetadata();
  await settle();
  harness.world.endRequests();
  harness.answer = () => new Response(DOCUMENT);
  const given = Promise.all([harness.getMetadata(), harness.getMetadata()]);
  await settle();
  harness.world.advance(LEASE_SECONDS);
  assert.deepEqual(await given, [DOCUMENT, DOCUMENT]);
  assert.equal(harness.fetched.length, 2);
  assert.equal(harness.world.timers, 0);
});
