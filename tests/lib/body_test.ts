import assert from "node:assert/strict";
import { test } from "node:test";
import {
  declaresBody,
  discard,
  isPlainUtf8,
  readBytes,
  readText,
  readTextOrBytes,
} from "../../src/lib/body.ts";

function inPieces(...pieces: (string | number[])[]): Response {
  const open = pieces.map((piece) =>
    typeof piece === "string" ? new TextEncoder().encode(piece) : new Uint8Array(piece)
  );
  return new Response(
    new ReadableStream({
      pull(controller) {
        const piece = open.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    }),
  );
}

const READ: [when: string, response: () => Response, text: string | undefined][] = [
  ["there is no body", () => new Response(null), ""],
  ["it comes in pieces", () => inPieces("ab", "", "cd"), "abcd"],
  ["a character is split", () => inPieces([0xc3], [0xa9]), "\u00e9"],
  ["it has just the limit", () => inPieces("12345678"), "12345678"],
  ["it is a byte too long", () => inPieces("12345678", "9"), undefined],
  ["it is no UTF-8", () => inPieces([0xff]), undefined],
  ["it ends inside a character", () => inPieces("ab", [0xc3]), undefined],
];

for (const [when, response, text] of READ) {
  test(`readText() gives ${JSON.stringify(text)} when ${when}`, async () => {
    assert.equal(await readText(response(), 8), text);
  });
}

test("readText() stops reading past the limit", async () => {
  let pulled = 0;
  let cancelled = false;
  const endless = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(8));
    },
    cancel: () => void (cancelled = true),
  });
  assert.equal(await readText(new Response(endless), 20), undefined);
  assert(cancelled);
  assert(pulled < 10);
});

test("readText() passes on the error of a body that breaks off", async () => {
  const broken = new ReadableStream({ pull: () => Promise.reject(new Error("reset")) });
  await assert.rejects(readText(new Response(broken), 8), { message: "reset" });
});

const SIZES: [when: string, headers: HeadersInit, bytes: number, read: boolean][] = [
  ["it has just the limit", {}, 8, true],
  ["it is a byte too long", {}, 9, false],
  ["it is as long as it declares", { "Content-Length": "8" }, 8, true],
  ["it is longer than it declares", { "Content-Length": "1" }, 9, false],
  ["it declares too much", { "Content-Length": "9" }, 1, false],
  ["it declares nonsense", { "Content-Length": "a" }, 8, true],
];

for (const [when, headers, bytes, read] of SIZES) {
  test(`readBytes() gives ${read ? "the body" : "nothing"} when ${when}`, async () => {
    const body = new Uint8Array(bytes).fill(7);
    const request = new Request("http://h", { method: "POST", headers, body });
    assert.deepEqual(await readBytes(request, 8), read ? body : undefined);
  });
}

const SHORT = 16 * 1024;
const KINDS: [what: string, length: number, declared: number, kind: string][] = [
  ["text", SHORT, SHORT, "string"],
  ["bytes when it is longer", SHORT + 1, SHORT + 1, "object"],
  ["bytes when it is longer than it declares", SHORT + 1, 1, "object"],
  ["nothing past the limit", 2 * SHORT + 1, 2 * SHORT + 1, "undefined"],
  ["nothing past the limit, whatever it declares", 2 * SHORT + 1, 1, "undefined"],
];

for (const [what, length, declared, kind] of KINDS) {
  test(`readTextOrBytes() gives a body as ${what}`, async () => {
    const init = { method: "POST", headers: { "Content-Length": `${declared}` } };
    const body = new Uint8Array(length).fill(0x61);
    const read = await readTextOrBytes(new Request("http://h", { ...init, body }), 2 * SHORT);
    assert.equal(typeof read, kind);
    if (read !== undefined) assert.equal(read.length, length);
  });
}

test("readBytes() stops reading past the limit", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(8)),
    cancel: () => void (cancelled = true),
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  assert.equal(await readBytes(new Request("http://h", init), 20), undefined);
  assert(cancelled);
});

test("readBytes() gives no bytes where there is no body", async () => {
  assert.deepEqual(await readBytes(new Request("http://h"), 8), new Uint8Array());
});

test("discard() is silent about a body that cannot be cancelled", async () => {
  discard(new Response(new ReadableStream({ cancel: () => Promise.reject(new Error("no")) })));
  discard(new Response(null));
  await Promise.resolve();
});

const HEADERS: [headers: Record<string, string>, declared: boolean, plain: boolean][] = [
  [{}, false, true],
  [{ "Content-Length": "0" }, false, true],
  [{ "Content-Length": "2", "Content-Type": "application/json" }, true, true],
  [{ "Content-Length": "x", "Content-Encoding": "Identity" }, true, true],
  [{ "Transfer-Encoding": "chunked", "Content-Encoding": "gzip" }, true, false],
  [{ "Content-Type": 'application/json; charset="UTF-8"' }, false, true],
  [{ "Content-Type": "application/json;charset=us-ascii" }, false, true],
  [{ "Content-Type": "application/json; charset=utf-16" }, false, false],
  [{ "Content-Type": "application/json; charset=utf-8; charset=utf-16" }, false, false],
];

for (const [fields, declared, plain] of HEADERS) {
  test(`declaresBody() and isPlainUtf8() read ${JSON.stringify(fields)}`, () => {
    const headers = new Headers(fields);
    assert.deepEqual([declaresBody(headers), isPlainUtf8(headers)], [declared, plain]);
  });
}
