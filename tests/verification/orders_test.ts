import assert from "node:assert/strict";
import { test } from "node:test";
import { readFacts } from "../../src/oauth/read_facts.ts";
import { createOrders } from "../../src/verification/orders.ts";
import { ACTIVE } from "../support/harness.ts";

const MAX_ORDERS = 10_000;

const FACTS = readFacts(JSON.stringify(ACTIVE));

test("overtake() is true for questions that are older than an order about their token or user", () => {
  for (const order of ["addToken", "addSubject"] as const) {
    const orders = createOrders();
    const before = orders.last;
    orders[order](order === "addToken" ? "digest" : "user-1");
    assert.equal(orders.overtake("digest", FACTS, before), true);
    assert.equal(orders.overtake("digest", FACTS, orders.last), false);
  }
});

test("overtake() keeps tokens, users and both kinds apart", () => {
  const orders = createOrders();
  const before = orders.last;
  orders.addToken("user-1");
  orders.addSubject("digest");
  orders.addSubject("user-2");
  assert.equal(orders.overtake("digest", FACTS, before), false);
  assert.equal(orders.overtake("digest", readFacts('{"active":true}'), before), false);
});

test("overtake() is true for questions that are older than an order that is no longer kept", () => {
  const orders = createOrders();
  const before = orders.last;
  orders.addToken("digest");
  for (let at = 0; at < MAX_ORDERS - 1; at++) orders.addToken(`token-${at}`);
  assert.equal(orders.overtake("other", FACTS, before), false);
  orders.addToken("one more");
  assert.equal(orders.overtake("other", FACTS, before), true);
  assert.equal(orders.overtake("digest", FACTS, before), true);
  assert.equal(orders.overtake("digest", FACTS, before + 1), false);
});

test("overtake() drops the oldest order first, however old the first order about its token is", () => {
  const orders = createOrders();
  orders.addToken("digest");
  for (let at = 0; at < MAX_ORDERS - 1; at++) orders.addToken(`token-${at}`);
  orders.addToken("digest");
  const before = orders.last - 1;
  orders.addToken("one more");
  assert.equal(orders.overtake("digest", FACTS, before), true);
  assert.equal(orders.overtake("other", FACTS, before), false);
});

test("addToken() keeps the newest order about a token alone", () => {
  const orders = createOrders();
  for (let at = 0; at <= MAX_ORDERS; at++) orders.addToken("digest");
  assert.equal(orders.overtake("other", FACTS, 0), false);
  assert.equal(orders.overtake("digest", FACTS, MAX_ORDERS), true);
});
