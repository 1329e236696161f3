/**
 * The scope-challenge scenario of the MCP conformance work (SEP-2350), which no release of the suite
 * has yet: each kind of operation, with a token that may do nothing and with one that may do all.
 *
 * @see {@link https://github.com/modelcontextprotocol/conformance/issues/480 | conformance 480}
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Client,
  InsufficientScopeError,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { createPropelAuth, type RequestHandler } from "@x/propelauth-mcp";
import { createFixtureServer } from "./fixture_server.ts";
import { FULL_TOKEN, HELD, LOW_TOKEN, REQUIRED, SCOPE_FIXTURE } from "./scope_fixture.ts";

const ORIGIN = "https://mcp.example.com";

function protect(mcp: Parameters<ReturnType<typeof createPropelAuth>["handler"]>[0]) {
  return createPropelAuth({
    authUrl: "https://auth.example.com",
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl: ORIGIN,
    operations: SCOPE_FIXTURE,
    tokenIntrospectionOverrides: {
      fetch(_url, { body }) {
        const scopes = HELD[new URLSearchParams(String(body)).get("token") ?? ""];
        const facts = { sub: "user-1", scope: scopes?.join(" "), aud: `${ORIGIN}/mcp` };
        return Promise.resolve(
          Response.json(scopes === undefined ? { active: false } : { active: true, ...facts }),
        );
      },
    },
  }).handler(mcp);
}

/** Calls with a client of the SDK; gives what it gets, and the last response on the way. */
async function connect(handler: RequestHandler, token: string, mode: "legacy" | "modern") {
  const seen = { status: 0, challenge: "" };
  const client = new Client({ name: "test", version: "1.0.0" }, {
    versionNegotiation: { mode: mode === "legacy" ? "legacy" : { pin: "2026-07-28" } },
  });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${ORIGIN}/mcp`), {
      requestInit: { headers: { Authorization: `Bearer ${token}` } },
      async fetch(url, init) {
        const response = await handler(new Request(url, init));
        if (init?.method === "POST") {
          seen.status = response.status;
          seen.challenge = response.headers.get("WWW-Authenticate") ?? "";
        }
        return response;
      },
    }),
  );
  return { client, seen };
}

const OPERATIONS: [
  kind: keyof typeof REQUIRED,
  act: (client: Client) => Promise<unknown>,
  result: RegExp,
][] = [
  ["tool", (client) => client.callTool({ name: "test_simple_text" }), /simple text response/],
  ["resource", (client) => client.readResource({ uri: "test://static-text" }), /static text/],
  ["template", (client) => client.readResource({ uri: "test://template/123/data" }), /\b123\b/],
  ["prompt", (client) => client.getPrompt({ name: "test_simple_prompt" }), /A simple prompt/],
];

for (const mode of ["legacy", "modern"] as const) {
  for (const [kind, act, result] of OPERATIONS) {
    test(`a ${kind} is challenged once for all that it needs, then served: ${mode}`, async () => {
      await using fixture = createFixtureServer();
      let reached = 0;
      const handler = protect((request, options) => {
        if (request.method === "POST") reached++;
        return fixture.fetch(request, options);
      });

      const low = await connect(handler, LOW_TOKEN, mode);
      reached = 0;
      await assert.rejects(act(low.client), (error) => InsufficientScopeError.isInstance(error));
      assert.deepEqual([low.seen.status, reached], [403, 0]);
      const parameters = Object.fromEntries(
        [...low.seen.challenge.matchAll(/([a-z_]+)="([^"]*)"/g)].map((
          [, name, value],
        ) => [name, value]),
      );
      assert.match(low.seen.challenge, /^Bearer /);
      assert.equal(parameters["error"], "insufficient_scope");
      assert.equal(
        parameters["resource_metadata"],
        `${ORIGIN}/.well-known/oauth-protected-resource/mcp`,
      );
      assert.deepEqual(parameters["scope"]?.split(" ").sort(), [...REQUIRED[kind]].sort());
      await low.client.close();

      const full = await connect(handler, FULL_TOKEN, mode);
      assert.match(JSON.stringify(await act(full.client)), result);
      assert.equal(full.seen.status, 200);
      await full.client.close();
    });
  }
}
