/** Sessions of the older HTTP+SSE transport: their id is in the URL that the stream sends first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuthEvent } from "../../src/events/events.ts";
import { ACTIVE, createHarness, json, RESOURCE } from "../support/harness.ts";

const ENDPOINTS: [what: string, pieces: string[]][] = [
  ["sessionId", ["event: endpoint\ndata: /messages?sessionId=s-1\n\n"]],
  ["session_id", ["event: endpoint\r\ndata: /messages/?session_id=s-1\r\n\r\n"]],
  ["a whole URL", ["event:endpoint\ndata:https://mcp.example.com/m?sessionId=s-1\n\n"]],
  ["several pieces", [": hello\n\nevent: endp", "oint\ndata: /messages?sess", "ionId=s-1\n", "\n"]],
];

for (const [what, pieces] of ENDPOINTS) {
  test(`handler() keeps a session of HTTP+SSE to the caller that opened it: ${what}`, async () => {
    const events: PropelAuthEvent[] = [];
    const { auth } = createHarness(
      { onEvent: (event) => events.push(event) },
      (token) => json({ ...ACTIVE, sub: `of-${token}` }),
    );
    const reached: string[] = [];
    const handler = auth.handler((request, { authInfo }) => {
      if (request.method === "POST") {
        reached.push(`${authInfo.subject}`);
        return new Response(null, { status: 202 });
      }
      const stream = new ReadableStream({
        start(controller) {
          for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        },
      });
      return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
    });
    const send = (token: string, init: RequestInit = {}, query = "") =>
      handler(
        new Request(RESOURCE + query, {
          ...init,
          headers: { "Authorization": `Bearer ${token}` },
        }),
      );
    const opened = await send("a");
    const reader = opened.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (seen.length < pieces.join("").length) seen += (await reader?.read())?.value ?? "";
    assert.equal(seen, pieces.join(""));
    const post = { method: "POST", body: "{}" };
    const status = async (token: string, query: string) => (await send(token, post, query)).status;
    assert.equal(await status("a", "?sessionId=s-1"), 202);
    assert.equal(await status("b", "?sessionId=s-1"), 404);
    // The MCP server decides which parameter it reads.
    assert.equal(await status("b", "?sessionId[]=s-1"), 404);
    assert.equal(await status("b", "?sessionId=s-2"), 202);
    assert.deepEqual(reached, ["of-a", "of-b"]);
    const refused = events.filter(({ code }) => code === "session_refused");
    assert.equal(refused.length, 2);
    await reader?.cancel();
  });
}
