/**
 * Step-up over HTTP on loopback: the MCP SDKs' own clients, the local PropelAuth, and a server of
 * each SDK major whose tools need scopes. `authorizeAs` plays the user at the browser.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { InsufficientScopeError } from "@modelcontextprotocol/client";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
import { startLocalPropelAuth } from "@x/propelauth-local";
import {
  createPropelAuth,
  type PropelAuth,
  type PropelAuthOptions,
  type RequestHandler,
} from "@x/propelauth-mcp";
import { INFO, Login, PAIRS, type Running, serve, type Session } from "./logins.ts";

const local = await startLocalPropelAuth({ log: () => {} });
// On Node an open server keeps the process from ending.
after(() => local.close());
const OWNER = "owner@acme.example";
const MEMBER = "member@acme.example";

/** The scope that each tool needs. Users may decline `write:reports`; the member may not grant `admin:org`. */
const TOOLS = {
  list_reports: "read:reports",
  add_report: "write:reports",
  purge_reports: "admin:org",
};
const TOKEN_POLICY: Partial<PropelAuthOptions> = {
  requiredScopes: ["read:user_data"],
  challengeScopes: ["read:user_data", "read:reports", "write:reports"],
};
const POLICY: Partial<PropelAuthOptions> = {
  ...TOKEN_POLICY,
  operations: {
    tools: Object.fromEntries(Object.entries(TOOLS).map(([name, scope]) => [name, [scope]])),
  },
};

/** Creates an MCP server that records the calls of its tools. */
type Protect = (auth: PropelAuth, called: string[]) => RequestHandler;

const say = (text: string, called: string[]) => () => {
  called.push(text);
  return { content: [{ type: "text" as const, text }] };
};

const SERVERS: Record<"v1" | "v2" | "scopeChallenge", [Partial<PropelAuthOptions>, Protect]> = {
  v1: [POLICY, (auth, called) =>
    auth.handler(async (request, options) => {
      const server = new McpServerV1(INFO);
      for (const name of Object.keys(TOOLS)) server.registerTool(name, {}, say(name, called));
      const transport = new WebStandardStreamableHTTPServerTransport();
      await server.connect(transport);
      return await transport.handleRequest(request, options);
    })],
  v2: [POLICY, (auth, called) =>
    auth.handler(createMcpHandler(() => {
      const server = new McpServerV2(INFO);
      for (const name of Object.keys(TOOLS)) server.registerTool(name, {}, say(name, called));
      return server;
    }))],
  // The same tools without a policy: each declares the scope that it needs.
  scopeChallenge: [TOKEN_POLICY, (auth, called) =>
    auth.handler(createMcpHandler(() => {
      const server = new McpServerV2(INFO);
      for (const [name, scope] of Object.entries(TOOLS)) {
        const config = { scopeChallenge: auth.scopeChallenge(scope) };
        server.registerTool(name, config, say(name, called));
      }
      return server;
    }))],
};

/** A server with the calls of its tools and the number of its 403 responses. */
interface Counted extends Running {
  readonly called: string[];
  refused: number;
}

async function startServer(which: keyof typeof SERVERS): Promise<Counted> {
  const counts = { called: [] as string[], refused: 0 };
  const { authUrl, introspectionClientId, introspectionClientSecret, scopes } = local;
  const credentials = { authUrl, introspectionClientId, introspectionClientSecret };
  const [options, protect] = SERVERS[which];
  const running = await serve((baseUrl) => {
    const scopesSupported = [...scopes];
    const auth = createPropelAuth({ ...credentials, baseUrl, scopesSupported, ...options });
    const handler = protect(auth, counts.called);
    return async (request) => {
      const response = await handler(request);
      if (response.status === 403) counts.refused++;
      return response;
    };
  });
  return Object.assign(counts, running);
}

const TEXT = (text: string) => [{ type: "text", text }];

/** Each server of SDK v2 twice: with a policy, and with tools that declare their scope. */
const COMBINATIONS = [
  ...PAIRS,
  ...PAIRS.filter(({ server }) => server === "v2")
    .map((pair) => ({ ...pair, server: "scopeChallenge" as const })),
];

for (const { client, server, connect, Unauthorized } of COMBINATIONS) {
  const pair = `${client}, server of ${server}`;

  /** Runs a test as a user who declined every optional scope at the first consent. */
  const declined = async (
    email: string,
    act: (session: Session, login: Login, running: Counted) => Promise<void>,
  ): Promise<void> => {
    const running = await startServer(server);
    try {
      // SDK v1's client refreshes instead of asking for more scopes when it has a refresh token.
      const login = new Login(email, client === "SDK v1" ? ["authorization_code"] : undefined);
      const session = await connect(running.url, login, { choice: { scopes: [] } });
      assert.equal(login.tokens()?.scope, "read:user_data read:reports");
      assert.deepEqual(await session.call("list_reports"), TEXT("list_reports"));
      await act(session, login, running);
      await session.close();
    } finally {
      await running.close();
    }
  };

  test(`handler() admits a call after a step-up when the user grants the missing scope: ${pair}`, () =>
    declined(OWNER, async (session, login, running) => {
      await assert.rejects(session.call("add_report"), Unauthorized);
      assert.deepEqual([running.called, running.refused], [["list_reports"], 1]);
      // The challenge names the scopes of the operation and of the token policy, and no others.
      const asked = login.asked.split(" ");
      for (const scope of ["read:user_data", "write:reports"]) assert(asked.includes(scope), scope);
      assert(!asked.includes("admin:org"));
      await session.finishAuth(await login.answer());
      assert.deepEqual(await session.call("add_report"), TEXT("add_report"));
      assert.deepEqual(await session.call("add_report"), TEXT("add_report"));
      assert.deepEqual([login.logins, running.refused], [2, 1]);
      assert.deepEqual(running.called, ["list_reports", "add_report", "add_report"]);
    }));

  test(`handler() keeps admitting the earlier scopes when the user denies a step-up: ${pair}`, () =>
    declined(OWNER, async (session, login, running) => {
      await assert.rejects(session.call("add_report"), Unauthorized);
      const answer = await login.answer({ deny: true });
      assert.equal(answer.get("error"), "access_denied");
      // SDK v1's client is given the code alone, which is missing here.
      await assert.rejects(session.finishAuth(answer), client === "SDK v1" ? Error : /denied/);
      assert.deepEqual(await session.call("list_reports"), TEXT("list_reports"));
      assert.deepEqual([login.logins, running.refused], [2, 1]);
      assert.deepEqual(running.called, ["list_reports", "list_reports"]);
    }));

  const DECLINES = [
    ["declines again", OWNER, "add_report", { scopes: [] }],
    ["has a role that may not grant it", MEMBER, "purge_reports", {}],
  ] as const;
  for (const [who, email, tool, choice] of DECLINES) {
    test(`handler() refuses a second time when the user ${who}: ${pair}`, () =>
      declined(email, async (session, login, running) => {
        await assert.rejects(session.call(tool), Unauthorized);
        await session.finishAuth(await login.answer({ ...choice, scopes: [] }));
        // SDK v1 remembers that it has asked. The caller of SDK v2 has to: it tries once.
        const again = client === "SDK v1"
          ? session
          : await connect(running.url, login, { onInsufficientScope: "throw" });
        await assert.rejects(again.call(tool), (error: Error) => {
          assert(error instanceof StreamableHTTPError || InsufficientScopeError.isInstance(error));
          assert.match(error.message, client === "SDK v1" ? /403/ : new RegExp(TOOLS[tool]));
          return true;
        });
        assert.deepEqual([login.logins, running.refused], [2, 2]);
        assert.deepEqual(running.called, ["list_reports"]);
        if (again !== session) await again.close();
      }));
  }
}

for (const { server, connect, Unauthorized } of PAIRS.filter(({ client }) => client === "SDK v1")) {
  test(`handler() admits a step-up of SDK v1 when its refresh token is removed: server of ${server}`, async () => {
    const running = await startServer(server);
    try {
      const login = new Login(OWNER);
      const session = await connect(running.url, login, { choice: { scopes: [] } });
      await assert.rejects(session.call("add_report"), /after trying upscoping/);
      assert.deepEqual([login.logins, running.refused, running.called], [1, 2, []]);
      const { refresh_token: _none, ...tokens } = login.tokens() ?? assert.fail();
      login.saveTokens(tokens);
      assert.deepEqual(await session.call("list_reports"), TEXT("list_reports"));
      await assert.rejects(session.call("add_report"), Unauthorized);
      await session.finishAuth(await login.answer());
      assert.deepEqual(await session.call("add_report"), TEXT("add_report"));
      assert.deepEqual([login.logins, running.refused], [2, 3]);
      await session.close();
    } finally {
      await running.close();
    }
  });
}
