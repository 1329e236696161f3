import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteResponse } from "../../src/http/rewrite_response.ts";
import { json } from "../support/harness.ts";

/** Takes `"secret"` out of `list`, and tells whether it was there. */
const rewrite = (message: unknown): boolean => {
  const list: unknown = Object(message).list;
  if (!Array.isArray(list) || !list.includes("secret")) return false;
  Object(message).list = list.filter((entry) => entry !== "secret");
  return true;
};

const JSONS: [what: string, given: string, sent: string][] = [
  ["a message", '{"list":["a","secret"]}', '{"list":["a"]}'],
  [
    "a batch",
    '[{"list":["secret"]},{"id":1},{"list":["secret","b"]}]',
    '[{"list":[]},{"id":1},{"list":["b"]}]',
  ],
  ["what has nothing to be taken out", '{ "list" : ["a"] }', '{ "list" : ["a"] }'],
  ["no JSON", 'not "secret"', 'not "secret"'],
  ["nothing", "", ""],
];

for (const [what, given, sent] of JSONS) {
  test(`rewriteResponse() rewrites ${what}`, async () => {
    const response = await rewriteResponse(new Response(given), rewrite);
    assert.equal(await response.text(), sent);
  });
}

test("rewriteResponse() keeps all else of a response", async () => {
  const given = new Response('{"list":["secret"]}', {
    status: 201,
    statusText: "Fine",
    headers: { "X-Own": "1", "Content-Type": "application/json", "Content-Length": "19" },
  });
  const response = await rewriteResponse(given, rewrite);
  assert.deepEqual([response.status, response.statusText, [...response.headers]], [201, "Fine", [
    ["content-type", "application/json"],
    ["x-own", "1"],
  ]]);
});

for (const type of ["application/json", "text/event-stream"]) {
  test(`rewriteResponse() passes on a response of ${type} without a body`, async () => {
    const headers = { "Content-Type": type, "Content-Encoding": "gzip" };
    const response = await rewriteResponse(new Response(null, { status: 204, headers }), rewrite);
    assert.deepEqual([response.status, response.body], [204, null]);
  });
}

for (const encoding of ["identity", "Identity", "none"]) {
  test(`rewriteResponse() reads an answer whose Content-Encoding is ${encoding}`, async () => {
    const given = json({ list: ["a", "secret"] }, { headers: { "Content-Encoding": encoding } });
    const response = await rewriteResponse(given, rewrite);
    assert.deepEqual([response.status, await response.json()], [200, { list: ["a"] }]);
  });
}

test("rewriteResponse() sends nothing that it cannot read", async () => {
  const given = json({ list: ["secret"] }, { headers: { "Content-Encoding": "gzip" } });
  const response = await rewriteResponse(given, rewrite);
  assert.equal(response.status, 500);
  assert(!(await response.text()).includes("secret"));
});

// HTML, parsing an event stream: lines end in LF, CR or CR LF, data may stand in several.
const EVENTS: [what: string, given: string, sent: string][] = [
  [
    "an event",
    'event: message\nid: 1\ndata: {"list":["a","secret"]}\n\n',
    'event: message\nid: 1\ndata: {"list":["a"]}\n\n',
  ],
  ["data without a space", 'data:{"list":["secret"]}\n\n', 'data: {"list":[]}\n\n'],
  [
    "data in several lines",
    'data: {"list":\ndata: ["secret"]}\nid: 1\n\n',
    'id: 1\ndata: {"list":[]}\n\n',
  ],
  ["data in an empty line too", 'data\ndata: {"list":["secret"]}\n\n', 'data: {"list":[]}\n\n'],
  ["CR LF", 'id: 1\r\ndata: {"list":["secret"]}\r\n\r\n', 'id: 1\ndata: {"list":[]}\n\n'],
  ["CR", 'id: 1\rdata: {"list":["secret"]}\r\rid: 2\r\r', 'id: 1\ndata: {"list":[]}\n\nid: 2\n\n'],
  ["a mixture", 'data: {"list":["secret"]}\n\r\ndata: 1\r\n\n', 'data: {"list":[]}\n\ndata: 1\n\n'],
  [
    "what has nothing to be taken out",
    ': ping\n\nretry: 5\ndata: { "list" : ["a"] }\n\ndata: \n\n\nid: 3\n\n',
    ': ping\n\nretry: 5\ndata: { "list" : ["a"] }\n\ndata: \n\n\nid: 3\n\n',
  ],
  ["an event that has no end", 'data: {"list":["secret"]}', 'data: {"list":[]}'],
  ["a batch", 'data: [{"list":["secret"]},1]\n\n', 'data: [{"list":[]},1]\n\n'],
  [
    "text beyond ASCII",
    'data: {"list":["secret","\u00e9\u{1f600}"]}\n\n',
    'data: {"list":["\u00e9\u{1f600}"]}\n\n',
  ],
  ["nothing", "", ""],
];

function inPieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
  });
}

const STREAM = { headers: { "Content-Type": "Text/Event-Stream; charset=utf-8" } };

for (const [what, given, sent] of EVENTS) {
  test(`rewriteResponse() rewrites ${what}, in pieces of any size`, async () => {
    for (const size of [1, 2, 3, 7, 1000]) {
      const response = await rewriteResponse(new Response(inPieces(given, size), STREAM), rewrite);
      assert.equal(await response.text(), sent, `pieces of ${size}`);
    }
  });
}

test("rewriteResponse() reads text too, which a stream on Node may have in place of bytes", async () => {
  const text = new ReadableStream({
    start(controller) {
      controller.enqueue('data: {"list":["secret"]}\n');
      controller.enqueue("\n");
      controller.close();
    },
  });
  const response = await rewriteResponse(new Response(text, STREAM), rewrite);
  assert.equal(await response.text(), 'data: {"list":[]}\n\n');
});

test("rewriteResponse() sends each event as soon as it is whole", async () => {
  let write = (_text: string): void => {};
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      write = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
  });
  const response = await rewriteResponse(new Response(source, STREAM), rewrite);
  const reader = response.body?.getReader();
  for (const id of ["1", "2"]) {
    write(`id: ${id}\ndata: {"list":["secret"]}\n\nid: 3`);
    const { value } = await reader?.read() ?? {};
    assert.match(new TextDecoder().decode(value), /data: \{"list":\[\]\}\n\n$/);
    write("\n\n");
    await reader?.read();
  }
  await reader?.cancel();
});

test("rewriteResponse() cancels its source when the reader leaves", async () => {
  let left = false;
  const source = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => {}),
    cancel: () => void (left = true),
  });
  const response = await rewriteResponse(new Response(source, STREAM), rewrite);
  await response.body?.cancel();
  assert(left);
});

test("rewriteResponse() breaks off where its source does", async () => {
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("of the server")),
  });
  const response = await rewriteResponse(new Response(source, STREAM), rewrite);
  await assert.rejects(response.text(), { message: "of the server" });
});
