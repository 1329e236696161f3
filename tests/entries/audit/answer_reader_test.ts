import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Answer,
  createAnswerReader,
  MAX_ID_BYTES,
} from "../../../src/entries/audit/answer_reader.ts";
import { RUNS } from "../../support/fuzz_runs.ts";

const encoder = new TextEncoder();

/** Reads texts, each in pieces of some bytes. */
function read(texts: readonly string[], pieceLength = Infinity): Answer[] {
  const answers: Answer[] = [];
  const reader = createAnswerReader((answer) => answers.push(answer));
  for (const text of texts) {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length; at += pieceLength) {
      reader.push(bytes, at, Math.min(bytes.length, at + pieceLength));
    }
    reader.end();
  }
  return answers;
}

const ok = (id: Answer["id"]): Answer => ({ id, outcome: "ok", errorCode: undefined });
const toolError = (id: Answer["id"]): Answer => ({ ...ok(id), outcome: "tool_error" });
const error = (id: Answer["id"], errorCode: number | undefined): Answer => ({
  id,
  outcome: "error",
  errorCode,
});

const READ: [what: string, text: string, answers: Answer[]][] = [
  ["a result", '{"jsonrpc":"2.0","id":1,"result":{}}', [ok(1)]],
  ["a result before its id", '{"result":{"a":{"id":2}},"id":"x","jsonrpc":"2.0"}', [ok("x")]],
  ["a result with spaces", ' { "id" : 1 , "result" : { "isError" : true } } ', [toolError(1)]],
  ["a result that says it is no error", '{"id":1,"result":{"isError":false}}', [ok(1)]],
  ["isError as text", '{"id":1,"result":{"isError":"true"}}', [ok(1)]],
  ["isError deeper", '{"id":1,"result":{"structuredContent":{"isError":true}}}', [ok(1)]],
  ["isError beside the result", '{"id":1,"isError":true,"result":{}}', [ok(1)]],
  ["isError in a list", '{"id":1,"result":["isError",true]}', [ok(1)]],
  ["isError in a text", '{"id":1,"result":{"text":"\\"isError\\":true,\\\\"}}', [ok(1)]],
  ["an escaped name", '{"\\u0069d":1,"result":{"is\\u0045rror":true}}', [toolError(1)]],
  ["a result that is null", '{"id":1,"result":null}', [ok(1)]],
  ["an error", '{"id":1,"error":{"code":-32601,"message":"code","data":{"code":1}}}', [
    error(1, -32601),
  ]],
  ["an error without a code", '{"id":1,"error":{"message":"m"}}', [error(1, undefined)]],
  ["an error whose code is text", '{"id":1,"error":{"code":"1"}}', [error(1, undefined)]],
  ["an error that is text", '{"id":1,"error":"code"}', [error(1, undefined)]],
  ["an error about the whole body", '{"id":null,"error":{"code":-32700}}', [error(null, -32700)]],
  ["both", '{"id":1,"error":{"code":1},"result":{"isError":true}}', [error(1, 1)]],
  ["an id of another kind", '{"id":{"id":1},"result":{}}', [ok(undefined)]],
  ["no id", '{"result":{}}', [ok(undefined)]],
  ["an id that stands twice", '{"id":1,"id":2,"result":{}}', [ok(2)]],
  ["an id with an escape", '{"id":"\\u00e9\\n","result":{}}', [ok("\u00e9\n")]],
  ["the longest id", `{"id":"${"x".repeat(MAX_ID_BYTES)}","result":{}}`, [
    ok("x".repeat(MAX_ID_BYTES)),
  ]],
  ["an id that is too long", `{"id":"${"x".repeat(MAX_ID_BYTES + 1)}","result":{}}`, [
    ok(undefined),
  ]],
  ["a request of the server", '{"id":1,"method":"ping","params":{"result":1}}', []],
  ["a notification", '{"method":"notifications/progress","params":{"id":1}}', []],
  ["a batch", '[{"id":1,"result":{}},{"method":"m"},{"id":2,"error":{"code":3}},[1]]', [
    ok(1),
    error(2, 3),
  ]],
  ["an empty batch", "[]", []],
  ["a long text", `{"result":{"text":"${'\\"{}[]a'.repeat(99)}","isError":true},"id":7}`, [
    toolError(7),
  ]],
  ["text", '"result"', []],
  ["a number", "12", []],
];

for (const [what, text, answers] of READ) {
  test(`createAnswerReader() reads ${what}, whole and byte by byte`, () => {
    assert.deepEqual(read([text]), answers);
    assert.deepEqual(read([text], 1), answers);
    // One text leaves nothing behind for the next.
    assert.deepEqual(read([text, '{"id":9,"result":{}}'], 3), [...answers, ok(9)]);
  });
}

for (
  const text of ["{", '{"id":1,"result":{', '{"id":1,"result":"a', "]]]}", '{"a"', "[[[", "{]"]
) {
  test(`createAnswerReader() goes on after the broken text ${text}`, () => {
    assert.deepEqual(read([text, '{"id":9,"result":{"isError":true}}']), [toolError(9)]);
  });
}

/** The same by the engine's parser. */
function parse(text: string): Answer[] {
  const body: unknown = JSON.parse(text);
  return [body].flat().flatMap((message) => {
    if (typeof message !== "object" || message === null || Array.isArray(message)) return [];
    const members = new Map(Object.entries(message));
    if (members.has("method") || !(members.has("result") || members.has("error"))) return [];
    const given = members.get("id");
    const id = ["string", "number"].includes(typeof given) || given === null ? given : undefined;
    if (members.has("error")) {
      const code: unknown = members.get("error")?.code;
      return [error(id, typeof code === "number" ? code : undefined)];
    }
    return [members.get("result")?.isError === true ? toolError(id) : ok(id)];
  });
}

test("createAnswerReader() reads as JSON.parse() does, in any pieces", () => {
  const value = fc.oneof(
    fc.json(),
    fc.constantFrom("true", '{"isError":true}', '{"code":5}', "null"),
  );
  const member = fc.tuple(
    fc.constantFrom("id", "result", "error", "method", "isError", "code", "other"),
    value,
  );
  const message = fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 5 })
    .map((members) => `{${members.map(([name, json]) => `"${name}": ${json}`).join(",")}}`);
  const body = fc.oneof(message, fc.array(message).map((all) => `[${all.join(", ")}]`), fc.json());
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: 9 }), (text, pieceLength) => {
      assert.deepEqual(read([text], pieceLength), parse(text));
    }),
    RUNS,
  );
});
