import assert from "node:assert/strict";
import { test } from "node:test";
import { createAudit, findAudit } from "../../src/operations/call_audit.ts";

const connect = (): never => {
  throw new Error("unused");
};

test("findAudit() finds the code behind a value, which shows nothing of it", () => {
  const audit = createAudit(connect, { close: connect });
  assert.equal(findAudit(audit), connect);
  assert.deepEqual({ ...audit }, { close: connect, audits: "calls" });
  assert(Object.isFrozen(audit));
});

for (const value of [undefined, null, "calls", {}, { audits: "calls" }, connect]) {
  test(`findAudit() finds nothing behind ${typeof value} ${JSON.stringify(value)}`, () => {
    assert.equal(findAudit(value as never), undefined);
  });
}
