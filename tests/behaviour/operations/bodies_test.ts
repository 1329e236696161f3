import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ACTIVE, createHarness, json, mcpRequest } from "../../support/harness.ts";
import { call, DENY, message, POLICY, send } from "./tried.ts";

// Bodies that are read, refused, or left alone.

/** Text as UTF-16, little endian, behind its byte order mark. */
const utf16 = (text: string) =>
  new Uint8Array([0xff, 0xfe, ...[...text].flatMap((letter) => [letter.charCodeAt(0), 0])]);
const CALL = JSON.stringify(call("add_note"));

// Readers that take more than JSON would find a call in most of these.
const NOT_JSON: [what: string, body: BodyInit, type?: string][] = [
  ["half of JSON", '{"jsonrpc":"2.0","method":'],
  ["a number that JSON has not", CALL.replace('"id":1', '"id":NaN')],
  ["one call after another", `${CALL}\n${CALL}`],
  ["a call behind a comment", `/**/${CALL}`],
  ["quotes of another kind", CALL.replaceAll('"', "'")],
  ["a comma at the end", CALL.replace(/\}$/, ",}")],
  ["UTF-16", utf16(CALL)],
  ["two byte order marks", `\ufeff\ufeff${CALL}`],
  ["white space alone", " \n"],
  ["a byte order mark alone", "\ufeff"],
  ["text", "hello \u00e4", "text/plain"],
  ["a form", "name=add_note", "application/x-www-form-urlencoded"],
];

for (const [what, body, type = "application/json"] of NOT_JSON) {
  test(`handler() answers 400 to ${what} as a body, with either defaultOperation`, async () => {
    for (const options of [POLICY, DENY]) {
      const headers = { "Content-Type": type };
      const { response, reached } = await send(body, "mcp notes:admin", options, { headers });
      assert.deepEqual([response.status, reached], [400, undefined]);
      assert.deepEqual(await response.json(), {
        jsonrpc: "2.0",
        error: { code: -32700, message: "The request body must be JSON" },
        id: null,
      });
    }
  });
}

test("handler() hands on an empty body", async () => {
  const { response, reached } = await send("", "mcp", DENY);
  assert.equal(response.status, 200);
  assert.deepEqual([reached?.text, reached?.parsedBody], ["", undefined]);
});

test("handler() takes JSON for JSON, whatever type the client says", async () => {
  const headers = { "Content-Type": "text/plain" };
  const { response } = await send(CALL, "mcp", POLICY, { headers });
  assert.equal(response.status, 403);
});

/** An empty object behind white space, in pieces and without a declared length. */
function inPieces(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 65_536);
      if (size === 0) return controller.close();
      left -= size;
      const end = left === 0 ? "{}" : "";
      controller.enqueue(new TextEncoder().encode(end.padStart(size)));
    },
  });
}

const LIMIT = 4 * 1024 * 1024;
const SIZES: [
  what: string,
  body: () => BodyInit,
  headers: Record<string, string>,
  status: number,
][] = [
  ["4 MiB in pieces", () => inPieces(LIMIT), {}, 200],
  ["more in pieces", () => inPieces(LIMIT + 1), {}, 413],
  ["4 MiB at once", () => "{}".padStart(LIMIT), { "Content-Length": `${LIMIT}` }, 200],
  ["more at once", () => " ".repeat(LIMIT + 1), { "Content-Length": `${LIMIT + 1}` }, 413],
  ["more than it declares", () => " ".repeat(LIMIT + 1), { "Content-Length": "1" }, 413],
  ["less than it declares", () => "{}", { "Content-Length": `${LIMIT + 1}` }, 413],
  ["no number for a length", () => "{}", { "Content-Length": "many" }, 200],
];

for (const [what, body, headers, status] of SIZES) {
  test(`handler() answers ${status} to a body of ${what}`, async () => {
    const init: RequestInit & { duplex: "half" } = { headers, duplex: "half" };
    const { response, reached } = await send(body(), "mcp", POLICY, init);
    assert.deepEqual([response.status, reached !== undefined], [status, status === 200]);
  });
}

const ENCODED: [headers: Record<string, string>, status: number][] = [
  [{ "Content-Type": "application/json; charset=utf-8" }, 200],
  [{ "Content-Type": 'application/json; charset="UTF-8"' }, 200],
  [{ "Content-Encoding": "identity" }, 200],
  [{ "Content-Type": "application/json; charset=utf-8; charset=us-ascii" }, 200],
  [{ "Content-Type": "application/json; charset=utf-16" }, 415],
  [{ "Content-Type": "application/json; charset=utf-8; charset=utf-16" }, 415],
  [{ "Content-Type": "application/json; charset=utf-8, a/b; charset=utf-16" }, 415],
  [{ "Content-Type": 'application/json; charset="utf\\-16"' }, 415],
  [{ "Content-Type": "application/json; charset*=utf-8''utf-16" }, 415],
  [{ "Content-Type": 'application/json;charset = "utf-7"' }, 415],
  [{ "Content-Type": 'application/json; a="; charset=utf-8"; charset=utf-16' }, 415],
  [{ "Content-Type": "application/json; charset=utf-8, application/json; charset=utf-16" }, 415],
  [{ "Content-Encoding": "gzip" }, 415],
  [{ "Content-Encoding": "identity, br" }, 415],
];

// A server behind us could decode other JSON than the one that was judged.
for (const [headers, status] of ENCODED) {
  test(`handler() answers ${status} to ${JSON.stringify(headers)}`, async () => {
    const { response } = await send(JSON.stringify(message("ping")), "mcp", POLICY, { headers });
    assert.equal(response.status, status);
  });
}

test("handler() answers 400 to a body that breaks off", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  const init: RequestInit & { duplex: "half" } = { duplex: "half" };
  const { response, reached } = await send(body, "mcp", POLICY, init);
  assert.deepEqual([response.status, reached], [400, undefined]);
});

for (const headers of [{ "Content-Length": "2" }, { "Transfer-Encoding": "chunked" }]) {
  test(`handler() hands nothing on when the body of ${JSON.stringify(headers)} was kept from it`, async () => {
    const init = { headers: { ...headers } };
    const { response, reached } = await send(null, "mcp", POLICY, init);
    assert.deepEqual([response.status, reached], [400, undefined]);
  });
}

test("handler() hands on a request that has no body", async () => {
  for (
    const init of [{ method: "DELETE" }, { method: "POST", headers: { "Content-Length": "0" } }]
  ) {
    const { response } = await send(null, "mcp", POLICY, init);
    assert.equal(response.status, 200);
  }
});

// Once it is looked at, a body is read as a stream, at a higher cost.
test("handler() does not look at a body that it reads as a whole", async () => {
  const { auth } = createHarness(POLICY, () => json({ ...ACTIVE, scope: "mcp" }));
  const body = JSON.stringify(call("about"));
  const request = mcpRequest("token-1", { body, headers: { "Content-Length": `${body.length}` } });
  Object.defineProperty(request, "body", { get: () => assert.fail("the body was looked at") });
  const response = await auth.handler(() => new Response("ok"))(request);
  assert.equal(await response.text(), "ok");
});

/** A request that counts how often its body is read. */
function watchedRequest(): { request: Request; reads: number } {
  const pull = () => void watched.reads++;
  const body = new ReadableStream({ pull }, { highWaterMark: 0 });
  const init: RequestInit & { duplex: "half" } = { body, duplex: "half" };
  const watched = { request: mcpRequest("token-1", init), reads: 0 };
  return watched;
}

test("handler() reads no body without a policy", async () => {
  const harness = createHarness();
  const watched = watchedRequest();
  let options: unknown;
  const response = await harness.auth.handler((_, given) => {
    options = given;
    return new Response("ok");
  })(watched.request);
  assert.equal(response.status, 200);
  assert.deepEqual(Object.keys(options ?? {}), ["authInfo"]);
  // The request is copied, for which Bun reads ahead once.
  const copied = watchedRequest();
  new Request(copied.request);
  await setImmediate();
  assert.equal(watched.reads, copied.reads);
});

test("handler() reads no body of a caller whose token is refused", async () => {
  const { auth } = createHarness(POLICY, () => json({ active: false }));
  const watched = watchedRequest();
  assert.equal((await auth.handler(() => new Response("ok"))(watched.request)).status, 401);
  assert.equal(watched.reads, 0);
});
