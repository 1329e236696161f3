import assert from "node:assert/strict";
import { test } from "node:test";
import { buildRequest, hideAuthorization, type IncomingRequest } from "../src/express/incoming.ts";

const INCOMING: IncomingRequest = {
  method: "POST",
  url: "/mcp",
  rawHeaders: ["Host", "mcp.example.com"],
  headers: {},
};

const TARGETS: [target: string, url: string | undefined][] = [
  ["/mcp", "http://localhost/mcp"],
  ["/mcp?a=b#c", "http://localhost/mcp?a=b#c"],
  ["//evil.example/mcp", "http://localhost//evil.example/mcp"],
  ["/\\evil.example", "http://localhost//evil.example"],
  ["https://h.example/mcp", "https://h.example/mcp"],
  ["*", undefined],
  ["", undefined],
  ["mcp", undefined],
];

for (const [target, url] of TARGETS) {
  test(`buildRequest() reads the target ${JSON.stringify(target)} as ${url}`, () => {
    const build = () => buildRequest({ ...INCOMING, url: "/", originalUrl: target });
    if (url === undefined) assert.throws(build, TypeError);
    else assert.equal(build().url, url);
  });
}

test("buildRequest() takes every field as it came, doubled ones too", () => {
  const { headers } = buildRequest({
    ...INCOMING,
    rawHeaders: ["Host", "h", "Authorization", "Bearer a", "authorization", "Bearer b", "X", "é"],
    headers: { authorization: "Bearer a" },
  });
  assert.equal(headers.get("Host"), "h");
  assert.equal(headers.get("Authorization"), "Bearer a, Bearer b");
  assert.equal(headers.get("X"), "é");
});

test("buildRequest() takes HTTP/2's authority for the host, and no other pseudo-field", () => {
  const rawHeaders = [":method", "POST", ":authority", "h.example", "a", "b"];
  const { headers } = buildRequest({ ...INCOMING, rawHeaders });
  assert.deepEqual([...headers], [["a", "b"], ["host", "h.example"]]);
});

for (const method of ["TRACE", "CONNECT", "A B", ""]) {
  test(`buildRequest() refuses the method ${JSON.stringify(method)}`, () => {
    assert.throws(() => buildRequest({ ...INCOMING, method }), TypeError);
  });
}

const BODIES: [what: string, body: unknown, text: string][] = [
  ["an object", { a: [1] }, '{"a":[1]}'],
  ["a text", "text", "text"],
  ["bytes", new TextEncoder().encode("bytes"), "bytes"],
  ["nothing", undefined, ""],
];

for (const [what, body, text] of BODIES) {
  test(`buildRequest() hands on ${what} that a parser left`, async () => {
    assert.equal(await buildRequest({ ...INCOMING, body }).text(), text);
    assert.equal(await buildRequest({ ...INCOMING, method: "GET", body }).text(), "");
  });
}

test("hideAuthorization() takes the credentials out wherever Node keeps them", () => {
  const incoming: IncomingRequest = {
    ...INCOMING,
    rawHeaders: ["authorization", "Bearer a", "Host", "h", "AUTHORIZATION", "Bearer b"],
    headers: { authorization: "Bearer a", host: "h" },
    headersDistinct: { authorization: ["Bearer a", "Bearer b"], host: ["h"] },
  };
  hideAuthorization(incoming);
  assert.deepEqual(incoming.rawHeaders, ["Host", "h"]);
  assert.deepEqual(incoming.headers, { host: "h" });
  assert.deepEqual(incoming.headersDistinct, { host: ["h"] });
});
