import assert from "node:assert/strict";
import { test } from "node:test";
import { ForwardedRequest } from "../../src/lib/forwarded_request.ts";

const URL_ = "https://mcp.example.com/mcp";
const TEXT = '{"a":"\u00e9"}';
const unasked = () => assert.fail("The signal was asked for");
const create = (getSignal: () => AbortSignal = unasked) =>
  new ForwardedRequest({
    url: URL_,
    method: "POST",
    headers: [["content-type", "application/json"]],
    body: TEXT,
    getSignal,
  });

const READERS: [what: string, read: (request: Request) => Promise<unknown>][] = [
  ["text()", (request) => request.text()],
  ["json()", async (request) => JSON.stringify(await request.json())],
  ["arrayBuffer()", async (request) => new TextDecoder().decode(await request.arrayBuffer())],
  ["body", (request) => new Response(request.body).text()],
  ["clone()", (request) => request.clone().text()],
  ["new Request()", (request) => new Request(request).text()],
];

for (const [what, read] of READERS) {
  test(`ForwardedRequest gives its body by ${what}`, async () => {
    const request = create(what === "clone()" ? () => new AbortController().signal : unasked);
    assert.equal(request.bodyUsed, false);
    assert.equal(await read(request), TEXT);
  });

  if (!["text()", "json()", "clone()"].includes(what)) continue;
  test(`ForwardedRequest refuses ${what} when text() has read the body`, async () => {
    const request = create();
    await request.text();
    assert.equal(request.bodyUsed, true);
    await assert.rejects(async () => await read(request), TypeError);
  });
}

test("ForwardedRequest refuses text() when its body was read otherwise", async () => {
  const request = create();
  await request.arrayBuffer();
  await assert.rejects(request.text(), TypeError);
  await assert.rejects(request.json(), TypeError);
});

test("ForwardedRequest and its clone have the signal of the request that is forwarded", () => {
  const abort = new AbortController();
  const request = create(() => abort.signal);
  const clone = request.clone();
  abort.abort();
  assert.deepEqual([request.signal.aborted, clone.signal.aborted], [true, true]);
  assert.deepEqual([clone.method, clone.url, [...clone.headers]], [
    "POST",
    URL_,
    [["content-type", "application/json"]],
  ]);
});
