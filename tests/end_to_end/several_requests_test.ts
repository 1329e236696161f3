/** Servers of both SDK majors answer real clients of both, call after call and many at once. */
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
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  createMcpHandler,
  McpServer as McpServerV2,
  WebStandardStreamableHTTPServerTransport as TransportV2,
} from "@modelcontextprotocol/server";
import type { McpServerHandler, PropelAuth, PropelAuthOptions } from "@x/propelauth-mcp";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";

const INFO = { name: "test", version: "1.0.0" };

/** A server whose tool says who calls, how often servers were created, and by which major. */
function createV1(auth: PropelAuth): McpServerV1 {
  const server = new McpServerV1(INFO);
  server.registerTool("whoami", {}, () => say(auth.getAccessToken()?.subject ?? "nobody"));
  return server;
}

function createV2(auth: PropelAuth): McpServerV2 {
  const server = new McpServerV2(INFO);
  server.registerTool("whoami", {}, () => say(auth.getAccessToken()?.subject ?? "nobody"));
  return server;
}

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

const SERVERS: [what: string, create: (auth: PropelAuth) => McpServerHandler][] = [
  ["factories of SDK v1", (auth) => ({
    server: () => createV1(auth),
    transport: () => new TransportV1(),
  })],
  ["factories of SDK v2", (auth) => ({
    server: () => Promise.resolve(createV2(auth)),
    transport: () => new TransportV2(),
  })],
  ["createMcpHandler() of SDK v2", (auth) => createMcpHandler(() => createV2(auth))],
];

const OPTIONS: [what: string, options: Partial<PropelAuthOptions>][] = [
  ["", {}],
  [" with operations", { operations: { tools: { whoami: ["read"] } } }],
];

for (const [what, create] of SERVERS) {
  for (const [how, options] of OPTIONS) {
    test(`handler() serves ${what}${how} to clients of both majors, over many requests`, async () => {
      const kit = createTestPropelAuth({ requiredScopes: ["read"], ...options });
      const auth = kit.createPropelAuth();
      const handler = auth.handler(create(auth));
      const sdkV1 = { Client, StreamableHTTPClientTransport };
      const [ada, ben] = [kit.token({ subject: "ada" }), kit.token({ subject: "ben" })];
      const ofAda = await kit.connect(handler, { sdk: sdkV2, token: ada });
      const ofBen = await kit.connect(handler, { sdk: sdkV1, token: ben });
      for (const [client, subject] of [[ofAda, "ada"], [ofBen, "ben"]] as const) {
        const ask = async () => (await client.callTool({ name: "whoami" })).content;
        for (let call = 0; call < 3; call++) assert.deepEqual(await ask(), say(subject).content);
        const all = await Promise.all(Array.from({ length: 10 }, ask));
        for (const content of all) assert.deepEqual(content, say(subject).content);
        assert.deepEqual((await client.listTools()).tools.map(({ name }) => name), ["whoami"]);
        await client.close();
      }
    });
  }
}
