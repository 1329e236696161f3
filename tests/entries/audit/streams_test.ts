import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANSWER_TIMEOUT_SECONDS,
  CANCEL_TIMEOUT_SECONDS,
  MAX_WAITING_CALLS,
} from "../../../src/entries/audit/open_calls.ts";
import { json, mcpRequest, NOW, settle, until } from "../../support/harness.ts";
import {
  createAudited,
  createStream,
  message,
  notification,
  post,
  short,
  toolCall,
} from "./harness.ts";

const result = (id: unknown, members: Record<string, unknown> = {}) => ({
  jsonrpc: "2.0",
  id,
  result: { content: [], ...members },
});
const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { id: 1 } };

/** A request for the stream of a session, as clients of Streamable HTTP open it. */
const listen = (headers: HeadersInit = {}): Request =>
  mcpRequest("token-1", { method: "GET", headers });

/** A signal of a request, and the function that aborts it. */
function createAbort(): { signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Reads a response to its end, in the background. */
function read(response: Response): { text: string; over: boolean } {
  const got = { text: "", over: false };
  const decoder = new TextDecoder();
  (async () => {
    for await (const bytes of response.body ?? []) got.text += decoder.decode(bytes);
  })().catch(() => {}).finally(() => got.over = true);
  return got;
}

test("auditCalls() records a call when its answer comes on an event stream, and changes no byte", async () => {
  const { auth, events } = createAudited();
  const stream = createStream();
  const got = read(await auth.handler(() => stream.response)(post(toolCall("add"))));
  stream.send(progress);
  await settle();
  assert.deepEqual([got.text.length > 0, events], [true, []]);
  const text = `: \u00e9\r\nid: 7\rdata: ${JSON.stringify(result(1, { isError: true }))}\r\n\r\n`;
  stream.sendText(text.slice(0, 30));
  stream.sendText(text.slice(30));
  await until(() => events.length > 0);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "tool_error"]]);
  stream.close();
  await until(() => got.over);
  assert.equal(got.text, `event: message\ndata: ${JSON.stringify(progress)}\n\n${text}`);
  assert.equal(events.length, 1);
});

test("auditCalls() records the calls of a batch in the order of their answers on a stream", async () => {
  const { auth, events } = createAudited();
  const stream = createStream();
  const body = [toolCall("a", 1), toolCall("b", 2), notification("n/x"), toolCall("c", 3)];
  const got = read(await auth.handler(() => stream.response)(post(body)));
  stream.send(result(2), { jsonrpc: "2.0", id: 1, error: { code: 5, message: "" } });
  stream.close();
  await until(() => got.over);
  assert.deepEqual(events.map(short), [
    ["tools/call", "b", 2, "ok"],
    ["tools/call", "a", 1, "error", 5],
    ["n/x", undefined, undefined, "ok"],
    ["tools/call", "c", 3, "no_answer"],
  ]);
});

test("auditCalls() ends a call whose stream fails, and the client sees the failure", async () => {
  const { auth, events } = createAudited();
  const stream = createStream();
  const response = await auth.handler(() => stream.response)(post(toolCall("add")));
  stream.fail();
  await assert.rejects(response.text(), { message: "The server broke off" });
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "no_answer"]]);
});

test("auditCalls() records a client that leaves a stream, and the MCP server learns of it", async () => {
  const { auth, events } = createAudited();
  const stream = createStream();
  const response = await auth.handler(() => stream.response)(post(toolCall("add")));
  await response.body?.cancel();
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "cancelled"]]);
  assert(stream.isCancelled());
});

test("auditCalls() records a client that leaves while the MCP server works, once", async () => {
  const { auth, events, world } = createAudited();
  const controller = new AbortController();
  let answer = (_response: Response): void => {};
  const handler = auth.handler(() => new Promise<Response>((resolve) => answer = resolve));
  const sent = handler(post(toolCall("add"), {}, { signal: controller.signal }));
  await settle();
  world.advance(2);
  controller.abort();
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "cancelled"]]);
  assert.equal(events[0]?.durationSeconds, 2);
  answer(json(result(1)));
  assert.deepEqual(await (await sent).json(), result(1));
  assert.equal(events.length, 1);
});

test("auditCalls() records a client that leaves in the middle of a JSON answer", async () => {
  const { auth, events } = createAudited();
  const { signal, abort } = createAbort();
  const { body } = createStream().response;
  const headers = { "Content-Type": "application/json" };
  const handler = auth.handler(() => new Response(body, { headers }));
  void handler(post(toolCall("add"), {}, { signal }));
  await settle();
  abort();
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "cancelled"]]);
});

test("auditCalls() records a client that leaves a stream which the MCP server then closes", async () => {
  const { auth, events } = createAudited();
  const stream = createStream();
  const { signal, abort } = createAbort();
  const got = read(
    await auth.handler(() => stream.response)(post(toolCall("add"), {}, { signal })),
  );
  // SDK v2 does this when the signal aborts, and some servers cancel the body later, or never.
  abort();
  stream.close();
  await until(() => got.over);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "cancelled"]]);
});

test("auditCalls() records a client that leaves a stream which the HTTP server does not read", async () => {
  const { auth, events } = createAudited();
  const [late, early] = [createAbort(), createAbort()];
  const handler = auth.handler(() => createStream().response);
  await handler(post(toolCall("a"), {}, { signal: late.signal }));
  late.abort();
  assert.deepEqual(events.map(short), [["tools/call", "a", 1, "cancelled"]]);
  const sent = handler(post(toolCall("b"), {}, { signal: early.signal }));
  early.abort();
  await sent;
  assert.deepEqual(events.slice(1).map(short), [["tools/call", "b", 1, "cancelled"]]);
});

test("auditCalls() waits for a later answer though the signal of a stream that has ended aborts", async () => {
  const { auth, events, world } = createAudited();
  const stream = createStream();
  const { signal, abort } = createAbort();
  const handler = auth.handler(() => stream.response);
  const session = { "Mcp-Session-Id": "s-1" };
  const got = read(await handler(post(toolCall("add"), session, { signal })));
  await settle();
  stream.close();
  await until(() => got.over);
  abort();
  assert.deepEqual(events, []);
  world.advance(ANSWER_TIMEOUT_SECONDS);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "no_answer"]]);
});

test("auditCalls() takes a later answer though the signal of the answered request aborts", async () => {
  const { auth, events } = createAudited();
  const standing = createStream();
  let answer = (_response: Response): void => {};
  const responses = [standing.response, new Promise<Response>((resolve) => answer = resolve)];
  const handler = auth.handler(() => responses.shift() ?? new Response());
  const session = { "Mcp-Session-Id": "s-1" };
  read(await handler(listen(session)));
  const { signal, abort } = createAbort();
  const sent = handler(post(toolCall("add"), session, { signal }));
  await settle();
  answer(new Response(null, { status: 202 }));
  await sent;
  // Deno without --unstable-no-legacy-abort aborts the signal of every request that it has answered.
  abort();
  standing.send(result(1));
  await until(() => events.length > 0);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "ok"]]);
});

test("auditCalls() takes an answer on another stream of the session", async () => {
  const { auth, events } = createAudited();
  const [first, resumed, foreign] = [createStream(), createStream(), createStream()];
  const streams = [first, resumed, foreign];
  const handler = auth.handler(() => streams.shift()?.response ?? new Response());
  const session = { "Mcp-Session-Id": "s-1" };
  read(await handler(post([toolCall("a", 1), toolCall("b", 2)], session)));
  first.close();
  await settle();
  assert.equal(events.length, 0);
  read(await handler(listen({ ...session, "Last-Event-ID": "1" })));
  read(await handler(listen({ "Mcp-Session-Id": "s-2" })));
  foreign.send(result(1));
  await settle();
  assert.equal(events.length, 0);
  resumed.send(result("1"), result(1), result(1));
  await until(() => events.length > 0);
  assert.deepEqual(events.map(short), [["tools/call", "a", 1, "ok"]]);
  assert.equal(events[0]?.sessionId, "s-1");
});

test("auditCalls() waits for an answer on another stream for five minutes", async () => {
  const { auth, events, world } = createAudited();
  const handler = auth.handler(() => new Response(null, { status: 202 }));
  await handler(post(toolCall("add"), { "Mcp-Session-Id": "s-1" }));
  world.advance(ANSWER_TIMEOUT_SECONDS - 1);
  assert.equal(events.length, 0);
  world.advance(1);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "no_answer"]]);
  assert.equal(world.timers, 0);
});

test("auditCalls() lets a bounded number of calls wait", async () => {
  const { auth, events, world } = createAudited();
  const handler = auth.handler(() => new Response(null, { status: 202 }));
  for (let id = 0; id <= MAX_WAITING_CALLS; id += 100) {
    const batch = Array.from({ length: 100 }, (_, i) => toolCall("add", id + i));
    await handler(post(batch, { "Mcp-Session-Id": "s-1" }));
  }
  assert.equal(events.length, 100);
  assert.deepEqual(events.map(({ requestId }) => requestId).slice(0, 2), [0, 1]);
  assert.equal(world.timers, MAX_WAITING_CALLS);
});

test("close() ends the calls whose answer could only come on a stream that is closed", async () => {
  const { auth, events, world } = createAudited();
  const [first, standing] = [createStream(), createStream()];
  const streams = [first.response, new Response(null, { status: 202 }), standing.response];
  const handler = auth.handler(() => streams.shift() ?? new Response());
  const session = { "Mcp-Session-Id": "s-1" };
  const got = read(await handler(post(toolCall("open"), session)));
  await handler(post(toolCall("waiting", 2), session));
  read(await handler(listen(session)));
  await auth.close();
  assert.deepEqual(events.map(short), [["tools/call", "waiting", 2, "no_answer"]]);
  // A call that the server answers goes on.
  first.send(result(1));
  first.close();
  await until(() => got.over);
  assert.deepEqual(events.slice(1).map(short), [["tools/call", "open", 1, "ok"]]);
  assert.equal(world.timers, 0);
});

/** HTTP+SSE, the transport of MCP 2024-11-05: answers come on the stream of a GET. */
async function openHttpSse() {
  const audited = createAudited();
  const stream = createStream();
  const handler = audited.auth.handler((request) =>
    request.method === "GET" ? stream.response : new Response("Accepted", { status: 202 })
  );
  const response = await handler(listen());
  const sessionUrl = "/mcp?sessionId=s-1";
  stream.sendText(`event: endpoint\r\ndata: ${sessionUrl}\r\n\r\n`);
  const got = read(response);
  await settle();
  const send = (body: unknown) =>
    handler(new Request(`https://mcp.example.com${sessionUrl}`, post(body)));
  return { ...audited, stream, got, send, handler };
}

test("auditCalls() takes an answer on the stream of HTTP+SSE", async () => {
  const { events, stream, send } = await openHttpSse();
  await send(toolCall("add"));
  assert.equal(events.length, 0);
  stream.send(progress, result(1));
  await until(() => events.length > 0);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "ok"]]);
  assert.equal(events[0]?.sessionId, "s-1");
});

test("auditCalls() takes an answer on the stream of HTTP+SSE before the response to the call", async () => {
  const audited = createAudited();
  const { events, auth } = audited;
  const stream = createStream();
  let accept = (): void => {};
  const handler = auth.handler((request) =>
    request.method === "GET" ? stream.response : new Promise<Response>((resolve) => {
      accept = () => resolve(new Response("Accepted", { status: 202 }));
    })
  );
  read(await handler(listen()));
  stream.sendText("event: endpoint\ndata: /mcp?session_id=s-1\n\n");
  await settle();
  const url = "https://mcp.example.com/mcp?session_id=s-1";
  const sent = handler(new Request(url, post(toolCall("add"))));
  await settle();
  stream.send(result(1));
  await until(() => events.length > 0);
  accept();
  assert.equal((await sent).status, 202);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "ok"]]);
});

test("auditCalls() ends the calls of HTTP+SSE with their stream", async () => {
  const { events, stream, send, got } = await openHttpSse();
  await send(toolCall("add"));
  stream.close();
  await until(() => got.over);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "no_answer"]]);
});

test("auditCalls() records the client of HTTP+SSE that leaves its stream", async () => {
  const { events, auth } = createAudited();
  const stream = createStream();
  const handler = auth.handler((request) =>
    request.method === "GET" ? stream.response : new Response("Accepted", { status: 202 })
  );
  const reader = (await handler(listen())).body?.getReader();
  stream.sendText("event: endpoint\ndata: /mcp?sessionId=s-1\n\n");
  await reader?.read();
  await handler(new Request("https://mcp.example.com/mcp?sessionId=s-1", post(toolCall("add"))));
  await reader?.cancel();
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "cancelled"]]);
});

test("auditCalls() ends the calls of HTTP+SSE when the stream ends with its token", async () => {
  const { events, world, send } = await openHttpSse();
  await send(toolCall("add"));
  world.advance(600);
  assert.deepEqual(events.map(short), [["tools/call", "add", 1, "no_answer"]]);
});

test("auditCalls() ends subscriptions/listen with its token as one without an answer", async () => {
  const { auth, events, world } = createAudited();
  const stream = createStream();
  const headers = { "Mcp-Method": "subscriptions/listen" };
  const body = message("subscriptions/listen", { notifications: { toolsListChanged: true } });
  read(await auth.handler(() => stream.response)(post(body, headers)));
  world.advance(600);
  assert.deepEqual(events.map(short), [["subscriptions/listen", undefined, 1, "no_answer"]]);
  assert.equal(events[0]?.endedAt, NOW + 600);
});

const cancel = (requestId: unknown) => notification("notifications/cancelled", { requestId });

test("auditCalls() records a call that the client cancels by a notification", async () => {
  const { auth, events, world } = createAudited();
  const stream = createStream();
  const answers = [stream.response];
  const handler = auth.handler(() => answers.shift() ?? new Response(null, { status: 202 }));
  const session = { "Mcp-Session-Id": "s-1" };
  read(await handler(post(toolCall("add", 7), session)));
  await handler(post(cancel(8), session));
  await handler(post(cancel(7), { "Mcp-Session-Id": "s-2" }));
  await handler(post(cancel(7)));
  world.advance(CANCEL_TIMEOUT_SECONDS);
  assert.deepEqual(events.filter(({ name }) => name === "add"), []);
  await handler(post(cancel(7), session));
  world.advance(CANCEL_TIMEOUT_SECONDS);
  assert.deepEqual(events.filter(({ name }) => name === "add").map(short), [
    ["tools/call", "add", 7, "cancelled"],
  ]);
});

test("auditCalls() records the answer to a call that the client cancelled too late", async () => {
  const { auth, events, world } = createAudited();
  const stream = createStream();
  const answers = [stream.response];
  const handler = auth.handler(() => answers.shift() ?? new Response(null, { status: 202 }));
  const session = { "Mcp-Session-Id": "s-1" };
  read(await handler(post(toolCall("add", 7), session)));
  await handler(post(cancel(7), session));
  stream.send(result(7));
  await until(() => events.length > 1);
  world.advance(CANCEL_TIMEOUT_SECONDS);
  assert.deepEqual(events.map(short), [
    ["notifications/cancelled", undefined, undefined, "ok"],
    ["tools/call", "add", 7, "ok"],
  ]);
});

test("auditCalls() reads a long JSON body of a declared length while it is sent", async () => {
  const { auth, events } = createAudited();
  const text = JSON.stringify(result(1, { text: "x".repeat(1024 * 1024), isError: true }));
  const headers = { "Content-Type": "application/json", "Content-Length": String(text.length) };
  const handler = auth.handler(() => new Response(text, { headers }));
  const response = await handler(post(toolCall("add")));
  assert.equal(events.length, 0);
  assert.equal(await response.text(), text);
  const left = await handler(post(toolCall("add")));
  await left.body?.cancel();
  assert.deepEqual(events.map(short), [
    ["tools/call", "add", 1, "tool_error"],
    ["tools/call", "add", 1, "cancelled"],
  ]);
});
