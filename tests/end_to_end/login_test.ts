/**
 * Whole logins over HTTP on loopback: the MCP SDKs' own clients and OAuth flow, the local PropelAuth,
 * and a protected server of each SDK major. `authorizeAs` plays the user at the browser.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { composePropelAuth } from "../../src/create_propel_auth.ts";
import type { PropelAuth } from "../../src/propel_auth.ts";
import { INFO, Login, PAIRS, type Running as Served, serve, type Session } from "./logins.ts";

const TOKEN_LIFE_SECONDS = 600;

const local = await startLocalPropelAuth({
  accessTokenExpiresInSeconds: TOKEN_LIFE_SECONDS,
  log: () => {},
});
// On Node an open server keeps the process from ending.
after(() => local.close());
const user = local.users[0] ?? assert.fail();

const say = (auth: PropelAuth) => ({
  content: [{ type: "text" as const, text: auth.getAccessToken()?.subject ?? "nobody" }],
});

/** The same MCP server on each SDK major. */
const SERVERS: Record<"v1" | "v2", (auth: PropelAuth) => (request: Request) => Promise<Response>> =
  {
    v1: (auth) =>
      auth.handler(async (request, options) => {
        const server = new McpServerV1(INFO);
        server.registerTool("whoami", {}, () => say(auth));
        const transport = new WebStandardStreamableHTTPServerTransport();
        await server.connect(transport);
        return await transport.handleRequest(request, options);
      }),
    v2: (auth) =>
      auth.handler(createMcpHandler(() => {
        const server = new McpServerV2(INFO);
        server.registerTool("whoami", {}, () => say(auth));
        return server;
      })),
  };

interface Running extends Served {
  /** Seconds by which the server's clock is ahead. */
  clockAhead: number;
  /** Resolves when the server has answered a request for a standing stream. */
  readonly streamOpened: Promise<void>;
}

async function startServer(major: "v1" | "v2"): Promise<Running> {
  let onStream = (): void => {};
  const streamOpened = new Promise<void>((resolve) => onStream = resolve);
  const { authUrl, introspectionClientId, introspectionClientSecret } = local;
  const served = await serve((baseUrl) => {
    const auth = composePropelAuth(
      { authUrl, introspectionClientId, introspectionClientSecret, baseUrl },
      {
        fetch,
        now: () => Date.now() / 1000 + running.clockAhead,
        startTimer: () => () => {},
      },
    );
    const handler = SERVERS[major](auth);
    return async (request) => {
      const response = await handler(request);
      const stream = request.method === "GET" && request.url === running.url;
      if (stream && response.status !== 401) onStream();
      return response;
    };
  });
  const running = { ...served, clockAhead: 0, streamOpened };
  return running;
}

const USER = [{ type: "text", text: user.id }];

for (const { client, server, connect, Unauthorized } of PAIRS) {
  const pair = `${client}, server of SDK ${server}`;

  /** Runs a test as a user who has just logged in. */
  const loggedIn = async (
    act: (session: Session, login: Login, running: Running) => Promise<void>,
  ): Promise<void> => {
    const running = await startServer(server);
    try {
      const login = new Login(user.email);
      const session = await connect(running.url, login);
      // Otherwise the stream's request and the test's next one refresh the token at the same time.
      if (session.opensStream) await running.streamOpened;
      await act(session, login, running);
      await session.close();
    } finally {
      await running.close();
    }
  };

  test(`getAccessToken() returns the user in a tool when the client has logged in: ${pair}`, () =>
    loggedIn(async (session, login) => {
      assert.deepEqual(await session.call("whoami"), USER);
      assert.deepEqual(await session.call("whoami"), USER);
      assert.equal(login.logins, 1);
    }));

  test(`handler() makes the client refresh when its token has expired: ${pair}`, () =>
    loggedIn(async (session, login, running) => {
      const expired = login.tokens();
      running.clockAhead = TOKEN_LIFE_SECONDS;
      login.onTokens = () => {
        running.clockAhead = 0;
      };
      assert.deepEqual(await session.call("whoami"), USER);
      assert.notEqual(login.tokens()?.access_token, expired?.access_token);
      assert.equal(login.logins, 1);
    }));

  test(`handler() makes the client refresh when its access token is revoked: ${pair}`, () =>
    loggedIn(async (session, login) => {
      const revoked = login.tokens()?.access_token ?? "";
      await local.revoke(revoked);
      assert.deepEqual(await session.call("whoami"), USER);
      assert.notEqual(login.tokens()?.access_token, revoked);
      assert.equal(login.logins, 1);
    }));

  test(`handler() makes the client log in again when its grant is revoked: ${pair}`, () =>
    loggedIn(async (session, login, running) => {
      await local.revoke(login.tokens()?.refresh_token ?? "");
      await assert.rejects(session.call("whoami"), Unauthorized);
      assert.equal(login.logins, 2);
      const again = await connect(running.url, new Login(user.email));
      assert.deepEqual(await again.call("whoami"), USER);
      await again.close();
    }));

  test(`handler() makes the client log in when its token is for another server: ${pair}`, () =>
    loggedIn(async (_session, { tokens }) => {
      const other = await startServer(server);
      try {
        const login = new Login(user.email);
        const { refresh_token: _none, ...foreign } = tokens() ?? assert.fail();
        login.saveTokens(foreign);
        const session = await connect(other.url, login);
        assert.deepEqual(await session.call("whoami"), USER);
        assert.equal(login.logins, 1);
        assert.notEqual(login.tokens()?.access_token, foreign.access_token);
        await session.close();
      } finally {
        await other.close();
      }
    }));
}
