/** The token is in nothing that the MCP server sees of a request, whatever earlier middleware did to it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { getRequestListener } from "@hono/node-server";
import type { McpServerHandler } from "../../src/http/mcp_server.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { createHarness, mcpRequest } from "../support/harness.ts";
import { sendTo } from "../support/node_server.ts";

const TOKEN = "secret-token-1";
const CALL = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
const JSON_HEADERS = { "Content-Type": "application/json", "Content-Length": `${CALL.length}` };

const EARLIER: [what: string, touch: (request: Request) => unknown][] = [
  ["did nothing", () => {}],
  ["cloned the request", (request) => request.clone().text()],
  ["copied the request", (request) => new Request(request.clone()).headers.get("Authorization")],
  ["looked at the body", (request) => request.body],
  ["looked at the mode", (request) => request.mode],
  ["looked at the signal", (request) => request.signal.aborted],
  ["read the headers", (request) => [...request.headers]],
];

const REQUESTS: [what: string, init: RequestInit][] = [
  ["a call", { method: "POST", body: CALL, headers: JSON_HEADERS }],
  ["another body", { method: "POST", body: CALL, headers: { "Content-Type": "text/plain" } }],
  ["a GET", { method: "GET" }],
];

/** All that a server can find in a request by itself. */
async function look(request: Request): Promise<string> {
  const clone = request.clone();
  const copy = new Request(request.clone());
  const seen = [request, clone, copy].map((one) => [
    [...one.headers],
    one.headers.get("Authorization"),
    inspect(one, { depth: 12, showHidden: true }),
    Reflect.ownKeys(one).map((key) => inspect(Reflect.get(one, key), { depth: 12 })),
  ]);
  return JSON.stringify([seen, await clone.text(), await copy.text(), await request.text()]);
}

for (const [done, touch] of EARLIER) {
  for (const [what, init] of REQUESTS) {
    for (const options of [{}, { operations: {} }] as Partial<PropelAuthOptions>[]) {
      if (options.operations && what === "another body") continue;
      const policy = options.operations ? ", with operations" : "";
      test(`handler() hides the token of ${what} when middleware ${done}${policy}`, async () => {
        const { auth } = createHarness(options);
        const serve = async (request: Request) => new Response(await look(request));
        const servers: McpServerHandler[] = [serve, { fetch: serve }];
        for (const server of servers) {
          const handler = auth.handler(server);
          const listener = getRequestListener(async (request) => {
            await touch(request);
            return await handler(request);
          }, { overrideGlobalObjects: false });
          const response = await sendTo(
            (incoming, outgoing) => void listener(incoming, outgoing),
            mcpRequest(TOKEN, init),
          );
          const seen = await response.text();
          assert.equal(response.status, 200, seen);
          assert(!seen.includes(TOKEN));
          if (init.body !== undefined) assert(seen.includes("ping"));
        }
      });
    }
  }
}
