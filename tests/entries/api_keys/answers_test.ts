import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY_ANSWERS } from "../../../src/entries/api_keys/answers.ts";

test("scopeMissing() says which scopes an API key lacks", () => {
  const error = KEY_ANSWERS.scopeMissing(["read", "write"]);
  assert.equal(
    error.message,
    "The access token was refused: api_key_scope_missing. " +
      "The API key lacks a scope that this operation needs: read write",
  );
  assert.deepEqual([error.reason, error.scopes], ["api_key_scope_missing", ["read", "write"]]);
});

const CHALLENGE = { "WWW-Authenticate": 'Bearer error="insufficient_scope"', "X-Other": "kept" };

const ANSWERED: [status: number, headers: Record<string, string>, isCopy: boolean][] = [
  [403, CHALLENGE, true],
  [403, { "X-Other": "kept" }, false],
  [401, CHALLENGE, false],
  [200, CHALLENGE, false],
];

for (const [status, headers, isCopy] of ANSWERED) {
  const names = Object.keys(headers).join(" and ");
  test(`finish() ${isCopy ? "copies" : "passes on"} a ${status} with ${names}`, async () => {
    const response = new Response("body", { status, headers });
    const finished = KEY_ANSWERS.finish(response);
    assert.equal(finished === response, !isCopy);
    assert.equal(finished.headers.get("X-Other"), "kept");
    if (isCopy) assert.equal(finished.headers.get("WWW-Authenticate"), null);
    assert.deepEqual([finished.status, await finished.text()], [status, "body"]);
  });
}
