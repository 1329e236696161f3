import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessTokenError, IntrospectionError } from "../../src/oauth/errors.ts";

test("AccessTokenError() names its reason, and for a 403 the missing scopes", () => {
  const error = new AccessTokenError("scope_missing", ["a"]);
  assert.deepEqual([error.name, error.reason, error.scopes], ["AccessTokenError", "scope_missing", [
    "a",
  ]]);
  assert.equal(
    error.message,
    "The access token was refused: scope_missing. " +
      "The access token lacks a scope that this operation needs: a",
  );
  assert.equal(new AccessTokenError("expired").message, "The access token was refused: expired");
  assert.match(new AccessTokenError("org_claim_missing").message, /issued for an organization/);
  assert.deepEqual(new AccessTokenError("expired").scopes, []);
  const outside = new AccessTokenError("missing_credentials", [], "No request is under way");
  assert.equal(outside.message, "No request is under way");
  assert.match(outside.stack ?? "", /^AccessTokenError: No request is under way\n|^Error: No req/);
});

test("IntrospectionError() says its reason and keeps its cause", () => {
  const cause = new Error("reset");
  const error = new IntrospectionError("network", { cause });
  assert.deepEqual([error.name, error.reason, error.cause], [
    "IntrospectionError",
    "network",
    cause,
  ]);
  assert.equal("cause" in new IntrospectionError("timeout"), false);
});
