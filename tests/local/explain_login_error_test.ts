import assert from "node:assert/strict";
import { test } from "node:test";
import { explainLoginError } from "../../local/src/http/explain_login_error.ts";

test("explainLoginError() explains no error but those about the browser's login", () => {
  const known = { name: "SessionNotFound", error_description: "session not found" };
  assert.match(explainLoginError(Object.assign(new Error(), known))?.problem ?? "", /has ended/);
  // Runs on Deno alone: the packed package has no file of this name.
  const others = [new Deno.errors.PermissionDenied(), undefined, { name: "InvalidClient" }];
  for (const error of others) {
    assert.equal(explainLoginError(error), undefined);
  }
});
