import assert from "node:assert/strict";
import { test } from "node:test";
import { createFlights } from "../../src/verification/single_flight.ts";
import { type Answer, readFacts } from "../../src/oauth/facts.ts";
import { createFakeWorld, settle } from "../support/harness.ts";

const ANSWER: Answer = {
  facts: readFacts('{"active":false}'),
  askedAt: 1,
  source: "introspection",
};

const create = () => createFlights(createFakeWorld(() => assert.fail("nobody is asked")));

/** A question that is answered, or fails, when the test says so. */
function createQuestion() {
  let resolve = (_answer: Answer): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<Answer>((yes, no) => [resolve, reject] = [yes, no]);
  const question = {
    asked: 0,
    ask: () => {
      question.asked++;
      return promise;
    },
    answer: () => resolve(ANSWER),
    fail: () => reject(new Error("no answer")),
  };
  return question;
}

test("join() asks once for all who wait, and says who asked", async () => {
  const [flights, question] = [create(), createQuestion()];
  const found = Promise.all([1, 2, 3].map(() => flights.join("key", question.ask)));
  question.answer();
  assert.deepEqual((await found).map(({ source }) => source), [
    "introspection",
    "flight",
    "flight",
  ]);
  assert.equal(question.asked, 1);
});

test("join() asks anew after an answer, after a failure, and for another key", async () => {
  const [flights, question, failing] = [create(), createQuestion(), createQuestion()];
  const both = [flights.join("key", failing.ask), flights.join("key", failing.ask)];
  failing.fail();
  for (const failed of both) await assert.rejects(failed, { message: "no answer" });
  question.answer();
  await flights.join("key", question.ask);
  await Promise.all([flights.join("key", question.ask), flights.join("other", question.ask)]);
  assert.deepEqual([failing.asked, question.asked], [1, 3]);
});

for (const how of ["detach", "detachAll"] as const) {
  test(`${how}() lets nobody join what is under way, and leaves those alone who wait`, async () => {
    const [flights, before, after] = [create(), createQuestion(), createQuestion()];
    const first = flights.join("key", before.ask);
    flights[how]("key");
    const second = flights.join("key", after.ask);
    before.answer();
    after.answer();
    assert.deepEqual([(await first).source, (await second).source], Array(2).fill("introspection"));
    assert.deepEqual([before.asked, after.asked], [1, 1]);
  });
}

test("close() lets what is under way end, and asks no more", async () => {
  const [flights, question] = [create(), createQuestion()];
  const under = flights.join("key", question.ask);
  let closed = false;
  const closing = flights.close().then(() => closed = true);
  await assert.rejects(flights.join("other", question.ask), { reason: "closed" });
  const joined = flights.join("key", question.ask);
  await settle();
  assert.equal(closed, false);
  question.answer();
  assert.deepEqual([(await under).source, (await joined).source], ["introspection", "flight"]);
  await closing;
});
