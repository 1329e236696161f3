import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer, IntrospectionFacts } from "../../src/oauth/facts.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { sha256 } from "../../src/lib/digest.ts";
import { INACTIVE_TTL_SECONDS } from "../../src/oauth/answer_freshness.ts";
import { createFactsCache } from "../../src/verification/facts_cache.ts";
import { ACTIVE } from "../support/harness.ts";

const MAX_INACTIVE_CACHE_SIZE = 10_000;
const OPTIONS = { cacheTtlSeconds: 60, maxCacheSize: 10, staleIfErrorSeconds: 300 };

const answer = (claims: Record<string, unknown>, askedAt = 1000): Answer => ({
  facts: readFacts(JSON.stringify({ ...ACTIVE, exp: undefined, ...claims })),
  askedAt,
  source: "introspection",
});
const dead = (askedAt = 1000) => answer({ active: false }, askedAt);
const subjectOf = (facts?: IntrospectionFacts) => facts?.active ? facts.subject : facts?.active;

/** When each of the two may be used, one second before that and at it. */
const LIVES: [what: string, given: Answer, cachedUntil: number, staleUntil: number][] = [
  ["a live token", answer({}), 1060, 1300],
  ["a token that expires first", answer({ exp: 1030 }), 1030, 1030],
  ["a token that expires in between", answer({ exp: 1100 }), 1060, 1100],
];

for (const [what, given, cachedUntil, staleUntil] of LIVES) {
  test(`createFactsCache() keeps ${what} until ${cachedUntil}, for an outage until ${staleUntil}`, () => {
    const known = createFactsCache(OPTIONS);
    known.remember(sha256("d"), given);
    assert(known.get(sha256("d"), cachedUntil - 1)?.active);
    assert.equal(known.get(sha256("d"), cachedUntil), undefined);
    assert(known.getLast(sha256("d"), staleUntil - 1)?.facts.active);
    assert.equal(known.getLast(sha256("d"), staleUntil), undefined);
  });
}

test("createFactsCache() keeps dead tokens when its options keep no live ones", () => {
  const known = createFactsCache({ ...OPTIONS, cacheTtlSeconds: 0, staleIfErrorSeconds: 0 });
  known.remember(sha256("live"), answer({}));
  known.remember(sha256("dead"), dead());
  assert.equal(known.get(sha256("live"), 1000), undefined);
  assert.equal(known.getLast(sha256("live"), 1000), undefined);
  assert.equal(known.get(sha256("dead"), 1000)?.active, false);
});

test("createFactsCache() keeps 10,000 dead tokens, which push no live one out", () => {
  const known = createFactsCache(OPTIONS);
  known.remember(sha256("live"), answer({}));
  const given = dead();
  for (let i = 0; i <= MAX_INACTIVE_CACHE_SIZE; i++) known.remember(sha256(`dead-${i}`), given);
  assert.equal(subjectOf(known.get(sha256("live"), 1000)), "user-1");
  assert.equal(known.getLast(sha256("live"), 1000)?.facts.active, true);
  assert.equal(known.get(sha256("dead-0"), 1000), undefined);
  assert.equal(known.get(sha256("dead-1"), 1000)?.active, false);
});

test("createFactsCache() counts a token that is dead or expired as dead for a few seconds", () => {
  for (const given of [dead(), answer({ exp: 1000 })]) {
    const known = createFactsCache(OPTIONS);
    known.remember(sha256("d"), answer({}, 990));
    known.remember(sha256("d"), given);
    assert.equal(known.getLast(sha256("d"), 1000), undefined);
    assert.deepEqual(known.get(sha256("d"), 1000 + INACTIVE_TTL_SECONDS - 1), given.facts);
    assert.equal(known.get(sha256("d"), 1000 + INACTIVE_TTL_SECONDS), undefined);
  }
});

test("createFactsCache() keeps the newest answer alone", () => {
  const known = createFactsCache(OPTIONS);
  known.remember(sha256("d"), dead(1000));
  known.remember(sha256("d"), answer({}, 1001));
  assert.equal(subjectOf(known.get(sha256("d"), 1001)), "user-1");
  // The live one is over, and the dead one does not come back.
  assert.equal(known.get(sha256("d"), 1061), undefined);
});

test("createFactsCache() keeps the lists of equal tokens once", () => {
  const known = createFactsCache(OPTIONS);
  for (const digest of ["a", "b"]) known.remember(sha256(digest), answer({}));
  const [a, b] = [known.get(sha256("a"), 1000), known.get(sha256("b"), 1000)];
  assert(a?.active && b?.active && a !== b);
  assert.equal(a.scopes, b.scopes);
  assert.equal(a.audience, b.audience);
  assert.deepEqual(a, answer({}).facts);
});

test("createFactsCache() forgets a token, a user, or every answer that needs no question", () => {
  const known = createFactsCache(OPTIONS);
  const all = () => ["a", "b"].map((digest) => subjectOf(known.get(sha256(digest), 1000)));
  const last = () => ["a", "b"].map((digest) => known.getLast(sha256(digest), 1000) !== undefined);
  const fill = () => {
    known.remember(sha256("a"), answer({ sub: "user-1" }));
    known.remember(sha256("b"), answer({ sub: "user-2" }));
  };
  fill();
  known.forget(sha256("a"));
  assert.deepEqual([all(), last()], [[undefined, "user-2"], [false, true]]);
  fill();
  known.forgetSubject("user-2");
  assert.deepEqual([all(), last()], [["user-1", undefined], [true, false]]);
  fill();
  known.distrust();
  assert.deepEqual([all(), last()], [[undefined, undefined], [true, true]]);
  known.remember(sha256("dead"), dead());
  fill();
  known.forgetLive();
  assert.deepEqual([all(), last()], [[undefined, undefined], [false, false]]);
  assert.equal(known.get(sha256("dead"), 1000)?.active, false);
});
