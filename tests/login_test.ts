/**
 * Whole logins: the MCP SDKs' own clients with their own OAuth flow, the local PropelAuth, and a
 * protected server of each SDK major, all over HTTP on loopback. Only the user at the browser is
 * played: by `authorizeAs`, which goes through the same pages.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import {
  Client as ClientV2,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport as ClientTransportV2,
  UnauthorizedError as UnauthorizedErrorV2,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/auth"
import { UnauthorizedError as UnauthorizedErrorV1 } from "@modelcontextprotocol/sdk/client/auth.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as ClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
import { authorizeAs, startLocalPropelAuth } from "@x/propelauth-local";
import { composePropelAuth, type PropelAuth } from "../src/create_propel_auth.ts";

const REDIRECT_URL = "http://127.0.0.1:1/callback";
const INFO = { name: "login-test", version: "1.0.0" };
const TOKEN_LIFE_SECONDS = 600;

const local = await startLocalPropelAuth({
  accessTokenExpiresInSeconds: TOKEN_LIFE_SECONDS,
  log: () => {},
});
// Node would wait for it for ever.
after(() => local.close());
const user = local.users[0] ?? assert.fail();

/** What a client keeps between requests, for both SDK majors, and the user at its browser. */
class Login implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT_URL;
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: "Login test",
    redirect_uris: [REDIRECT_URL],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  };
  /** How often the user was sent to log in. */
  logins = 0;
  /** Called whenever tokens arrive. */
  onTokens = (): void => {};
  #url = "";
  #client?: StoredOAuthClientInformation;
  #tokens: StoredOAuthTokens | undefined;
  #verifier = "";
  #discovery?: OAuthDiscoveryState;

  state = () => "the-state";
  clientInformation = () => this.#client;
  tokens = () => this.#tokens;
  codeVerifier = () => this.#verifier;
  discoveryState = () => this.#discovery;
  saveClientInformation = (client: StoredOAuthClientInformation) => void (this.#client = client);
  saveCodeVerifier = (verifier: string) => void (this.#verifier = verifier);
  saveDiscoveryState = (discovery: OAuthDiscoveryState) => void (this.#discovery = discovery);
  saveTokens = (tokens: StoredOAuthTokens) => {
    this.#tokens = tokens;
    this.onTokens();
  };
  invalidateCredentials = () => void (this.#tokens = undefined);
  redirectToAuthorization = (url: URL) => {
    this.logins++;
    this.#url = url.href;
  };

  /** Lets the user log in and consent; returns what the browser brings back. */
  async answer(): Promise<URLSearchParams> {
    const { searchParams } = await authorizeAs(this.#url, user.email);
    assert.equal(searchParams.get("state"), "the-state");
    return searchParams;
  }
}

/** A connected client. */
interface Session {
  /** Calls the tool of that name, which answers who is calling. */
  whoami(): Promise<unknown>;
  /** Whether it opens a standing stream in the background, as clients of older protocols do. */
  readonly opensStream: boolean;
  close(): Promise<void>;
}

/** Connects a client, by way of a login where the server wants one. */
type Connect = (url: string, login: Login) => Promise<Session>;

const connectV1: Connect = async (url, login) => {
  const createTransport = () => new ClientTransportV1(new URL(url), { authProvider: login });
  let client = new ClientV1(INFO);
  const transport = createTransport();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedErrorV1)) throw error;
    await transport.finishAuth((await login.answer()).get("code") ?? "");
    client = new ClientV1(INFO);
    await client.connect(createTransport());
  }
  return {
    opensStream: true,
    whoami: async () => (await client.callTool({ name: "whoami" })).content,
    close: () => client.close(),
  };
};

const connectV2 = (mode: VersionNegotiationMode): Connect => async (url, login) => {
  const createTransport = () => new ClientTransportV2(new URL(url), { authProvider: login });
  const client = new ClientV2(INFO, { versionNegotiation: { mode } });
  const transport = createTransport();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!UnauthorizedErrorV2.isInstance(error)) throw error;
    await transport.finishAuth(await login.answer());
    await client.connect(createTransport());
  }
  return {
    opensStream: client.getProtocolEra() === "legacy",
    whoami: async () => (await client.callTool({ name: "whoami" })).content,
    close: () => client.close(),
  };
};

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

interface Running {
  /** The MCP endpoint. */
  readonly url: string;
  /** Seconds by which the server's clock is ahead. */
  clockAhead: number;
  /** Resolves when a standing stream was asked for and answered. */
  readonly streamOpened: Promise<void>;
  close(): Promise<void>;
}

async function startServer(major: "v1" | "v2"): Promise<Running> {
  const server = createServer((incoming, outgoing) => {
    // The adapter's type knows no `undefined`, which a server's request never has.
    void listener(incoming as Parameters<typeof listener>[0], outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let onStream = (): void => {};
  const running = {
    url: `${baseUrl}/mcp`,
    clockAhead: 0,
    streamOpened: new Promise<void>((resolve) => onStream = resolve),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  const { authUrl, introspectionClientId, introspectionClientSecret } = local;
  const auth = composePropelAuth(
    { authUrl, introspectionClientId, introspectionClientSecret, baseUrl },
    {
      fetch,
      now: () => Date.now() / 1000 + running.clockAhead,
      startTimer: () => () => {},
    },
  );
  const handler = SERVERS[major](auth);
  const listener = toNodeHandler({
    async fetch(request) {
      const response = await handler(request);
      const stream = request.method === "GET" && request.url === running.url;
      if (stream && response.status !== 401) onStream();
      return response;
    },
  });
  return running;
}

const V1 = { client: "SDK v1", connect: connectV1, Unauthorized: UnauthorizedErrorV1 };
const V2 = { client: "SDK v2", Unauthorized: UnauthorizedErrorV2 };
const LEGACY = { ...V2, client: "SDK v2 in legacy mode", connect: connectV2("legacy") };
const AUTO = { ...V2, client: "SDK v2 in auto mode", connect: connectV2("auto") };
const PINNED = { ...V2, client: "SDK v2 at 2026-07-28", connect: connectV2({ pin: "2026-07-28" }) };

/** A client of 2026-07-28 alone has nothing to say to SDK v1. */
const PAIRS = [
  { ...V1, server: "v1" },
  { ...V1, server: "v2" },
  { ...LEGACY, server: "v1" },
  { ...LEGACY, server: "v2" },
  { ...AUTO, server: "v1" },
  { ...AUTO, server: "v2" },
  { ...PINNED, server: "v2" },
] as const;

const USER = [{ type: "text", text: user.id }];

for (const { client, server, connect, Unauthorized } of PAIRS) {
  const pair = `${client}, server of SDK ${server}`;

  /** Runs a test as a user who has just logged in. */
  const loggedIn = async (
    act: (session: Session, login: Login, running: Running) => Promise<void>,
  ): Promise<void> => {
    const running = await startServer(server);
    try {
      const login = new Login();
      const session = await connect(running.url, login);
      // Else the stream's request and the test's next one would race to refresh the token.
      if (session.opensStream) await running.streamOpened;
      await act(session, login, running);
      await session.close();
    } finally {
      await running.close();
    }
  };

  test(`a login makes the user known to the tools: ${pair}`, () =>
    loggedIn(async (session, login) => {
      assert.deepEqual(await session.whoami(), USER);
      assert.deepEqual(await session.whoami(), USER);
      assert.equal(login.logins, 1);
    }));

  test(`an expired token is refreshed without a login: ${pair}`, () =>
    loggedIn(async (session, login, running) => {
      const expired = login.tokens();
      running.clockAhead = TOKEN_LIFE_SECONDS;
      login.onTokens = () => {
        running.clockAhead = 0;
      };
      assert.deepEqual(await session.whoami(), USER);
      assert.notEqual(login.tokens()?.access_token, expired?.access_token);
      assert.equal(login.logins, 1);
    }));

  test(`a revoked access token is seen by the next call, and refreshed: ${pair}`, () =>
    loggedIn(async (session, login) => {
      const revoked = login.tokens()?.access_token ?? "";
      await local.revoke(revoked);
      assert.deepEqual(await session.whoami(), USER);
      assert.notEqual(login.tokens()?.access_token, revoked);
      assert.equal(login.logins, 1);
    }));

  test(`a revoked login is seen by the next call, and must be made anew: ${pair}`, () =>
    loggedIn(async (session, login, running) => {
      await local.revoke(login.tokens()?.refresh_token ?? "");
      await assert.rejects(session.whoami(), Unauthorized);
      assert.equal(login.logins, 2);
      const again = await connect(running.url, new Login());
      assert.deepEqual(await again.whoami(), USER);
      await again.close();
    }));

  test(`a token of another server starts a login: ${pair}`, () =>
    loggedIn(async (_session, { tokens }) => {
      const other = await startServer(server);
      try {
        const login = new Login();
        const { refresh_token: _none, ...foreign } = tokens() ?? assert.fail();
        login.saveTokens(foreign);
        const session = await connect(other.url, login);
        assert.deepEqual(await session.whoami(), USER);
        assert.equal(login.logins, 1);
        assert.notEqual(login.tokens()?.access_token, foreign.access_token);
        await session.close();
      } finally {
        await other.close();
      }
    }));
}
