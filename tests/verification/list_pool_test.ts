import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createListPool,
  MAX_POOLED_LENGTH,
  MAX_POOLED_LISTS,
} from "../../src/verification/list_pool.ts";

test("createListPool() gives one list for all that are equal", () => {
  const share = createListPool();
  const first = ["read", "write"];
  assert.equal(share(first), first);
  assert.equal(share(["read", "write"]), first);
});

test("createListPool() keeps apart what only looks equal when it is joined", () => {
  const share = createListPool();
  const lists = [[], [""], ["a b"], ["a", "b"], ["a,b"], ['a","b'], ["b", "a"]];
  lists.forEach(share);
  for (const list of lists) assert.deepEqual(share([...list]), list);
});

test("createListPool() does not keep a list that is too long", () => {
  const share = createListPool();
  const list = ["x".repeat(MAX_POOLED_LENGTH)];
  assert.equal(share(list), list);
  const equal = [...list];
  assert.equal(share(equal), equal);
});

test("createListPool() starts anew when it is full", () => {
  const share = createListPool();
  const first = ["0"];
  share(first);
  for (let i = 1; i < MAX_POOLED_LISTS; i++) share([`${i}`]);
  assert.equal(share(["0"]), first);
  share(["one more"]);
  const equal = ["0"];
  assert.equal(share(equal), equal);
});
