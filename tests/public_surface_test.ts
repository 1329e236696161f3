import assert from "node:assert/strict";
import { test } from "node:test";
import * as surface from "@x/propelauth-mcp";
import { createPropelAuth, type PropelAuth } from "@x/propelauth-mcp";
import {
  type AuthInfo as AuthInfoV2,
  createMcpHandler,
  McpServer as McpServerV2,
  requireBearerAuth as requireBearerAuthV2,
  WebStandardStreamableHTTPServerTransport as TransportV2,
} from "@modelcontextprotocol/server";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/auth/types"
import type { AuthInfo as AuthInfoV1 } from "@modelcontextprotocol/sdk/server/auth/types.js";
import { ACTIVE, createHarness, json, mcpRequest, OPTIONS } from "./support/harness.ts";

test("mod.ts exports one thing at run time", () => {
  assert.deepEqual(Object.keys(surface), ["createPropelAuth"]);
  assert.deepEqual(Object.keys(createPropelAuth), ["fromEnv"]);
  assert.deepEqual(Object.keys(createPropelAuth(OPTIONS)).sort(), [
    "authenticate",
    "close",
    "forget",
    "forgetSubject",
    "getAccessToken",
    "handler",
    "requireOrg",
    "requireRole",
    "requireScopes",
    "resourceMetadata",
    "scopeChallenge",
    "verifier",
  ]);
});

/** A tool that names the caller as each way of asking sees them. */
const answer = (auth: PropelAuth, authInfo: AuthInfoV1 | AuthInfoV2 | undefined) => {
  const caller = auth.getAccessToken(authInfo);
  // A copy is not a verified token, however alike.
  assert.equal(auth.getAccessToken({ ...caller }), undefined);
  const text = JSON.stringify([
    auth.getAccessToken()?.subject,
    authInfo?.extra?.["subject"],
    caller?.claims.sub,
  ]);
  return { content: [{ type: "text" as const, text }] };
};

const CALL = {
  headers: {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "whoami", arguments: {} },
  }),
};

const SERVERS: [what: string, protect: (auth: PropelAuth) => surface.RequestHandler][] = [
  ["SDK v2's createMcpHandler", (auth) =>
    auth.handler(createMcpHandler(() => {
      const server = new McpServerV2({ name: "v2", version: "1.0.0" });
      server.registerTool("whoami", {}, (context) => answer(auth, context.http?.authInfo));
      return server;
    }))],
  ["a transport of SDK v2", (auth) =>
    auth.handler(async (request, options) => {
      const server = new McpServerV2({ name: "v2", version: "1.0.0" });
      server.registerTool("whoami", {}, (context) => answer(auth, context.http?.authInfo));
      const transport = new TransportV2({});
      await server.connect(transport);
      return await transport.handleRequest(request, options);
    })],
  ["a transport of SDK v1", (auth) =>
    auth.handler(async (request, options) => {
      const server = new McpServerV1({ name: "v1", version: "1.0.0" });
      server.registerTool("whoami", {}, (extra) => answer(auth, extra.authInfo));
      const transport = new TransportV1({});
      await server.connect(transport);
      return await transport.handleRequest(request, options);
    })],
];

for (const [what, protect] of SERVERS) {
  test(`handler() gives 50 interleaved callers of ${what} themselves, in every way`, async () => {
    const { auth } = createHarness({}, (token) => json({ ...ACTIVE, sub: `of-${token}` }));
    const handler = protect(auth);
    const tokens = Array.from({ length: 50 }, (_, i) => `token-${i}`);
    const texts = await Promise.all(tokens.map(async (token) => {
      const text = await (await handler(mcpRequest(token, CALL))).text();
      const message = JSON.parse(text.replace(/^[\s\S]*data: /, ""));
      return JSON.parse(message.result.content[0].text);
    }));
    assert.deepEqual(texts, tokens.map((token) => Array(3).fill(`of-${token}`)));
  });
}

test("handler() takes transports that keep sessions, and refuses those of one request", () => {
  const { auth } = createHarness();
  const sessions = { sessionIdGenerator: () => "session-1" };
  for (const Transport of [TransportV1, TransportV2]) {
    assert.equal(typeof auth.handler(new Transport(sessions)), "function");
    assert.throws(() => auth.handler(new Transport({})), {
      name: "TypeError",
      message: /: received a transport that answers one request only: give \{ server: /,
    });
  }
});

test("handler() names the remedy for an SDK server that has no transport", () => {
  const { auth } = createHarness();
  const info = { name: "mine", version: "1.0.0" };
  for (const mcp of [new McpServerV1(info), new McpServerV2(info), new McpServerV2(info).server]) {
    assert.throws(() => auth.handler(mcp as unknown as surface.McpServerHandler), {
      name: "TypeError",
      message: /: received an SDK McpServer: wrap it in createMcpHandler\(\); with SDK v1 give /,
    });
  }
});

// Documented where `verifier` is: the SDK's own gate knows only its own error classes.
test("verifier behind SDK v2's own gate lets callers in, and turns refusals into 500", async () => {
  const { auth } = createHarness(
    {},
    (token) => token === "good" ? json(ACTIVE) : json({ active: false }),
  );
  const gate = requireBearerAuthV2({ verifier: auth.verifier });
  const passed = await gate(mcpRequest("good"));
  assert(!(passed instanceof Response));
  assert.equal(passed.token, "good");
  const refused = await gate(mcpRequest("bad"));
  assert(refused instanceof Response);
  assert.equal(refused.status, 500);
});
