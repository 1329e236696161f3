import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
import { createPropelAuth, type McpServerHandler, type OperationRules } from "@x/propelauth-mcp";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";

const INFO = { name: "test", version: "1.0.0" };
const TOOLS = ["whoami", "echo"];
const content = [{ type: "text" as const, text: "done" }];

const createV1 = () => {
  const server = new McpServerV1(INFO);
  for (const name of TOOLS) server.registerTool(name, {}, () => ({ content }));
  return server;
};

/** One transport for one client, with a session. */
async function createStateful(): Promise<McpServerHandler> {
  const transport = new TransportV1({ sessionIdGenerator: () => randomUUID() });
  await createV1().connect(transport);
  return transport;
}

const SERVERS: [what: string, create: () => McpServerHandler | Promise<McpServerHandler>][] = [
  ["SDK v1, without sessions", () => async (request, options) => {
    const transport = new TransportV1();
    await createV1().connect(transport);
    return await transport.handleRequest(request, options);
  }],
  ["SDK v1, with a session", createStateful],
  ["SDK v2", () =>
    createMcpHandler(() => {
      const server = new McpServerV2(INFO);
      for (const name of TOOLS) server.registerTool(name, {}, () => ({ content }));
      return server;
    })],
];

const TYPO: OperationRules = {
  tools: { whoamii: ["read"], echo: ["write"] },
  prompts: { summarize: [] },
};
const FAULTS = {
  message: 'operations.tools["whoamii"] matches nothing that the server lists; ' +
    'did you mean "whoami"?\n' +
    'operations.prompts["summarize"] matches nothing that the server lists',
};

for (const [what, create] of SERVERS) {
  test(`assertOperationsMatch() finds mistyped rules of ${what}, each time`, async () => {
    const kit = createTestPropelAuth({ requiredScopes: ["mcp"] });
    const handler = kit.createPropelAuth({ operations: TYPO }).handler(await create());
    await assert.rejects(kit.assertOperationsMatch(handler), FAULTS);
    if (what.includes("with a session")) return;
    await assert.rejects(kit.assertOperationsMatch(handler), FAULTS);
  });

  test(`assertOperationsMatch() is content with right rules of ${what}`, async () => {
    const kit = createTestPropelAuth();
    const operations = {
      tools: { whoami: ["read"], echo: { scopes: ["w"], listed: "never" } },
    } as const;
    const handler = kit.createPropelAuth({ operations }).handler(await create());
    await kit.assertOperationsMatch(handler);
  });
}

test("assertOperationsMatch() looks through a router, and at the real createPropelAuth()", async () => {
  const kit = createTestPropelAuth({ operations: TYPO });
  const handler = createPropelAuth(kit.options).handler(await SERVERS[2]?.[1]() ?? assert.fail());
  const router = async (request: Request): Promise<Response> => {
    await Promise.resolve();
    return new URL(request.url).pathname === "/mcp" ? handler(request) : new Response("home");
  };
  await assert.rejects(kit.assertOperationsMatch(router), FAULTS);
});

test("assertOperationsMatch() asks as the token, at the URL, that it is given", async () => {
  const kit = createTestPropelAuth({
    mcpPath: "/o/{orgId}/mcp",
    operations: { tools: { whoami: [] } },
  });
  const handler = kit.createPropelAuth().handler(await SERVERS[2]?.[1]() ?? assert.fail());
  const url = "https://mcp.example.com/o/acme/mcp";
  const token = kit.token({ audience: url, claims: { org_id: "acme" } });
  await kit.assertOperationsMatch(handler, { token, url });
  await assert.rejects(kit.assertOperationsMatch(handler), {
    message: /^Cannot compare operations: tools\/list: status 4/,
  });
});

test("assertOperationsMatch() fails where it can see nothing", async () => {
  const kit = createTestPropelAuth();
  const create = SERVERS[2]?.[1] ?? assert.fail();
  const without = kit.createPropelAuth().handler(await create());
  await assert.rejects(kit.assertOperationsMatch(without), {
    message: /did not pass through a handler with the option operations in this process$/,
  });
  const broken = kit.createPropelAuth({ operations: TYPO }).handler(() => new Response("no"));
  await assert.rejects(kit.assertOperationsMatch(broken), {
    message: /^Cannot compare operations: tools\/list: the answer is not a JSON-RPC response$/,
  });
  const wrong: Record<string, unknown> = { tokens: "a" };
  await assert.rejects(kit.assertOperationsMatch(without, wrong), {
    name: "TypeError",
    message: /tokens must be .+did you mean token\?$/,
  });
});
