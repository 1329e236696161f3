import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutCredentials } from "../../src/http/operation_gate.ts";
import { mcpRequest, RESOURCE } from "../support/harness.ts";

const fields = (request: Request) => [...request.headers.keys()];

test("withoutCredentials() gives the request without its credentials", async () => {
  const abort = new AbortController();
  const given = mcpRequest("token-1", {
    headers: { "X-Own": "1", "Content-Length": "2", "Content-Type": "a/b" },
    body: "{}",
    signal: abort.signal,
  });
  const forwarded = withoutCredentials(given);
  assert.deepEqual([forwarded.method, forwarded.url], ["POST", RESOURCE]);
  assert.deepEqual(fields(forwarded), [
    "content-length",
    "content-type",
    "mcp-protocol-version",
    "x-own",
  ]);
  assert.equal(await forwarded.text(), "{}");
  abort.abort();
  assert(forwarded.signal.aborted);
});

test("withoutCredentials() puts another body in place of one that was read", async () => {
  const given = mcpRequest("token-1", {
    headers: { "Content-Length": "6", "Content-Type": "a/b" },
    body: "[  1 ]",
  });
  await given.arrayBuffer();
  const forwarded = withoutCredentials(given, "[1]");
  // The length was that of the original body.
  assert.deepEqual(fields(forwarded), ["content-type", "mcp-protocol-version"]);
  assert.equal(forwarded.headers.get("Content-Type"), "a/b");
  assert.equal(await forwarded.text(), "[1]");
});

test("withoutCredentials() adds no type that the client did not send", () => {
  const given = mcpRequest("token-1", { body: new Uint8Array([0x31]) });
  assert.deepEqual(fields(withoutCredentials(given, "1")), ["mcp-protocol-version"]);
});
