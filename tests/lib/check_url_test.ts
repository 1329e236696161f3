import assert from "node:assert/strict";
import { test } from "node:test";
import { requireIdentifierUrl, requireLink } from "../../src/lib/check_url.ts";

const BEGINS = "a URL that begins with https://, or on loopback with http://";
const SECURE =
  "an https URL, since its host is not on loopback (dangerouslyAllowHttp allows http, " +
  "for development)";

const BROKEN: [value: unknown, rule: string][] = [
  [undefined, BEGINS],
  [42, BEGINS],
  ["", BEGINS],
  ["auth.example.com", BEGINS],
  ["localhost:8000", BEGINS],
  ["ftp://auth.example.com", BEGINS],
  ["https:/auth.example.com", BEGINS],
  [" https://auth.example.com", "a URL without white space"],
  ["https:\\\\auth.example.com", "a URL without backslashes"],
  ["https://auth.example.com/?", "a URL without a query (?)"],
  ["https://auth.example.com/?a#b", "a URL without a fragment (#)"],
  ["https://", "a well-formed URL"],
  ["https://user@auth.example.com", "a URL without a user name or a password"],
  ["https://:secret@auth.example.com", "a URL without a user name or a password"],
  ["http://auth.example.com", SECURE],
  ["http://0.0.0.0:9100", SECURE],
];

for (const [value, rule] of BROKEN) {
  test(`requireIdentifierUrl() names the one rule that ${JSON.stringify(value)} breaks`, () => {
    assert.throws(() => requireIdentifierUrl("baseUrl", value), { name: "BrokenRule", rule });
  });
}

test("requireIdentifierUrl() takes https, http on loopback, and other http where it is allowed", () => {
  for (const url of ["https://h.example/a", "http://127.0.0.1:1/", "HTTP://localhost"]) {
    assert.equal(requireIdentifierUrl("baseUrl", url).href, new URL(url).href);
  }
  const { href } = requireIdentifierUrl("baseUrl", "http://propelauth:8001", { allowHttp: true });
  assert.equal(href, "http://propelauth:8001/");
});

test("requireIdentifierUrl() keeps every other rule where http is allowed", () => {
  for (const url of ["ftp://h", "http://user@h", "http://h?a", "ws://h"]) {
    const check = () => requireIdentifierUrl("baseUrl", url, { allowHttp: true });
    assert.throws(check, { name: "BrokenRule" });
  }
});

const LINKS: [value: unknown, rule: string][] = [
  [null, "an http or https URL"],
  ["docs", "an http or https URL"],
  ["javascript:alert(1)", "an http or https URL"],
  ["https://user:pass@h/", "a URL without a user name or a password"],
];

for (const [value, rule] of LINKS) {
  test(`requireLink() names the one rule that ${JSON.stringify(value)} breaks`, () => {
    assert.throws(() => requireLink("resourceDocumentation", value), { name: "BrokenRule", rule });
  });
}
