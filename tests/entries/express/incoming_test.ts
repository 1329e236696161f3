import assert from "node:assert/strict";
import { test } from "node:test";
import { type IncomingMessage, request as sendRequest } from "node:http";
import {
  buildRequest,
  type BuiltRequest,
  hideFields,
} from "../../../src/entries/express/incoming.ts";
import type { IncomingRequest } from "../../../src/entries/express/incoming_request.ts";
import { copyWithout } from "../../../src/lib/copy_request.ts";
import { listen, sendTo } from "../../support/node_server.ts";

const INCOMING: IncomingRequest = {
  method: "POST",
  url: "/mcp",
  rawHeaders: ["Host", "mcp.example.com"],
  headers: {},
  on: () => assert.fail("read"),
  resume: () => assert.fail("read"),
  pause: () => assert.fail("read"),
};

const TARGETS: [target: string, url: string | undefined][] = [
  ["/mcp", "http://localhost/mcp"],
  ["/mcp?a=b#c", "http://localhost/mcp?a=b#c"],
  ["//evil.example/mcp", "http://localhost//evil.example/mcp"],
  ["/?a=/../b\\#/../c", "http://localhost/?a=/../b\\#/../c"],
  ["/\\evil.example", undefined],
  ["/o/a/mcp/../../b/mcp", undefined],
  ["/o/a/mcp/%2e%2E/.%2e/b/mcp", undefined],
  ["/o/a/mcp\\..\\..\\b/mcp", undefined],
  ["/o/a/mcp/.\t./../b/mcp", undefined],
  ["/o/%2e/a/mcp", undefined],
  ["/o/a%2F..%2Fb/mcp", "http://localhost/o/a%2F..%2Fb/mcp"],
  ["https://h.example/mcp", "https://h.example/mcp"],
  ["*", undefined],
  ["", undefined],
  ["mcp", undefined],
];

for (const [target, url] of TARGETS) {
  test(`buildRequest() reads the target ${JSON.stringify(target)} as ${url}`, () => {
    const build = () => buildRequest({ ...INCOMING, url: "/", originalUrl: target });
    if (url === undefined) assert.throws(build, TypeError);
    else assert.equal(build().request.url, url);
  });
}

test("buildRequest() takes every field as it came, doubled ones too", () => {
  const { request: { headers } } = buildRequest({
    ...INCOMING,
    rawHeaders: ["Host", "h", "Authorization", "Bearer a", "authorization", "Bearer b", "X", "é"],
    headers: { authorization: "Bearer a" },
  });
  assert.equal(headers.get("Host"), "h");
  assert.equal(headers.get("Authorization"), "Bearer a, Bearer b");
  assert.equal(headers.get("X"), "é");
});

test("buildRequest() trims a value as Headers does, and copies a field of headers alone", () => {
  const { request: { headers } } = buildRequest({
    ...INCOMING,
    rawHeaders: ["Mcp-Session-Id", "\t\n a b\r ", "X", "x-own"],
    headers: { "mcp-session-id": "another", "x-own": ["1", " 2"] },
  });
  assert.equal(headers.get("Mcp-Session-Id"), "a b");
  assert.equal(headers.get("X-Own"), "1, 2");
});

test("buildRequest() takes HTTP/2's authority for the host, and no other pseudo-field", () => {
  const rawHeaders = [":method", "POST", ":authority", "h.example", "a", "b"];
  const { request: { headers } } = buildRequest({ ...INCOMING, rawHeaders });
  assert.deepEqual([...headers], [["a", "b"], ["host", "h.example"]]);
});

for (const method of ["TRACE", "CONNECT", "A B", ""]) {
  test(`buildRequest() refuses the method ${JSON.stringify(method)}`, () => {
    assert.throws(() => buildRequest({ ...INCOMING, method }), TypeError);
  });
}

const BODIES: [what: string, body: unknown, text: string][] = [
  ["an object", { a: [1] }, '{"a":[1]}'],
  ["null", null, "null"],
  ["a text", "text", "text"],
  ["bytes", new TextEncoder().encode("bytes"), "bytes"],
];

for (const [what, body, text] of BODIES) {
  test(`buildRequest() hands on ${what} that a parser left, and reads nothing`, async () => {
    const { request, wasRead } = buildRequest({ ...INCOMING, body });
    assert.equal(await request.text(), text);
    assert.equal(await buildRequest({ ...INCOMING, method: "GET", body }).request.text(), "");
    assert.equal(wasRead(), false);
  });
}

/** Builds the request of what a server receives, and lets a test look at it. */
async function receive(
  look: (built: BuiltRequest, incoming: IncomingMessage) => Promise<unknown>,
  request: Request,
): Promise<unknown> {
  let seen: unknown;
  await sendTo(async (incoming, outgoing) => {
    seen = await look(buildRequest(incoming), incoming).catch((error) => error.message);
    outgoing.end();
  }, request);
  return seen;
}

const LARGE = "x".repeat(300_000);
const post = (body: BodyInit | null) => new Request("http://h/", { method: "POST", body });
const READERS: [what: string, read: (request: Request) => Promise<string>][] = [
  ["text()", (request) => request.text()],
  ["json()", async (request) => JSON.stringify(await request.json())],
  ["arrayBuffer()", async (request) => new TextDecoder().decode(await request.arrayBuffer())],
  ["body", (request) => new Response(request.body).text()],
];

for (const [what, read] of READERS) {
  test(`buildRequest() gives a body that can still be read by ${what}`, async () => {
    const look = async ({ request, wasRead }: BuiltRequest) => [
      wasRead(),
      await read(request),
      wasRead(),
    ];
    const sent = JSON.stringify(LARGE);
    assert.deepEqual(await receive(look, post(sent)), [false, sent, true]);
  });
}

test("buildRequest() leaves the stream whole when nobody asks for the body", async () => {
  const look = async ({ request, wasRead }: BuiltRequest, incoming: IncomingMessage) => {
    // As the gate does with every request.
    const copy = copyWithout("authorization", request);
    let text = "";
    for await (const part of incoming.setEncoding("utf8")) text += part;
    return [copy.method, text.length, wasRead()];
  };
  assert.deepEqual(await receive(look, post(LARGE)), ["POST", LARGE.length, false]);
});

test("buildRequest() gives no body for one that somebody has read: it would pass for empty", async () => {
  const look = async ({ request }: BuiltRequest, incoming: IncomingMessage) => {
    for await (const _part of incoming);
    return await request.text();
  };
  assert.equal(await receive(look, post("{}")), "The body was read already");
});

test("buildRequest() reads the stream that a parser left alone, whatever the parser left", async () => {
  const look = async (_built: BuiltRequest, incoming: IncomingMessage) => {
    const { request, wasRead } = buildRequest(Object.assign(incoming, { body: {} }));
    return [await request.text(), wasRead()];
  };
  assert.deepEqual(await receive(look, post("sent")), ["sent", true]);
});

test("buildRequest() tells a body that breaks off from a whole one", async () => {
  let tell = (_: string): void => {};
  const told = new Promise<string>((resolve) => tell = resolve);
  const server = await listen((incoming) => {
    buildRequest(incoming).request.text().catch((error) => tell(error.message));
  });
  const headers = { "Content-Length": "10" };
  const outgoing = sendRequest(server.origin, { method: "POST", headers }, () => {});
  outgoing.on("error", () => {});
  outgoing.write("12345", () => outgoing.destroy());
  assert.equal(await told, "The body broke off");
  await server.close();
});

test("hideFields() takes a field out wherever Node keeps it", () => {
  const incoming: IncomingRequest = {
    ...INCOMING,
    rawHeaders: [":path", "/", "authorization", "a", "Host", "h", "AUTHORIZATION", "b"],
    headers: { authorization: "a", Authorization: "c", host: "h" },
    headersDistinct: { authorization: ["a", "b"], host: ["h"] },
  };
  hideFields(incoming, ["x-other", "authorization"]);
  assert.deepEqual(incoming.rawHeaders, [":path", "/", "Host", "h"]);
  assert.deepEqual(incoming.headers, { host: "h" });
  assert.deepEqual(incoming.headersDistinct, { host: ["h"] });
});

test("buildRequest() has a signal that does not abort, as the gate asks for in an outage", () => {
  const { request } = buildRequest(INCOMING);
  assert.deepEqual([request.signal.aborted, request.signal === request.signal], [false, true]);
});
