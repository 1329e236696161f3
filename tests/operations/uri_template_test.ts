import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import "../support/fuzz_runs.ts";
import { compileUriTemplate, readingsOf } from "../../src/operations/uri_template.ts";

const MATCHES: [template: string, uri: string, variables: Record<string, string> | undefined][] = [
  ["notes://1", "notes://1", {}],
  ["notes://1", "notes://12", undefined],
  ["notes://1", "xnotes://1", undefined],
  ["notes://{id}", "notes://1", { id: "1" }],
  ["notes://{id}", "notes://1?all", { id: "1?all" }],
  ["notes://{id}", "notes://a\nb", { id: "a\nb" }],
  ["notes://{id}", "notes://{id}", { id: "{id}" }],
  ["notes://{id}", "notes://", undefined],
  ["notes://{id}", "notes://1/2", undefined],
  ["notes://{id}", "notes://1/", undefined],
  ["notes://{id}", "other://1", undefined],
  ["notes://{id}", "notes://notes:", { id: "notes:" }],
  ["n:{id}", "n:1n:2", { id: "1n:2" }],
  ["notes://{org}/{id}", "notes://o/1", { org: "o", id: "1" }],
  ["notes://{org}/{id}", "notes://o/1/2", undefined],
  ["file:///{+path}", "file:///a/b/c.txt", { path: "a/b/c.txt" }],
  ["file:///{+path}", "file:///", { path: "" }],
  ["a://b{/rest*}", "a://b/c/d", { rest: "/c/d" }],
  ["a://b{?q,r}", "a://b?q=1&r=2", { "q,r": "?q=1&r=2" }],
  ["a://b/{id:3}/{?q*,r:2}", "a://b/c/?q=1", { id: "c", "q,r": "?q=1" }],
  ["a.b://c+(d)", "a.b://c+(d)", {}],
  ["a.b://c", "axb://c", undefined],
  ["cal://{y}-{m}-{d}", "cal://1-2-3-4", { y: "1-2", m: "3", d: "4" }],
  ["cal://{y}-{m}-{d}", "cal://1-2/-3", undefined],
  ["a://{b}{+c}-{d}", "a://1-2/3-4", { b: "1-2", c: "/3", d: "4" }],
  ["a://{+b}-{c}", "a://1-2/3", undefined],
  ["a://{+b}-{c}", "a://1/2-3", { b: "1/2", c: "3" }],
  // As a URL parser spells the template itself.
  ["HTTPS://Example.com:443", "https://example.com/", {}],
  ["HTTPS://Example.com/{id}", "https://example.com/1", { id: "1" }],
  ["HTTPS://Example.com/{id}", "HTTPS://Example.com/1", { id: "1" }],
];

for (const [template, uri, variables] of MATCHES) {
  test(`compileUriTemplate() ${variables ? "matches" : "does not match"} ${JSON.stringify(uri)} by ${template}`, () => {
    assert.deepEqual(compileUriTemplate(template)?.match(uri), variables);
  });
}

test("compileUriTemplate() does not try every way to cut a long URI", () => {
  // There are some 10^16 ways: a matcher that tries them all would never return.
  const template = compileUriTemplate("a://{b}-{c}-{d}-{e}-{+f}!");
  assert.equal(template?.match(`a://${"-".repeat(4000)}`), undefined);
});

/** Texts and expressions in turn; of two letters and the two characters that matter. */
const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "-"), maxLength: 3 });
const shapes = fc.tuple(text, fc.array(fc.tuple(fc.boolean(), text), { maxLength: 5 }));

test("compileUriTemplate() matches as the regular expression does that tries every way", () => {
  let matched = 0;
  fc.assert(
    fc.property(shapes, fc.array(text, { maxLength: 6 }), ([first, rest], values) => {
      const names = rest.map((_, index) => `v${index}`);
      const template = `x${first}` +
        rest.map(([isAny, after], index) => `{${isAny ? "+" : ""}${names[index]}}${after}`).join(
          "",
        );
      const pattern = `x${first}` +
        rest.map(([isAny, after]) => `${isAny ? "(.*)" : "([^/]+)"}${after}`).join("");
      const uri = `x${first}` + rest.map(([, after], at) => `${values[at] ?? ""}${after}`).join("");
      const groups = new RegExp(`^${pattern}$`, "s").exec(uri);
      const found = compileUriTemplate(template)?.match(uri);
      assert.deepEqual(found && names.map((name) => found[name]), groups?.slice(1));
      if (groups) matched++;
    }),
    { numRuns: 5_000 },
  );
  assert(matched > 500, `only ${matched} of the URIs matched`);
});

for (const template of ["", "a://{", "a://}", "a://{}", "a://{b c}", "a://{{b}}", "a://{=b}"]) {
  test(`compileUriTemplate() refuses ${JSON.stringify(template)}`, () => {
    assert.equal(compileUriTemplate(template), undefined);
  });
}

const READINGS: [uri: string, spellings: string[], others: string[]][] = [
  ["notes://1", ["notes://1"], []],
  ["NOTES://1", ["NOTES://1", "notes://1"], []],
  [" notes://1", [" notes://1", "notes://1"], []],
  ["a://b/../c", ["a://b/../c", "a://b/c"], []],
  ["a://b/%63", ["a://b/%63"], ["a://b/c"]],
  ["a://b%2Fc", ["a://b%2Fc"], ["a://b/c"]],
  ["a://b?c#d", ["a://b?c#d"], ["a://b"]],
  ["a://b%3Fc", ["a://b%3Fc"], ["a://b?c", "a://b"]],
  ["no uri", ["no uri"], []],
  ["a://%", ["a://%"], []],
  // One malformed escape does not hide the others: a server may decode the path alone.
  ["a://b/%63?%", ["a://b/%63?%"], ["a://b/%63", "a://b/c?%", "a://b/c"]],
  ["a://b/%63#%", ["a://b/%63#%"], ["a://b/%63", "a://b/c#%", "a://b/c"]],
  ["file:///a%ff%2F..%2F%63", ["file:///a%ff%2F..%2F%63"], [
    "file:///a\ufffd/../c",
    "file:///c",
  ]],
  ["a://b/%63?d", ["a://b/%63?d"], ["a://b/%63", "a://b/c?d", "a://b/c"]],
  // Decoded, and then as a URL parser spells it; and the other way round.
  ["file:///a/%252e%252e/secret", ["file:///a/%252e%252e/secret"], [
    "file:///a/%2e%2e/secret",
    "file:///secret",
  ]],
  // A URL parser drops the tab, so that only its spelling can be decoded.
  [
    "file:///a/%\t252e%252e/secret",
    ["file:///a/%\t252e%252e/secret", "file:///a/%252e%252e/secret"],
    [
      "file:///a/%\t252e%2e/secret",
      "file:///a/%252e%2e/secret",
      "file:///a/%2e%2e/secret",
      "file:///secret",
    ],
  ],
  ["https://h/\u00e9?", ["https://h/\u00e9?", "https://h/%C3%A9?"], [
    "https://h/\u00e9",
    "https://h/%C3%A9",
  ]],
];

for (const [uri, spellings, others] of READINGS) {
  test(`readingsOf() knows how a server may read ${JSON.stringify(uri)}`, () => {
    const readings = readingsOf(uri);
    assert.deepEqual([...readings.spellings], spellings);
    assert.deepEqual([...readings.others], others);
  });
}
