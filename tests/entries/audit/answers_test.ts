import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Answer, MAX_ANSWER_LENGTH, readAnswers } from "../../../src/entries/audit/answers.ts";
import { RUNS } from "../../support/fuzz_runs.ts";

function read(text: string): Answer[] {
  const answers: Answer[] = [];
  readAnswers(text, (answer) => answers.push(answer));
  return answers;
}

const ok = (id: Answer["id"]): Answer => ({ id, outcome: "ok", errorCode: undefined });
const toolError = (id: Answer["id"]): Answer => ({ ...ok(id), outcome: "tool_error" });
const error = (id: Answer["id"], errorCode: number | undefined): Answer => ({
  id,
  outcome: "error",
  errorCode,
});
/** Writes each character of a text as JSON's escape. */
function escape(text: string): string {
  return text.replaceAll(/./g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const LONG_TEXT = "x".repeat(3000);

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
  ["isError with its capital escaped", '{"id":1,"result":{"is\\u0045rror":true}}', [toolError(1)]],
  ["isError with an i escaped", '{"id":1,"result":{"\\u0069sError" : true}}', [toolError(1)]],
  ["isError with an o escaped", '{"id":1,"result":{"isErr\\u006Fr":true}}', [toolError(1)]],
  ["isError with all letters escaped", `{"id":1,"result":{"${escape("isError")}":true}}`, [
    toolError(1),
  ]],
  ["isError escaped that says it is no error", '{"id":1,"result":{"is\\u0045rror":false}}', [
    ok(1),
  ]],
  ["isError escaped in a text", '{"id":1,"result":{"text":"is\\u0045rror"}}', [ok(1)]],
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
  ["an id with an escape", '{"id":"\\u00e9\\n","result":{}}', [ok("\u00e9\n")]],
  ["a request of the server", '{"id":1,"method":"ping","params":{"result":1}}', []],
  ["a notification", '{"method":"notifications/progress","params":{"id":1}}', []],
  ["a batch", '[{"id":1,"result":{}},{"method":"m"},{"id":2,"error":{"code":3}},[1]]', [
    ok(1),
    error(2, 3),
  ]],
  ["an empty batch", "[]", []],
  ["text", '"result"', []],
  ["a number", "12", []],
  ["a broken text", '{"id":1,"error":{}', []],
  ["a text that is too long", " ".repeat(MAX_ANSWER_LENGTH) + '{"id":1,"result":{}}', []],
];

for (const [what, text, answers] of READ) {
  test(`readAnswers() reads ${what}`, () => assert.deepEqual(read(text), answers));
}

/** Long messages in the spellings of the MCP SDKs, which are not parsed, and others, which are. */
const LONG: [text: string, answer: Answer | undefined][] = [
  [`{"jsonrpc":"2.0","id":1,"result":{"text":"${LONG_TEXT}"}}`, ok(1)],
  [`{"jsonrpc":"2.0","id":1,"result":{"text":"${LONG_TEXT}","isError":true}}`, toolError(1)],
  [`{"jsonrpc":"2.0","id":1,"result":{"text":"${LONG_TEXT}","isError": false}}`, ok(1)],
  [`{"result":{"text":"${LONG_TEXT}"},"jsonrpc":"2.0","id":"a"}`, ok("a")],
  [`{"result":{"text":"${LONG_TEXT}"},"id":-5,"jsonrpc":"2.0"}\n`, ok(-5)],
  [`{"result":{"isError" : true,"text":"${LONG_TEXT}"},"jsonrpc":"2.0","id":7}`, toolError(7)],
  [`{"result":{"text":"${LONG_TEXT}","id":8}}`, ok(undefined)],
  [`{"result":{"text":"EErrorE${LONG_TEXT}","isError":true},"id":9}`, toolError(9)],
  [`{"result":{"text":"EErrorE${LONG_TEXT}isError"},"id":9}`, ok(9)],
  [`{"result":{"text":"${LONG_TEXT},\\"id\\":8}"}}`, ok(undefined)],
  [`{"result":{"text":"${LONG_TEXT}"},"id":1e3}`, ok(1000)],
  [`{"result":{"text":"${LONG_TEXT}"},"id":"\\u00e9"}`, ok("\u00e9")],
  [`{"jsonrpc":"2.0","method":"m","params":{"text":"${LONG_TEXT}"}}`, undefined],
  [`{"params":{"text":"${LONG_TEXT}"},"id":1,"method":"m"}`, undefined],
  [`{"jsonrpc":"2.0","id":1,"error":{"code":5,"message":"${LONG_TEXT}"}}`, error(1, 5)],
  [`[{"result":{"text":"${LONG_TEXT}"},"id":1}]`, ok(1)],
];

for (const [text, answer] of LONG) {
  const shown = text.replaceAll(LONG_TEXT, "...").trim();
  test(`readAnswers() reads the long message ${shown}`, () => {
    assert.deepEqual(read(text), answer === undefined ? [] : [answer]);
  });
}

test("readAnswers() finds isError behind any number of its letter", () => {
  const letters = "E".repeat(5000);
  const message = (isError: boolean) =>
    `{"result":{"text":"${letters}","isError":${isError},"more":"${letters}"},"jsonrpc":"2.0","id":1}`;
  assert.deepEqual([read(message(true)), read(message(false))], [[toolError(1)], [ok(1)]]);
});

test("readAnswers() finds isError with an escape behind any number of others", () => {
  const others = "00\\u001b[0m".repeat(5000);
  const message = (name: string) =>
    `{"result":{"text":"${others}","${name}":true,"more":"${others}"},"jsonrpc":"2.0","id":1}`;
  assert.deepEqual(read(message("isErr\\u006fr")), [toolError(1)]);
  assert.deepEqual(read(message("isErr\\u001br")), [ok(1)]);
});

test("readAnswers() reads long messages as it reads short ones", () => {
  const value = fc.oneof(fc.json(), fc.constantFrom("true", '{"isError":true}', '{"code":5}'));
  const member = fc.tuple(fc.constantFrom("id", "result", "method", "jsonrpc", "other"), value);
  const id = fc.tuple(fc.constant("id"), fc.constantFrom("1", '"a"', "null", "1.5", '"\\n"'));
  const version = fc.constant(["jsonrpc", '"2.0"'] as const);
  const message = fc.uniqueArray(fc.oneof(member, id, version), {
    // A message has one of both.
    selector: ([name]) => name === "method" ? "result" : name,
    maxLength: 4,
  }).map((members) => members.map(([name, json]) => `"${name}":${json}`));
  fc.assert(
    fc.property(message, fc.nat(4), (members, at) => {
      const withFiller = (filler: string): string =>
        `{${members.toSpliced(at, 0, `"filler":"${filler}"`).join(",")}}`;
      assert.deepEqual(read(withFiller(LONG_TEXT)), read(withFiller("")));
    }),
    RUNS,
  );
});
