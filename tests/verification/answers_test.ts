import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../src/oauth/facts.ts";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { createAnswers } from "../../src/verification/answers.ts";
import { createFakeWorld, NOW, SECRET, settle } from "../support/harness.ts";

const OPTIONS = {
  introspectionEndpoint: "https://auth.example.com/oauth/2.1/introspect",
  introspectionClientId: "introspection-id",
  introspectionClientSecret: SECRET,
  timeoutSeconds: 10,
  cacheTtlSeconds: 0,
  maxCacheSize: 10,
  staleIfErrorSeconds: 0,
  sharedCache: undefined,
};
const ANSWER: Answer = {
  facts: readFacts('{"active":true,"sub":"user-1"}'),
  askedAt: NOW,
  source: "introspection",
};

const inHand = (digest: string) => ({ token: `token of ${digest}`, digest, startedAt: NOW });

/** Answers whose questions wait until the test answers them, or has them fail. */
function create() {
  const world = createFakeWorld(() => assert.fail("nobody is asked"));
  const asked: { answer(): void; fail(): void }[] = [];
  const answers = createAnswers(
    OPTIONS,
    world,
    undefined,
    () =>
      new Promise((resolve, reject) =>
        asked.push({
          answer: () => resolve(ANSWER),
          fail: () => reject(new Error("no answer")),
        })
      ),
  );
  return { ...answers, asked };
}

test("find() asks once for all who wait, and says who asked", async () => {
  const { find, asked } = create();
  const found = Promise.all([1, 2, 3].map(() => find(inHand("d"))));
  asked[0]?.answer();
  assert.deepEqual((await found).map(({ source }) => source), [
    "introspection",
    "flight",
    "flight",
  ]);
  assert.equal(asked.length, 1);
});

test("find() asks anew after an answer, after a failure, and for another token", async () => {
  const { find, asked } = create();
  const both = [find(inHand("d")), find(inHand("d"))];
  asked[0]?.fail();
  for (const failed of both) await assert.rejects(failed, { message: "no answer" });
  const again = find(inHand("d"));
  asked[1]?.answer();
  await again;
  const others = [find(inHand("d")), find(inHand("e"))];
  for (const question of asked) question.answer();
  await Promise.all(others);
  assert.equal(asked.length, 4);
});

const ORDERS: [name: string, order: (answers: ReturnType<typeof create>) => Promise<void>][] = [
  ["forget", ({ forget }) => forget("d")],
  ["forgetSubject", ({ forgetSubject }) => forgetSubject("user-2")],
];

for (const [name, order] of ORDERS) {
  test(`${name}() lets no later request join a question under way, and earlier ones keep waiting`, async () => {
    const answers = create();
    const first = answers.find(inHand("d"));
    await order(answers);
    const second = answers.find(inHand("d"));
    assert.equal(answers.asked.length, 2);
    answers.asked[1]?.answer();
    assert.equal((await second).source, "introspection");
    answers.asked[0]?.answer();
    // After forget() the older answer does not count: it is asked for again.
    await settle();
    answers.asked[2]?.answer();
    assert.equal((await first).source, "introspection");
    assert.equal(answers.asked.length, name === "forget" ? 3 : 2);
  });
}

test("close() lets questions under way end, and asks no more", async () => {
  const { find, close, asked } = create();
  const under = find(inHand("d"));
  let closed = false;
  const closing = close().then(() => closed = true);
  await assert.rejects(find(inHand("e")), { reason: "closed" });
  const joined = find(inHand("d"));
  await settle();
  assert.equal(closed, false);
  asked[0]?.answer();
  assert.deepEqual([(await under).source, (await joined).source], ["introspection", "flight"]);
  await closing;
  assert.equal(asked.length, 1);
});
