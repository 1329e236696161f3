import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../src/oauth/refusal_sentences.ts";

// RFC 6750 §3.1
const REFUSALS: [reason: Parameters<typeof refusalOf>[0], status: number, error?: string][] = [
  ["missing_credentials", 401],
  ["malformed_credentials", 400, "invalid_request"],
  ["inactive", 401, "invalid_token"],
  ["wrong_token_type", 401, "invalid_token"],
  ["expired", 401, "invalid_token"],
  ["not_yet_valid", 401, "invalid_token"],
  ["audience_mismatch", 401, "invalid_token"],
  ["org_claim_missing", 403, "access_denied"],
  ["org_mismatch", 403, "access_denied"],
  ["role_claim_missing", 403, "access_denied"],
  ["role_mismatch", 403, "access_denied"],
  ["scope_missing", 403, "insufficient_scope"],
  ["timeout", 503, "temporarily_unavailable"],
  ["network", 503, "temporarily_unavailable"],
  ["unavailable", 503, "temporarily_unavailable"],
  ["overloaded", 503, "temporarily_unavailable"],
  ["breaker_open", 503, "temporarily_unavailable"],
  ["closed", 503, "temporarily_unavailable"],
  ["client_refused", 500, "server_error"],
  ["malformed_response", 500, "server_error"],
];

for (const [reason, status, error] of REFUSALS) {
  test(`refusalOf() maps ${reason} to ${status} ${error ?? "without a code"}`, () => {
    const refusal = refusalOf(reason);
    assert.deepEqual([refusal.status, refusal.error], [status, error]);
    assert.match(refusal.description ?? "", /^[^"=\\]*$/);
  });
}

test("refusalOf() gives one sentence for every reason that lies in the token", () => {
  const reasons = REFUSALS.filter(([, , error]) => error === "invalid_token");
  assert.equal(new Set(reasons.map(([reason]) => refusalOf(reason).description)).size, 1);
});
