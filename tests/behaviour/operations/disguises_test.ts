import assert from "node:assert/strict";
import { test } from "node:test";
import { call, message, POLICY, send } from "./tried.ts";

// Calls in disguise: none gets past the policy.

// A name in another Unicode form: unknown where the unknown is refused, else judged as the tool that
// a server would find that folds it.
const NAMES: [name: string, asked: string][] = [
  ["caf\u00e9", "cafe\u0301"],
  ["cafe\u0301", "caf\u00e9"],
  ["purge", "\uff50\uff55\uff52\uff47\uff45"],
  ["file", "\ufb01le"],
];

for (const [name, asked] of NAMES) {
  test(`handler() lets nobody past a rule for ${name} by ${JSON.stringify(asked)}`, async () => {
    const operations = { tools: { [name]: ["a"] }, prompts: { [name]: ["a"] } };
    for (const body of [call(asked), message("prompts/get", { name: asked })]) {
      for (const defaultOperation of ["allow", "deny"] as const) {
        const { response, reached } = await send(JSON.stringify(body), "", {
          operations,
          defaultOperation,
        });
        assert.deepEqual([response.status, reached], [403, undefined]);
      }
    }
  });
}

const DEPTH = 200_000;
const TWICE =
  '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"about"},' +
  '"params":{"name":"add_note"}}';
const HOSTILE: [what: string, body: BodyInit, status: number][] = [
  ["a method and parameters that stand twice", TWICE, 403],
  [
    "a name that is written in escapes",
    '{"method":"tools/call","params":{"name":"add\\u005fnote"}}',
    403,
  ],
  [
    "a member that is written in escapes",
    '{"\\u006dethod":"tools/call","params":{"name":"add_note"}}',
    403,
  ],
  ["a byte order mark", `\ufeff${JSON.stringify(call("add_note"))}`, 403],
  ["white space all around", ` \n${JSON.stringify(call("add_note"), null, 2)}\t`, 403],
  ["a batch in a batch", JSON.stringify([[call("add_note")]]), 400],
  ["an object in a batch of numbers", JSON.stringify([1, call("add_note")]), 400],
  ["text in text", JSON.stringify(JSON.stringify(call("add_note"))), 400],
  ["a name in a list", JSON.stringify(call("add_note")).replace('"add_note"', '["add_note"]'), 400],
  ["an id that is a call", JSON.stringify({ ...call("add_note"), id: call("about") }), 403],
  ["a method in capitals", '{"METHOD":"tools/call","params":{"name":"add_note"}}', 400],
  ["a prototype", '{"__proto__":{"method":"tools/call","params":{"name":"add_note"}}}', 400],
  [
    "broken UTF-8 beside the call",
    new Uint8Array([
      ...new TextEncoder().encode('{"method":"tools/call","params":{"name":"add_note"},"x":"'),
      0xff,
      ...new TextEncoder().encode('"}'),
    ]),
    403,
  ],
  // Infinity as a value, `null` when it is written again.
  ...["1e309", "-1E+999", `1${"0".repeat(309)}`, `${"9".repeat(250)}e60`].map((
    number,
  ): [string, string, number] => [
    `the number ${number.slice(0, 8)} among allowed arguments`,
    JSON.stringify(call("about", { n: 0 })).replace('"n":0', `"n":${number}`),
    400,
  ]),
  ["deep nesting in its arguments", nested(call("add_note", { a: 0 })), 400],
  ["deep nesting in what is allowed", nested(call("about", { a: 0 })), 400],
  [
    "deep nesting around it",
    `${"[".repeat(DEPTH)}${JSON.stringify(call("add_note"))}${"]".repeat(DEPTH)}`,
    400,
  ],
];

/** Nests far deeper than a function that calls itself can follow. */
function nested(body: unknown): string {
  return JSON.stringify(body).replace('"a":0', `"a":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`);
}

for (const [what, body, status] of HOSTILE) {
  test(`handler() lets no call past it by ${what}`, async () => {
    const { response, reached } = await send(body, "mcp");
    assert.deepEqual([response.status, reached !== undefined], [status, false]);
  });
}

test("handler() forwards the judged value, not the bytes that came", async () => {
  const body = '{"jsonrpc":"2.0", "id":1, "method":"tools/call", "method":"ping", "params":{}}';
  const { reached } = await send(body, "mcp", POLICY, {
    headers: { "Content-Length": `${body.length}` },
  });
  assert.deepEqual(reached?.parsedBody, { jsonrpc: "2.0", id: 1, method: "ping", params: {} });
  assert.equal(reached?.text, '{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}');
});

test("handler() takes a large number, and the text of a larger one", async () => {
  const body = JSON.stringify(call("about", { n: 1e308, text: "1e999" }));
  assert.equal((await send(body, "mcp")).reached?.text, body);
});

const FILES = {
  resources: {
    "file:///{+path}": ["read"],
    "file:///private/{+path}": ["admin"],
    "file:///a%2Fsecret/{+path}": ["admin"],
  },
};
/** A server that decodes them reads the file that the first one names; a strict one refuses some. */
const URIS: string[] = [
  "file:///private/x",
  "file:///%70rivate/x",
  "file:///%70rivate/x?%",
  "file:///%70rivate/x#%ff",
  "file:///private%2F%ff",
  "file:///public/%ff%2F..%2F..%2Fprivate/x",
  "file:////private/x",
  "file:///public//../private/x",
  "file:///public/%2F..%2Fprivate/x",
  "file:///a%2Fsecret/x",
  "file:///a%2fsecret/x",
  "file:///%61%2F%73ecret/x?%",
];

for (const uri of URIS) {
  test(`handler() lets no caller past the rule for a folder by ${uri}`, async () => {
    for (const defaultOperation of ["allow", "deny"] as const) {
      const options = { operations: FILES, defaultOperation };
      const body = JSON.stringify(message("resources/read", { uri }));
      const { response, reached } = await send(body, "read", options);
      assert.deepEqual([response.status, reached], [403, undefined]);
      assert.equal((await send(body, "read admin", options)).response.status, 200);
    }
  });
}
