import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createOpenStreams,
  endStreamAt,
  isStandingStream,
  STREAM_ENDED,
} from "../../src/http/standing_streams.ts";
import { createFakeWorld, NOW } from "../support/harness.ts";

const world = () => createFakeWorld(() => Promise.reject(new Error("no network")));

function openStream() {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  const source = {
    cancelled: undefined as unknown,
    write: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    close: () => controller?.close(),
    fail: (error: Error) => controller?.error(error),
    stream: new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (given) => void (controller = given),
      cancel: (reason) => void (source.cancelled = reason),
    }),
  };
  return source;
}

test("endStreamAt() passes each piece on, and ends with its source", async () => {
  const clock = world();
  const source = openStream();
  const stream = endStreamAt(source.stream, NOW + 60, clock, createOpenStreams());
  source.write("a");
  source.write("b");
  source.close();
  assert.equal(await new Response(stream).text(), "ab");
  assert.equal(clock.timers, 0);
});

// G34
test("endStreamAt() ends at its time, after the pieces that were read, and cancels its source", async () => {
  const clock = world();
  const source = openStream();
  const reader = endStreamAt(source.stream, NOW + 60, clock, createOpenStreams()).getReader();
  source.write("a");
  assert.deepEqual((await reader.read()).value, new TextEncoder().encode("a"));
  const waiting = reader.read();
  clock.advance(59);
  assert.equal(source.cancelled, undefined);
  clock.advance(1);
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(source.cancelled, STREAM_ENDED);
});

test("endStreamAt() ends at once when its time is past", async () => {
  const clock = world();
  const reader = endStreamAt(openStream().stream, NOW - 1, clock, createOpenStreams()).getReader();
  clock.advance(0);
  assert.equal((await reader.read()).done, true);
});

// Node prints a warning about a timer with a negative time.
test("endStreamAt() starts no timer with a negative time", () => {
  const times: number[] = [];
  const clock = { ...world(), startTimer: (seconds: number) => (times.push(seconds), () => {}) };
  for (const exp of [NOW - 1, NOW, NOW + 1]) {
    endStreamAt(openStream().stream, exp, clock, createOpenStreams());
  }
  assert.deepEqual(times, [0, 0, 1]);
});

test("endStreamAt() shows each piece before the reader gets it", async () => {
  const seen: string[] = [];
  const onBytes = (bytes: Uint8Array) => void seen.push(new TextDecoder().decode(bytes));
  const source = openStream();
  const reader = endStreamAt(source.stream, undefined, world(), createOpenStreams(), onBytes)
    .getReader();
  for (const text of ["a", "b"]) {
    source.write(text);
    await reader.read();
    assert.equal(seen.at(-1), text);
  }
});

test("endStreamAt() cancels its source when the reader leaves", async () => {
  const clock = world();
  const source = openStream();
  await endStreamAt(source.stream, NOW + 60, clock, createOpenStreams()).cancel("left");
  assert.equal(source.cancelled, "left");
  assert.equal(clock.timers, 0);
});

test("endStreamAt() passes on the source's own failure", async () => {
  const clock = world();
  const source = openStream();
  const reader = endStreamAt(source.stream, NOW + 60, clock, createOpenStreams()).getReader();
  source.fail(new Error("broken"));
  await assert.rejects(reader.read(), { message: "broken" });
  assert.equal(clock.timers, 0);
});

test("endStreamAt() ends with a piece that cannot be read, and for good", async () => {
  const clock = world();
  const source = openStream();
  const streams = createOpenStreams();
  const onBytes = () => assert.fail("not bytes");
  const reader = endStreamAt(source.stream, NOW + 60, clock, streams, onBytes).getReader();
  source.write("a");
  await assert.rejects(reader.read(), { message: "not bytes" });
  assert.equal(clock.timers, 0);
  // A stream that has failed cannot be closed: an error in a timer would end the process.
  streams.endAll();
  assert(source.cancelled instanceof Error);
});

test("endStreamAt() ends a stream without exp when all end, and lists it no longer", async () => {
  const clock = world();
  const source = openStream();
  const streams = createOpenStreams();
  const reader = endStreamAt(source.stream, undefined, clock, streams).getReader();
  const waiting = reader.read();
  streams.endAll();
  streams.endAll();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(source.cancelled, STREAM_ENDED);
});

test("endStreamAt() is listed for as long as it is open", async () => {
  let open = 0;
  const streams = {
    add: () => {
      open++;
      return () => void open--;
    },
    endAll: () => {},
  };
  const source = openStream();
  const reader = endStreamAt(source.stream, NOW + 60, world(), streams).getReader();
  assert.equal(open, 1);
  source.close();
  await reader.read();
  assert.equal(open, 0);
});

test("endStreamAt() ends at once, and keeps no timer, when all have ended", async () => {
  const clock = world();
  const streams = createOpenStreams();
  streams.endAll();
  const reader = endStreamAt(openStream().stream, NOW + 60, clock, streams).getReader();
  assert.equal((await reader.read()).done, true);
  assert.equal(clock.timers, 0);
});

const STREAMS: [
  method: string,
  mcpMethod: string | undefined,
  type: string | undefined,
  is: boolean,
][] = [
  ["GET", undefined, "text/event-stream", true],
  ["GET", undefined, "Text/Event-Stream; charset=utf-8", true],
  ["GET", undefined, "application/json", false],
  ["GET", undefined, "text/event-streams", false],
  ["POST", undefined, "text/event-stream", false],
  ["POST", "tools/call", "text/event-stream", false],
  ["POST", "subscriptions/listen", "text/event-stream", true],
  ["POST", "subscriptions/listen", "application/json", false],
];

for (const [method, mcpMethod, type, is] of STREAMS) {
  test(`isStandingStream() is ${is} for ${method} ${mcpMethod ?? ""} with ${type}`, () => {
    const headers = new Headers(mcpMethod === undefined ? {} : { "Mcp-Method": mcpMethod });
    const request = new Request("https://h/mcp", { method, headers });
    const response = new Response("data: a\n\n", { headers: { "Content-Type": type ?? "" } });
    assert.equal(isStandingStream(request, response), is);
  });
}

const LEFT_ALONE: [what: string, init: RequestInit, type: string][] = [
  ["an answer that is no stream", {}, "application/json"],
  ["the stream that answers a call", { method: "POST" }, "text/event-stream"],
];

// Once it is looked at, a text is sent as a stream, at twice the cost.
for (const [what, init, type] of LEFT_ALONE) {
  test(`isStandingStream() does not look at the body of ${what}`, () => {
    const response = new Response("{}", { headers: { "Content-Type": type } });
    Object.defineProperty(response, "body", { get: () => assert.fail("the body was looked at") });
    assert.equal(
      isStandingStream(new Request("https://mcp.example.com/mcp", init), response),
      false,
    );
  });
}
