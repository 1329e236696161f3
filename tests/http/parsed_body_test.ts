import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessToken } from "../../src/oauth/access_token.ts";
import type { McpRequestOptions } from "../../src/http/mcp_server.ts";
import { createHarness, mcpRequest } from "../support/harness.ts";

const MAX_PARSED_BYTES = 64 * 1024;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** Sends a request through a handler, and gives what the MCP server received. */
async function send(request: Request, kind: "object" | "one parameter" | "two" = "object") {
  const { auth } = createHarness();
  let received: { text: string; parsedBody: unknown; credentials: string | null } | undefined;
  const serve = async (forwarded: Request, { parsedBody }: McpRequestOptions) => {
    const credentials = forwarded.clone().headers.get("Authorization");
    received = { text: await forwarded.text(), parsedBody, credentials };
    return new Response();
  };
  const one = (forwarded: Request) => serve(forwarded, { authInfo: {} as AccessToken });
  const mcp = kind === "object" ? { fetch: serve } : kind === "two" ? serve : one;
  const response = await auth.handler(mcp)(request);
  return { response, received };
}

function post(body: string, headers: Record<string, string> = {}): Request {
  const length = String(new TextEncoder().encode(body).length);
  return mcpRequest("token-1", {
    body,
    headers: { "Content-Type": "application/json", "Content-Length": length, ...headers },
  });
}

const LONGEST = JSON.stringify("a".repeat(MAX_PARSED_BYTES - 2));

const PARSED: [what: string, request: () => Request, parsedBody: unknown][] = [
  ["a call", () => post(CALL), JSON.parse(CALL)],
  ["UTF-8 by name", () => post(CALL, { "Content-Type": 'application/json; charset="UTF-8"' }), {
    jsonrpc: "2.0",
    id: 1,
    method: "ping",
  }],
  ["the longest body", () => post(LONGEST), JSON.parse(LONGEST)],
  ["null", () => post("null"), null],
];

for (const [what, request, parsedBody] of PARSED) {
  test(`handler() hands on parsedBody, and the body too, when the body is ${what}`, async () => {
    const text = await request().text();
    const { received } = await send(request());
    assert.deepEqual(received, { text, parsedBody, credentials: null });
  });
}

const UNREAD: [what: string, request: () => Request][] = [
  ["longer", () => post(`${LONGEST} `)],
  ["of another type", () => post(CALL, { "Content-Type": "text/plain" })],
  ["in another charset", () => post(CALL, { "Content-Type": "application/json; charset=utf-16" })],
  ["encoded", () => post(CALL, { "Content-Encoding": "gzip" })],
  ["of an unknown length", () => post(CALL, { "Content-Length": "" })],
  ["not JSON", () => post("{")],
  [
    "of another method",
    () =>
      mcpRequest("token-1", { method: "DELETE", body: CALL, headers: { "Content-Length": "40" } }),
  ],
];

for (const [what, request] of UNREAD) {
  test(`handler() leaves the body to the MCP server when it is ${what}`, async () => {
    const text = await request().text();
    const { received } = await send(request());
    assert.deepEqual(received, { text, parsedBody: undefined, credentials: null });
  });
}

test("handler() hands on parsedBody to a function that takes it", async () => {
  const { received } = await send(post(CALL), "two");
  assert.deepEqual(received, { text: CALL, parsedBody: JSON.parse(CALL), credentials: null });
});

test("handler() forwards the body to a function that takes no parsedBody", async () => {
  const { received } = await send(post(CALL), "one parameter");
  assert.deepEqual(received, { text: CALL, parsedBody: undefined, credentials: null });
});

test("handler() answers 400 when a body breaks off, and does not call the MCP server", async () => {
  const request = post(CALL);
  request.text = () => Promise.reject(new TypeError("connection reset"));
  const { response, received } = await send(request);
  assert.equal(response.status, 400);
  assert.equal((await response.json()).error.code, -32700);
  assert.equal(received, undefined);
});
