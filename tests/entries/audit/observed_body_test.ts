import assert from "node:assert/strict";
import { test } from "node:test";
import { observeShortBody } from "../../../src/entries/audit/observed_body.ts";
import { settle } from "../../support/harness.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A body that a test writes, and a log of what the observer hears. */
function createObserved() {
  const encoder = new TextEncoder();
  const heard: string[] = [];
  let controller: ReadableStreamDefaultController<Bytes> | undefined;
  let pulls = 0;
  const source = new ReadableStream<Bytes>({
    start: (given) => void (controller = given),
    pull: () => void pulls++,
    cancel: (reason) => void heard.push(`source: ${reason}`),
  }, { highWaterMark: 0 });
  return {
    heard,
    pulls: () => pulls,
    sendAsIs: (piece: unknown) => controller?.enqueue(piece as Bytes),
    send: (text: string) => controller?.enqueue(encoder.encode(text)),
    close: () => controller?.close(),
    fail: () => controller?.error(new Error("broken")),
    observe: () =>
      observeShortBody(source, {
        onBytes: (bytes) => heard.push(new TextDecoder().decode(bytes).slice(0, 5)),
        onEnd: () => heard.push("end"),
        onLeave: (reason) => heard.push(`left: ${reason}`),
      }),
  };
}

const ENDED: [what: string, pieces: string[]][] = [
  ["nothing", []],
  ["one piece", ["hello"]],
  ["several pieces", ["hello", " ", "world"]],
];

for (const [what, pieces] of ENDED) {
  test(`observeShortBody() gives the bytes of a body of ${what} that has ended`, async () => {
    const { observe, send, close, heard } = createObserved();
    pieces.forEach(send);
    close();
    const body = await observe();
    assert(body instanceof Uint8Array);
    assert.equal(new TextDecoder().decode(body), pieces.join(""));
    assert.deepEqual(heard, [...pieces, "end"]);
  });
}

test("observeShortBody() passes on pieces that are no bytes, and reads text", async () => {
  const { observe, sendAsIs, send, close, heard } = createObserved();
  send("hello");
  sendAsIs("texts");
  sendAsIs(42);
  close();
  const body = await observe();
  assert(body instanceof ReadableStream);
  const pieces: unknown[] = [];
  for await (const piece of body) pieces.push(piece);
  assert.deepEqual(pieces, [new TextEncoder().encode("hello"), "texts", 42]);
  assert.deepEqual(heard, ["hello", "texts", "end"]);
});

test("observeShortBody() waits for a body that promises end at once", async () => {
  const { observe, send, close } = createObserved();
  const observed = observe();
  for (let tick = 0; tick < 5; tick++) await undefined;
  send("hello");
  for (let tick = 0; tick < 5; tick++) await undefined;
  close();
  assert(await observed instanceof Uint8Array);
});

test("observeShortBody() passes on what comes later, piece by piece as it is read", async () => {
  const { observe, send, close, heard, pulls } = createObserved();
  send("early");
  const body = await observe();
  assert(body instanceof ReadableStream);
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const read = async () => decoder.decode((await reader.read()).value);
  assert.equal(await read(), "early");
  send("later");
  assert.equal(await read(), "later");
  const pulled = pulls();
  await settle();
  assert.equal(pulls(), pulled);
  close();
  assert.deepEqual(await reader.read(), { done: true, value: undefined });
  assert.deepEqual(heard, ["early", "later", "end"]);
});

test("observeShortBody() reads 1 MiB ahead, and passes the rest on", async () => {
  const { observe, send, close, heard } = createObserved();
  for (let piece = 0; piece < 4; piece++) send("x".repeat(512 * 1024));
  close();
  const body = await observe();
  assert(body instanceof ReadableStream);
  assert.equal(heard.length, 3);
  assert.equal((await new Response(body).text()).length, 2 * 1024 * 1024);
  assert.equal(heard.length, 5);
});

test("observeShortBody() passes on what came before a failure, and the failure", async () => {
  const { observe, send, fail, heard } = createObserved();
  const observed = observe();
  send("early");
  await settle();
  fail();
  const body = await observed;
  assert(body instanceof ReadableStream);
  const reader = body.getReader();
  assert.equal((await reader.read()).value?.length, 5);
  await assert.rejects(reader.read(), { message: "broken" });
  assert.deepEqual(heard, ["early", "end"]);
});

test("observeShortBody() reports a reader who leaves, and cancels the source", async () => {
  const { observe, send, heard } = createObserved();
  send("early");
  const body = await observe();
  assert(body instanceof ReadableStream);
  await body.cancel("gone");
  assert.deepEqual(heard, ["early", "left: gone", "source: gone"]);
});
