import assert from "node:assert/strict";
import { test } from "node:test";
import { OAuthError, requireBearerAuth as requireBearerAuthV2 } from "@modelcontextprotocol/server";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/auth/errors"
import * as errorsV1 from "@modelcontextprotocol/sdk/server/auth/errors.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/auth/middleware/bearerAuth"
import { requireBearerAuth as requireBearerAuthV1 } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
// @ts-types="@types/express"
import express from "express";
import { createMcpHandler, withMcpAuth } from "mcp-handler";
import type { PropelAuth } from "../../src/propel_auth.ts";
import { createSdkVerifier, NEVER } from "../../src/entries/mcp_sdk.ts";
import { createKeyHarness, PERSONAL } from "./api_keys/harness.ts";
import { sendTo } from "../support/node_server.ts";
import {
  ACTIVE,
  type Answer,
  createHarness,
  json,
  mcpRequest,
  METADATA_URL,
  NOW,
  RESOURCE,
} from "../support/harness.ts";

type Gate = (request: Request) => Promise<Response>;
const expectedResource = new URL(RESOURCE);

/** The value that a request finds behind each gate. */
const behind = (authInfo: { extra?: unknown; expiresAt?: number; token?: string } | undefined) =>
  JSON.stringify([authInfo?.extra, authInfo?.expiresAt, authInfo?.token]);

const GATES: Record<string, (auth: PropelAuth) => Gate> = {
  "requireBearerAuth of SDK v1": (auth) => {
    const app = express();
    const verifier = createSdkVerifier(auth, errorsV1);
    const gate = requireBearerAuthV1({
      verifier,
      expectedResource,
      resourceMetadataUrl: METADATA_URL,
    });
    app.all("/mcp", gate, (request, response) => {
      response.send(behind(Reflect.get(request, "auth")));
    });
    return (request) => sendTo(app, request);
  },
  "requireBearerAuth of SDK v2": (auth) => {
    const verifier = createSdkVerifier(auth, OAuthError);
    const gate = requireBearerAuthV2({
      verifier,
      expectedResource,
      resourceMetadataUrl: METADATA_URL,
    });
    return async (request) => {
      const authInfo = await gate(request);
      return authInfo instanceof Response ? authInfo : new Response(behind(authInfo));
    };
  },
  "withMcpAuth of mcp-handler": (auth) => {
    const verifier = createSdkVerifier(auth, OAuthError);
    return withMcpAuth(
      (request: Request) => new Response(behind(Reflect.get(request, "auth"))),
      async (_request, token) =>
        token === undefined ? undefined : await verifier.verifyAccessToken(token),
      {
        required: true,
        resourceUrl: new URL(RESOURCE).origin,
        resourceMetadataPath: new URL(METADATA_URL).pathname,
      },
    );
  },
};

interface Row {
  readonly when: string;
  readonly answer: Answer;
  readonly token?: string | null;
  readonly status: number;
  readonly error?: string;
}

const says = (change: Record<string, unknown>): Answer => () => json({ ...ACTIVE, ...change });

const ROWS: Row[] = [
  { when: "the token is active", answer: says({}), status: 200 },
  { when: "the token has no exp", answer: says({ exp: null }), status: 200 },
  {
    when: "the token has another form of our audience",
    answer: says({ aud: [`${RESOURCE}/`] }),
    status: 200,
  },
  { when: "there is no token", answer: says({}), token: null, status: 401, error: "invalid_token" },
  ...([
    ["is inactive", { active: false }],
    ["is expired", { exp: NOW }],
    ["is for another server", { aud: "https://a.example" }],
    ["is a refresh token", { token_type: "refresh_token" }],
  ] as const).map(([when, change]): Row => ({
    when: `the token ${when}`,
    answer: says(change),
    status: 401,
    error: "invalid_token",
  })),
  {
    when: "the token lacks a scope",
    answer: says({ scope: "other" }),
    status: 403,
    error: "insufficient_scope",
  },
  {
    when: "the token is malformed",
    answer: says({}),
    token: "a*b",
    status: 400,
    error: "invalid_request",
  },
  ...([
    ["is down", () => json({ secret: "of PropelAuth" }, { status: 503 })],
    ["is out of reach", () => Promise.reject(new TypeError("connect ECONNREFUSED"))],
    ["limits the rate", () => json({}, { status: 429 })],
    ["refuses our credentials", () => json({}, { status: 401 })],
    ["makes no sense", () => json({ active: "true" })],
  ] as [string, Answer][]).map(([when, answer]): Row => ({
    when: `PropelAuth ${when}`,
    answer,
    status: 500,
    error: "server_error",
  })),
];

for (const [name, createGate] of Object.entries(GATES)) {
  for (const { when, answer, token = "token-1", status, error } of ROWS) {
    test(`${name} answers ${status} when ${when}`, async () => {
      const { auth } = createHarness({ requiredScopes: ["read"] }, answer);
      const response = await createGate(auth)(mcpRequest(token));
      assert.equal(response.status, status);
      const text = await response.text();
      assert.doesNotMatch(text, /of PropelAuth|ECONNREFUSED/);
      const challenge = response.headers.get("WWW-Authenticate");
      if (error !== undefined) {
        assert.equal(JSON.parse(text).error, error);
        const challenged = status === 401 || status === 403;
        assert.equal(challenge?.includes(`error="${error}"`) ?? false, challenged);
        if (challenged) assert.match(challenge ?? "", new RegExp(`="${METADATA_URL}"`));
        return;
      }
      const [extra, expiresAt, seen] = JSON.parse(text);
      assert.equal(extra.subject, "user-1");
      assert.equal(expiresAt, extra.claims.exp ?? NEVER);
      assert.equal(seen, "token-1");
    });
  }
}

for (const [name, createGate] of Object.entries(GATES)) {
  test(`${name} adds a challenge of its own to the 403 for an API key that lacks a scope`, async () => {
    const harness = createKeyHarness({ scopes: [] }, { requiredScopes: ["read"] });
    harness.key = () => json(PERSONAL);
    const response = await createGate(harness.auth)(mcpRequest("key-1"));
    assert.equal(response.status, 403);
    assert.match(response.headers.get("WWW-Authenticate") ?? "", /error="insufficient_scope"/);
    assert.match(await response.text(), /The API key lacks a scope that this operation needs/);
  });
}

test("withMcpAuth serves a whole MCP server of mcp-handler", async () => {
  const { auth } = createHarness();
  const verifier = createSdkVerifier(auth, OAuthError);
  const mcp = createMcpHandler((server) => {
    server.registerTool("whoami", {}, (context) => ({
      content: [{ type: "text", text: String(context.http?.authInfo?.extra?.["subject"]) }],
    }));
  });
  const gate = withMcpAuth(
    mcp,
    (_request, token) => token === undefined ? undefined : verifier.verifyAccessToken(token),
    { required: true },
  );
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "whoami" } };
  const response = await gate(mcpRequest("token-1", {
    headers: {
      "Content-Type": "application/json",
      "Accept": "application/json, text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
    },
    body: JSON.stringify(call),
  }));
  assert.match(await response.text(), /"text":"user-1"/);
});

test("createSdkVerifier() gives the private reason to the code that catches, not to the client", async () => {
  const { auth } = createHarness({}, () => json({}, { status: 503 }));
  await assert.rejects(createSdkVerifier(auth, OAuthError).verifyAccessToken("a"), (error) => {
    assert(error instanceof OAuthError);
    assert.equal(Reflect.get(Object(error.cause), "reason"), "unavailable");
    assert.doesNotMatch(JSON.stringify(error.toResponseObject()), /unavailable/);
    return true;
  });
});

test("createSdkVerifier() refuses classes by which an outage would be 401", () => {
  const { auth } = createHarness();
  const { InvalidTokenError, ...incomplete } = errorsV1;
  const wrong: unknown[] = [InvalidTokenError, errorsV1.ServerError, incomplete, undefined, null];
  for (const errors of wrong) {
    // Types refuse most of them too.
    const create = () => Reflect.apply(createSdkVerifier, undefined, [auth, errors]);
    assert.throws(
      create,
      /^TypeError: Cannot create a verifier: errors must be the class OAuthErr/,
    );
  }
});

test("createSdkVerifier() refuses the verifier in place of the PropelAuth", () => {
  const { auth } = createHarness();
  for (const wrong of [auth.verifier, undefined]) {
    const create = () => Reflect.apply(createSdkVerifier, undefined, [wrong, errorsV1]);
    assert.throws(
      create,
      /^TypeError: Cannot create a verifier: auth must be a result of createPropelAuth\(\): received/,
    );
  }
});
