import assert from "node:assert/strict";
import { test } from "node:test";
import { explainLoginError } from "../../local/src/http/explain_login_error.ts";

test("explainLoginError() explains no error but those about the browser's login", () => {
  const known = { name: "SessionNotFound", error_description: "session not found" };
  assert.match(explainLoginError(Object.assign(new Error(), known))?.problem ?? "", /has ended/);
  for (
    const error of [new Error("no space left on device"), undefined, { name: "InvalidClient" }]
  ) {
    assert.equal(explainLoginError(error), undefined);
  }
});
