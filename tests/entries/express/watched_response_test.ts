import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { canBeWatched, watchResponse } from "../../../src/entries/express/watched_response.ts";
import { listen, sendTo } from "../../support/node_server.ts";

const REQUEST = new Request("http://h.example/");
const ID = "session-1";

/** Every way in which a handler can have a head sent. */
const WAYS: Record<string, (outgoing: ServerResponse) => void> = {
  "end alone": (outgoing) => void outgoing.setHeader("Mcp-Session-Id", ID).end("body"),
  "a part": (outgoing) => {
    outgoing.setHeader("mcp-session-id", ID).write("bo");
    outgoing.end("dy");
  },
  "flushed headers": (outgoing) => {
    outgoing.setHeader("Mcp-Session-Id", ID).flushHeaders();
    outgoing.end("body");
  },
  "writeHead after setHeader": (outgoing) =>
    void outgoing.setHeader("Mcp-Session-Id", ID).writeHead(201).end("body"),
  "fields in writeHead": (outgoing) =>
    void outgoing.writeHead(202, { "X-A": "1", "MCP-Session-ID": ID }).end("body"),
  "fields in writeHead beside others": (outgoing) =>
    void outgoing.setHeader("X-A", "1").writeHead(202, { "Mcp-Session-Id": ID }).end("body"),
  "fields behind a reason": (outgoing) =>
    void outgoing.writeHead(404, "Gone fishing", { "Mcp-Session-Id": ID }).end("body"),
  "fields in turn": (outgoing) =>
    void outgoing.writeHead(200, ["X-A", "1", "Mcp-Session-Id", ID]).end("body"),
  "a field that replaces another": (outgoing) =>
    void outgoing.setHeader("Mcp-Session-Id", "x").writeHead(200, { "Mcp-Session-Id": ID })
      .end("body"),
};

for (const [way, write] of Object.entries(WAYS)) {
  test(`watchResponse() reads the head of a response by ${way}, and changes nothing`, async () => {
    const plain = await sendTo((_request, outgoing) => write(outgoing), REQUEST);
    let seen: Promise<Response> | undefined;
    const sent = await sendTo((_request, outgoing) => {
      assert(canBeWatched(outgoing));
      seen = watchResponse(outgoing).response;
      write(outgoing);
    }, REQUEST);
    const { status, headers, body } = await seen ?? Response.error();
    assert.deepEqual([status, headers.get("Mcp-Session-Id"), body], [plain.status, ID, null]);
    assert.equal(sent.status, plain.status);
    const fields = (response: Response) =>
      [...response.headers].filter(([name]) => name !== "date");
    assert.deepEqual(fields(sent), fields(plain));
    assert.deepEqual([await sent.text(), await plain.text()], ["body", "body"]);
  });
}

test("watchResponse() gives the head before the server can read another request", async () => {
  const order: string[] = [];
  await sendTo((_request, outgoing) => {
    watchResponse(outgoing).response.then(() => order.push("seen"));
    setImmediate(() => order.push("next turn"));
    outgoing.end("body");
  }, REQUEST);
  assert.deepEqual(order, ["seen", "next turn"]);
});

test("watchResponse() lets Node refuse a second head, and keeps to the first", async () => {
  let seen: Promise<Response> | undefined;
  const { status } = await sendTo((_request, outgoing) => {
    seen = watchResponse(outgoing).response;
    outgoing.writeHead(201);
    assert.throws(() => outgoing.writeHead(500), { code: "ERR_HTTP_HEADERS_SENT" });
    outgoing.end();
  }, REQUEST);
  assert.deepEqual([status, (await seen)?.status], [201, 201]);
});

test("watchResponse() leaves it to Node when a writer has to wait", async () => {
  const chunk = Buffer.alloc(4 * 1024 * 1024);
  const server = await listen(async (_request, outgoing) => {
    watchResponse(outgoing);
    const hadToWait = !outgoing.write(chunk);
    if (hadToWait) await once(outgoing, "drain");
    outgoing.end(`waited: ${hadToWait}`);
  });
  const text = await (await fetch(server.origin)).text();
  assert.equal(text.slice(chunk.length), "waited: true");
  await server.close();
});

for (const name of ["write", "end", "flushHeaders"] as const) {
  test(`canBeWatched() is false for a response with a ${name} of another`, async () => {
    let can: boolean | undefined;
    await sendTo((_request, outgoing) => {
      Reflect.set(outgoing, name, () => {});
      can = canBeWatched(outgoing);
      Reflect.deleteProperty(outgoing, name);
      outgoing.end();
    }, REQUEST);
    assert.equal(can, false);
  });
}
