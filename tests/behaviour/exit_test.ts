import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { after, test } from "node:test";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createPropelAuth } from "@x/propelauth-mcp";
import { startFaultyServer } from "./faulty_server.ts";
import { ACTIVE, OPTIONS } from "../support/harness.ts";

const server = await startFaultyServer();
after(() => server.stop());

const fromSource = /\.ts$/.test(import.meta.url);

test("nothing keeps a process alive that has come to its end", async () => {
  const body = JSON.stringify({ ...ACTIVE, aud: "https://mcp.example.com/mcp" });
  // The connection stays open, for the next question.
  server.behave = (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const program = fileURLToPath(
    new URL(`exit_program.${fromSource ? "ts" : "js"}`, import.meta.url),
  );
  const options = fromSource ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...options, program, server.authUrl], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const giveUp = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [printed, [code, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  clearTimeout(giveUp);
  assert.deepEqual([printed, code, signal], ["200\n", 0, null]);
});

test("after close() a server can stop that has a stream open", async () => {
  const web = createServer();
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  const baseUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const auth = createPropelAuth({
    ...OPTIONS,
    baseUrl,
    tokenIntrospectionOverrides: {
      fetch: () => Promise.resolve(Response.json({ ...ACTIVE, aud: `${baseUrl}/mcp` })),
    },
  });
  const handler = auth.handler(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      }),
      { headers: { "Content-Type": "text/event-stream" } },
    )
  );
  web.on("request", toNodeHandler({ fetch: handler }));
  const headers = { "Authorization": "Bearer token-1", "Connection": "close" };
  const response = await fetch(`${baseUrl}/mcp`, { headers });
  const reader = response.body?.getReader();
  assert.equal((await reader?.read())?.done, false);
  const closed = once(web, "close");
  web.close();
  await auth.close();
  assert.equal((await reader?.read())?.done, true);
  await closed;
});
