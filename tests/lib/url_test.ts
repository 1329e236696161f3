import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback, withoutTrailingSlash } from "../../src/lib/url.ts";

test("withoutTrailingSlash() drops one slash at the end, and no other", () => {
  assert.deepEqual(["/a/", "/a", "/", "", "/a//"].map(withoutTrailingSlash), [
    "/a",
    "/a",
    "",
    "",
    "/a/",
  ]);
});

const HOSTS: [hostname: string, loopback: boolean][] = [
  ["localhost", true],
  ["app.localhost", true],
  ["127.0.0.1", true],
  ["127.255.0.3", true],
  ["[::1]", true],
  ["0.0.0.0", false],
  ["128.0.0.1", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example", false],
  ["evillocalhost", false],
  ["[::2]", false],
  ["", false],
];

for (const [hostname, loopback] of HOSTS) {
  test(`isLoopback() is ${loopback} for ${JSON.stringify(hostname)}`, () => {
    assert.equal(isLoopback(hostname), loopback);
  });
}
