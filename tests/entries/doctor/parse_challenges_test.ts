import assert from "node:assert/strict";
import { test } from "node:test";
import { buildBearerChallenge } from "../../../src/oauth/refusal_response.ts";
import {
  findChallenge,
  parseChallenges,
  readLoosely,
} from "../../../src/entries/doctor/checks/parse_challenges.ts";

type Parsed = [scheme: string, parameters: Record<string, string>][];

// RFC 9110 §11.6.1, and the examples there.
const PARSED: [value: string, expected: Parsed][] = [
  ["", []],
  ["Bearer", [["bearer", {}]]],
  ["BEARER a=b", [["bearer", { a: "b" }]]],
  ['Bearer A = "b" ,, c="d, e=f"', [["bearer", { a: "b", c: "d, e=f" }]]],
  ['Bearer a="x\\"y"', [["bearer", { a: 'x"y' }]]],
  ["Negotiate abc==", [["negotiate", {}]]],
  ['Negotiate abc==, Bearer a="b"', [["negotiate", {}], ["bearer", { a: "b" }]]],
  ['Basic realm="s", Bearer, DPoP algs="ES256"', [
    ["basic", { realm: "s" }],
    ["bearer", {}],
    ["dpop", { algs: "ES256" }],
  ]],
  [buildBearerChallenge({ resourceMetadataUrl: "https://h/m", scopes: ["a", "b"] }), [
    ["bearer", { resource_metadata: "https://h/m", scope: "a b" }],
  ]],
];

for (const [value, expected] of PARSED) {
  test(`parseChallenges() reads ${JSON.stringify(value)}`, () => {
    const challenges = parseChallenges(value)?.map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    assert.deepEqual(challenges, expected);
  });
}

const BROKEN = [
  'a="b"',
  'Bearer a="b',
  'Bearer a="b" c="d"',
  'Bearer a="b", a="c"',
  'Bearer a="b"c',
  "Bearer =b",
  'Bearer "b"',
  "Béarer a=b",
  "Bearer a=b\r\nSet-Cookie: c=d",
  `Bearer a="${"b".repeat(8 * 1024)}"`,
];

for (const value of BROKEN) {
  test(`parseChallenges() refuses ${JSON.stringify(value.slice(0, 40))}`, () => {
    assert.equal(parseChallenges(value), undefined);
  });
}

test("readLoosely() takes the first match, wherever it stands", () => {
  const value = 'Bearer error_description="say scope=all, please", scope="a b"';
  assert.equal(readLoosely(value, "scope"), "all");
  assert.equal(readLoosely('Bearer scope="a b"', "scope"), "a b");
  assert.equal(readLoosely("Bearer", "scope"), undefined);
});

const FOUND: [headers: Record<string, string>, name: string | undefined][] = [
  [{}, undefined],
  [{ "X-WWW-Authenticated": "a", "Proxy-Authenticate": "b" }, undefined],
  [{ "WWW-Authenticate": "Bearer" }, "www-authenticate"],
  [{ "x-amzn-Remapped-WWW-Authenticate": "Bearer" }, "x-amzn-remapped-www-authenticate"],
  [{ "A-WWW-Authenticate": "Basic", "WWW-Authenticate": "Bearer" }, "www-authenticate"],
];

for (const [headers, name] of FOUND) {
  test(`findChallenge() finds ${name} when the headers are ${JSON.stringify(headers)}`, () => {
    const found = findChallenge(new Headers(headers));
    assert.deepEqual(found, name === undefined ? undefined : { name, value: "Bearer" });
  });
}
