import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokenRule, refuseAs } from "../../src/lib/broken_rule.ts";

test("BrokenRule() carries option, rule and received value as data", () => {
  const { option, rule, received, fault, message } = new BrokenRule("mcpPath", "a path", "42");
  assert.deepEqual([option, rule, received, fault], ["mcpPath", "a path", "42", "type"]);
  assert.equal(message, "mcpPath must be a path: received 42");
});

for (const [fault, error] of [["type", TypeError], ["range", RangeError]] as const) {
  test(`refuseAs() says what was to be done in a ${error.name} for a ${fault} fault`, () => {
    const check = () => {
      throw new BrokenRule("baseUrl", "a URL", "42", fault);
    };
    assert.throws(() => refuseAs("Cannot act", check), (thrown: Error) => {
      assert.equal(Object.getPrototypeOf(thrown), error.prototype);
      assert.equal(thrown.message, "Cannot act: baseUrl must be a URL: received 42");
      return true;
    });
  });
}

test("refuseAs() names the setting that gave the option, and no inherited member", () => {
  const refuse = (option: string) =>
    refuseAs("Cannot act", () => {
      throw new BrokenRule(option, "a URL", "42");
    }, { baseUrl: "SERVER_URL" });
  assert.throws(() => refuse("baseUrl"), /: SERVER_URL must be a URL/);
  assert.throws(() => refuse("authUrl"), /: authUrl must be a URL/);
  assert.throws(() => refuse("toString"), /: toString must be a URL/);
});

test("refuseAs() returns the result of the checks, and passes any other error on", () => {
  assert.equal(refuseAs("Cannot act", () => 42), 42);
  const error = new Error("a fault of our own");
  const check = () => {
    throw error;
  };
  assert.throws(() => refuseAs("Cannot act", check), (thrown) => thrown === error);
});
