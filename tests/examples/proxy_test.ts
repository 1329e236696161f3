/** The reverse proxy of `examples/proxy.ts`, before an MCP server of node:http. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createProxy } from "../../examples/proxy.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../support/harness.ts";
import { listen } from "../support/node_server.ts";

const BODY = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });

/** Sends a request through the proxy; returns what reached the MCP server, and its answer. */
async function pass(
  request: Request,
  answer: RequestListener = (_request, response) => response.end("done"),
  claims: Record<string, unknown> = {},
) {
  const received: { message: IncomingMessage; body: string }[] = [];
  const upstream = await listen(async (message, response) => {
    let body = "";
    for await (const bytes of message) body += bytes;
    received.push({ message, body });
    answer(message, response);
  });
  try {
    const { auth } = createHarness({}, () => json({ ...ACTIVE, ...claims }));
    const response = await createProxy(auth, `${upstream.origin}/inner/mcp`)(request);
    const text = await response.text();
    return { received, response, text };
  } finally {
    await upstream.close();
  }
}

test("createProxy() passes a call on, as the caller, without the token", async () => {
  const headers = {
    "Content-Type": "application/json",
    "Mcp-Session-Id": "s-1",
    "X-Caller-Subject": "somebody else",
    "X-Caller-Admin": "true",
    "X_Caller_Subject": "somebody else",
    "X-Caller_Org-Role": "Owner",
    "Connection": "x-private",
    "X-Private": "1",
    "Origin": "https://mcp.example.com",
  };
  const claims = { org_id: "acme", org_role: "Ädmin", sub: "user\n7" };
  const request = new Request("https://mcp.example.com/mcp?a=1", {
    method: "POST",
    headers: { ...headers, "Authorization": "Bearer token-1" },
    body: BODY,
  });
  const { received: [only, ...others], response, text } = await pass(request, undefined, claims);
  assert.equal(others.length, 0);
  assert.deepEqual([response.status, text, only?.body], [200, "done", BODY]);
  assert.equal(only?.message.url, "/inner/mcp?a=1");
  const sent = only?.message.headers ?? {};
  const callers = Object.entries(sent).filter(([name]) => name.includes("caller"));
  assert.deepEqual(Object.fromEntries(callers), {
    "x-caller-subject": "user%0A7",
    "x-caller-client-id": "client-1",
    "x-caller-org-id": "acme",
    "x-caller-org-role": "%C3%84dmin",
    "x-caller-scopes": "read write",
  });
  assert.equal(sent["mcp-session-id"], "s-1");
  for (const name of ["authorization", "origin", "x-private"]) assert(!(name in sent), name);
  assert(!JSON.stringify(only?.message.rawHeaders).includes("token-1"));
});

test("createProxy() asks the MCP server nothing for a request that the gate refuses", async () => {
  const { received, response } = await pass(
    new Request("https://mcp.example.com/mcp", { method: "POST", body: BODY }),
  );
  assert.deepEqual([response.status, received.length], [401, 0]);
});

test("createProxy() leaves out the fields of the MCP server's own connection", async () => {
  const { response, text } = await pass(mcpRequest("token-1"), (_request, answer) => {
    answer.writeHead(202, {
      "Connection": "keep-alive, x-own",
      "Keep-Alive": "timeout=5",
      "X-Own": "1",
      "Transfer-Encoding": "chunked",
      "Mcp-Session-Id": "s-2",
    }).end("accepted");
  });
  assert.deepEqual([response.status, text], [202, "accepted"]);
  assert.equal(response.headers.get("Mcp-Session-Id"), "s-2");
  for (const name of ["Connection", "Keep-Alive", "X-Own", "Transfer-Encoding", "Content-Length"]) {
    assert.equal(response.headers.get(name), null, name);
  }
});

test("createProxy() answers 502 when the MCP server compresses its answer unasked", async () => {
  const { response, text } = await pass(mcpRequest("token-1"), (_request, answer) => {
    answer.writeHead(200, { "Content-Type": "application/json", "Content-Encoding": "gzip" });
    answer.end(gzipSync("{}"));
  });
  assert.equal(response.status, 502);
  assert.match(text, /compresses answers unasked/);
});

test("createProxy() answers 502 when the MCP server does not listen", async () => {
  const upstream = await listen(() => {});
  await upstream.close();
  const { auth } = createHarness();
  const response = await createProxy(auth, `${upstream.origin}/mcp`)(mcpRequest("token-1"));
  assert.equal(response.status, 502);
  assert.equal((await response.json()).error.code, -32603);
});

test("createProxy() passes an event stream on as it comes, and ends it with its client", async () => {
  let closed: Promise<unknown> = Promise.reject(new Error("not called"));
  closed.catch(() => {});
  const upstream = await listen((_message, response) => {
    closed = once(response, "close");
    response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: first\n\n");
  });
  try {
    const { auth } = createHarness();
    const client = new AbortController();
    const request = new Request(
      mcpRequest("token-1", { method: "GET", headers: { "Accept": "text/event-stream" } }),
      { signal: client.signal },
    );
    const response = await createProxy(auth, `${upstream.origin}/mcp`)(request);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    assert.equal(new TextDecoder().decode(first?.value), "data: first\n\n");
    await reader?.cancel();
    client.abort();
    await closed;
  } finally {
    await upstream.close();
  }
});
