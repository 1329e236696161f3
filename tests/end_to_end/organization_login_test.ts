/**
 * Logins at the endpoints of organizations: the MCP SDKs' own clients, the local PropelAuth, and a
 * server that serves every organization by one handler.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { createPropelAuth } from "@x/propelauth-mcp";
import { AUTO, INFO, LEGACY, Login, PINNED, serve, V1 } from "./logins.ts";

const local = await startLocalPropelAuth({ log: () => {} });
const [owner, , admin] = local.users;
assert(owner?.orgId !== undefined && admin?.orgId !== undefined);
const [acme, globex] = [owner.orgId, admin.orgId];

const { authUrl, introspectionClientId, introspectionClientSecret } = local;
const running = await serve((baseUrl) => {
  const auth = createPropelAuth({
    authUrl,
    introspectionClientId,
    introspectionClientSecret,
    baseUrl,
    mcpPath: "/o/{orgId}/mcp",
  });
  return auth.handler(createMcpHandler(() => {
    const server = new McpServer(INFO);
    server.registerTool("whose", {}, () => {
      const { claims } = auth.requireOrg(acme);
      return { content: [{ type: "text", text: `${claims.email} for ${claims.org_id}` }] };
    });
    return server;
  }));
});
// On Node open servers keep the process from ending.
after(async () => {
  await running.close();
  await local.close();
});
const endpointOf = (orgId: string) => new URL(`/o/${orgId}/mcp`, running.url).href;

for (const { client, connect } of [V1, LEGACY, AUTO, PINNED]) {
  test(`requireOrg() returns the token when the user logs in at the endpoint of their organization: ${client}`, async () => {
    const login = new Login(owner.email);
    const session = await connect(endpointOf(acme), login);
    assert.deepEqual(await session.call("whose"), [
      { type: "text", text: `${owner.email} for ${acme}` },
    ]);
    assert.equal(login.logins, 1);
    await session.close();
  });

  test(`handler() denies access after one login when the user belongs to another organization: ${client}`, async () => {
    const login = new Login(owner.email);
    await assert.rejects(connect(endpointOf(globex), login), /access_denied|denied access/);
    assert.equal(login.logins, 1);
    assert.notEqual(login.tokens(), undefined);
  });

  test(`handler() makes the client log in when its token is for another organization: ${client}`, async () => {
    const login = new Login(owner.email);
    await (await connect(endpointOf(acme), login)).close();
    const { refresh_token: _none, ...tokens } = login.tokens() ?? assert.fail();
    const elsewhere = new Login(admin.email);
    elsewhere.saveTokens(tokens);
    const session = await connect(endpointOf(globex), elsewhere);
    assert.equal(elsewhere.logins, 1);
    await session.close();
  });
}
