import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdkV2 from "@modelcontextprotocol/client";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import type { PropelAuth } from "@x/propelauth-mcp";
import { createTestPropelAuth, type TestedHandler } from "@x/propelauth-mcp/testing";

const sdkV1 = { Client, StreamableHTTPClientTransport };

const whoami = (auth: PropelAuth) => () => ({
  content: [{ type: "text" as const, text: auth.getAccessToken()?.subject ?? "nobody" }],
});

const SERVERS: [string, (auth: PropelAuth) => TestedHandler][] = [
  ["v1", (auth) =>
    auth.handler(async (request, options) => {
      const server = new McpServerV1({ name: "test", version: "1" });
      server.registerTool("whoami", {}, whoami(auth));
      const transport = new WebStandardStreamableHTTPServerTransport({});
      await server.connect(transport);
      return await transport.handleRequest(request, options);
    })],
  ["v2", (auth) =>
    auth.handler(createMcpHandler(() => {
      const server = new McpServer({ name: "test", version: "1" });
      server.registerTool("whoami", {}, whoami(auth));
      return server;
    }))],
];

for (const [major, serve] of SERVERS) {
  test(`connect() connects clients of both SDK majors to a ${major} server`, async () => {
    const kit = createTestPropelAuth();
    const handler = serve(kit.createPropelAuth());
    const token = kit.token({ subject: "user-7" });
    const v1 = await kit.connect(handler, { token, sdk: sdkV1 });
    const v2 = await kit.connect(handler, { token, sdk: sdkV2 });
    const auto = await kit.connect(handler, {
      token,
      sdk: sdkV2,
      clientOptions: { versionNegotiation: { mode: "auto" } },
    });
    for (const client of [v1, v2, auto]) {
      const { content } = await client.callTool({ name: "whoami" });
      assert.deepEqual(content, [{ type: "text", text: "user-7" }]);
      await client.close();
    }
  });
}

test("connect() sends the current token, and no header without one", async () => {
  const kit = createTestPropelAuth();
  const handler = SERVERS[1]?.[1](kit.createPropelAuth()) ?? assert.fail();
  let token: string | undefined = kit.token({ subject: "first" });
  const client = await kit.connect(handler, { token: () => token, sdk: sdkV2 });
  token = kit.token({ subject: "second" });
  const { content } = await client.callTool({ name: "whoami" });
  assert.deepEqual(content, [{ type: "text", text: "second" }]);
  kit.revoke(token);
  await assert.rejects(client.callTool({ name: "whoami" }), /invalid_token/);
  await client.close();
  await assert.rejects(
    kit.connect(handler, { sdk: sdkV2 }),
    (error: Error & { data?: { status?: number } }) => error.data?.status === 401,
  );
});

type Kit = ReturnType<typeof createTestPropelAuth>;
const CLIENTS: [string, (kit: Kit, handler: TestedHandler) => Promise<{ close(): unknown }>][] = [
  ["v1", (kit, handler) => kit.connect(handler, { token: kit.token(), sdk: sdkV1 })],
  ["v2", (kit, handler) => kit.connect(handler, { token: kit.token(), sdk: sdkV2 })],
];

for (const [major, connect] of CLIENTS) {
  test(`connect() lets a server see that its ${major} client closed a stream`, async () => {
    const kit = createTestPropelAuth();
    const auth = kit.createPropelAuth();
    const serve = SERVERS[0]?.[1](auth) ?? assert.fail();
    let onOpened = (): void => {};
    let onCancelled = (): void => {};
    const opened = new Promise<void>((resolve) => onOpened = resolve);
    const cancelled = new Promise<void>((resolve) => onCancelled = resolve);
    const streaming = auth.handler(() => {
      onOpened();
      const body = new ReadableStream({ cancel: () => onCancelled() });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    });
    const client = await connect(
      kit,
      (request) => request.method === "GET" ? streaming(request) : serve(request),
    );
    await opened;
    await client.close();
    await cancelled;
  });
}

test("connect() keeps the SDK's own types", async () => {
  const kit = createTestPropelAuth();
  const handler = SERVERS[1]?.[1](kit.createPropelAuth()) ?? assert.fail();
  const wrong = async () => {
    const client = await kit.connect(handler, { sdk: sdkV2 });
    // @ts-expect-error: no such method, so the client is not `any`
    client.callTools();
    // @ts-expect-error: an SDK has both classes
    await kit.connect(handler, { sdk: { Client } });
  };
  assert.equal(typeof wrong, "function");
  await assert.rejects(kit.connect(() => new Response(null, { status: 500 }), { sdk: sdkV2 }));
});
