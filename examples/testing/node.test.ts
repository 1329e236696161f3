// Run it with `node --test` on Node 22.18 or later; on an earlier Node compile it first.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@modelcontextprotocol/client";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { createServer } from "./server.ts";

test("a tool knows who calls, and what they may do", async () => {
  const { connect, createPropelAuth, token } = createTestPropelAuth();
  const handler = createServer(createPropelAuth());
  const editor = token({ subject: "ada", scopes: ["notes:publish"] });
  const client = await connect(handler, { sdk, token: editor });
  const { content } = await client.callTool({ name: "whoami" });
  assert.deepEqual(content, [{ type: "text", text: "ada" }]);
  assert.notEqual((await client.callTool({ name: "publish" })).isError, true);
  await client.close();

  const guest = await connect(handler, { sdk, token: token({ scopes: [] }) });
  assert.equal((await guest.callTool({ name: "publish" })).isError, true);
  await guest.close();
});

test("nobody stays in past the end of their token, or after it is revoked", async () => {
  const { advance, connect, createPropelAuth, revoke, token } = createTestPropelAuth();
  const handler = createServer(createPropelAuth());
  const [short, long] = [token({ expiresInSeconds: 60 }), token()];
  const client = await connect(handler, { sdk, token: short });
  advance(60);
  await assert.rejects(client.callTool({ name: "whoami" }), /invalid_token/);
  await client.close();
  revoke(long);
  await assert.rejects(connect(handler, { sdk, token: long }), /invalid_token/);
});

test("a client keeps its token while PropelAuth is down or slow", async () => {
  const { advance, createPropelAuth, fail, hold, options, recover, token } = createTestPropelAuth();
  const handler = createServer(createPropelAuth());
  const headers = { Authorization: `Bearer ${token()}` };
  const call = () => handler(new Request(`${options.baseUrl}/mcp`, { method: "POST", headers }));
  fail(503);
  assert.equal((await call()).headers.has("WWW-Authenticate"), false);
  recover();
  const slow = hold();
  const answer = call();
  await slow.asked;
  advance(10); // timeoutSeconds
  assert.equal((await answer).status, 503);
});

test("PropelAuth is asked once for a token that is known", async () => {
  const { connect, countIntrospections, createPropelAuth, token } = createTestPropelAuth({
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  });
  const known = token();
  const client = await connect(createServer(createPropelAuth()), { sdk, token: known });
  for (let call = 0; call < 5; call++) await client.callTool({ name: "whoami" });
  assert.equal(countIntrospections(known), 1);
  await client.close();
});
