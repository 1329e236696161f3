import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { auditCalls, type CallEvent } from "@x/propelauth-mcp/audit";
import type { PropelAuth, PropelAuthOptions } from "@x/propelauth-mcp";
import { json } from "../../support/harness.ts";
import { createKeyHarness, ORGANIZATION } from "../api_keys/harness.ts";
import { message, post, short, toolCall } from "./harness.ts";

/** A server whose callers have API keys with the scope `read`; its calls are recorded. */
function createRecorded(options: Partial<PropelAuthOptions> = {}) {
  const events: CallEvent[] = [];
  const audit = auditCalls({ onCall: (event) => events.push(event) });
  const harness = createKeyHarness({ scopes: ["read"] }, { audit, ...options });
  harness.key = () => json(ORGANIZATION);
  const send = (auth: PropelAuth, mcp: Parameters<PropelAuth["handler"]>[0], body: unknown) => {
    const request = post(body);
    request.headers.set("Authorization", "Bearer key-1");
    return auth.handler(mcp)(request);
  };
  return { ...harness, recorded: events, send };
}

const answered = (isError = false) => () =>
  json({ jsonrpc: "2.0", id: 1, result: { content: [], isError } });

const REFUSED: [
  what: string,
  options: Partial<PropelAuthOptions>,
  serve: (auth: PropelAuth) => Parameters<PropelAuth["handler"]>[0],
  status: number,
][] = [
  [
    "a rule of operations",
    { operations: { tools: { add: ["notes:write", "notes:admin"] } } },
    () => answered(),
    403,
  ],
  ["requireScopes(), whose error leaves the MCP server", {}, (auth) => () => {
    auth.requireScopes("notes:write", "notes:admin");
    return answered()();
  }, 403],
  [
    "requireScopes(), whose error a tool of the MCP SDK turns into a result",
    {},
    (auth) =>
      createMcpHandler(() => {
        const server = new McpServer({ name: "notes", version: "1.0.0" });
        server.registerTool("add", {}, () => {
          auth.requireScopes("notes:write", "notes:admin");
          return { content: [] };
        });
        return server;
      }),
    200,
  ],
  [
    "scopeChallenge() of a tool of the MCP SDK",
    {},
    (auth) =>
      createMcpHandler(() => {
        const server = new McpServer({ name: "notes", version: "1.0.0" });
        const scopeChallenge = auth.scopeChallenge("notes:write", "notes:admin");
        server.registerTool("add", { scopeChallenge }, () => ({ content: [] }));
        return server;
      }),
    403,
  ],
  [
    "a challenge of the MCP SDK",
    {},
    () =>
      createMcpHandler(() => {
        const server = new McpServer({ name: "notes", version: "1.0.0" });
        const scopeChallenge = { scopes: ["notes:write", "notes:admin"] as const };
        server.registerTool(
          "add",
          { scopeChallenge: () => scopeChallenge },
          () => ({ content: [] }),
        );
        return server;
      }),
    403,
  ],
];

for (const [what, options, serve, status] of REFUSED) {
  test(`auditCalls() records an API key that lacks a scope as refused, once, by ${what}`, async () => {
    const { auth, recorded, send, events } = createRecorded(options);
    const response = await send(auth, serve(auth), toolCall("add"));
    await response.text();
    assert.equal(response.status, status);
    assert.deepEqual(recorded.map(short), [
      ["tools/call", "add", 1, "refused", "api_key_scope_missing", ["notes:write", "notes:admin"]],
    ]);
    const [{ credential, orgId, clientId = "" } = {}] = recorded;
    assert.deepEqual([credential, orgId], ["api_key", "acme"]);
    assert.match(clientId, /^api_key_[0-9a-f]{16}$/);
    // The operator hears of it once too, except of a challenge that is the SDK's own.
    const reported = events.filter(({ code }) => code === "call_refused").length;
    assert.equal(reported, what === "a challenge of the MCP SDK" ? 0 : 1);
  });
}

test("auditCalls() records the call of an API key that has the scope", async () => {
  const { auth, recorded, send } = createRecorded({ operations: { tools: { add: ["read"] } } });
  const response = await send(auth, answered(), toolCall("add"));
  assert.equal(response.status, 200);
  assert.deepEqual(recorded.map(({ outcome, credential }) => [outcome, credential]), [
    ["ok", "api_key"],
  ]);
});

test("auditCalls() records nothing of an API key that is not let in", async () => {
  const { auth, recorded, send } = createRecorded({ requiredScopes: ["admin"] });
  const response = await send(auth, answered(), message("ping"));
  assert.deepEqual([response.status, recorded], [403, []]);
});
