import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs } from "@x/propelauth-local";
import {
  type Answer,
  authorizationRequest,
  OWNER,
  refresh,
  register,
  withLocal,
} from "./support.ts";

const METADATA: [what: string, metadata: Answer, expected: Answer][] = [
  ["web redirect URIs", { redirect_uris: ["https://claude.ai/cb"] }, { application_type: "web" }],
  ["a redirect URI with its own scheme", { redirect_uris: ["cursor://cb"] }, {
    application_type: "native",
  }],
  ["empty members", { client_uri: "", logo_uri: null, contacts: [] }, { client_uri: undefined }],
  ["an unknown grant type", { grant_types: ["authorization_code", "device"] }, {
    grant_types: ["authorization_code"],
  }],
  ["an unknown authentication method", { token_endpoint_auth_method: "private_key_jwt" }, {
    token_endpoint_auth_method: "none",
  }],
  ["a scope", { scope: "read:user_data" }, { scope: undefined }],
];

for (const [what, metadata, expected] of METADATA) {
  test(`startLocalPropelAuth() registers a client when it sends ${what}`, async () => {
    await withLocal({}, async (local) => {
      const client = await register(local, metadata);
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(client[name], value);
    });
  });
}

test("startLocalPropelAuth() requires the secret when the client registered as confidential", async () => {
  await withLocal({}, async (local) => {
    const client = await register(local, { token_endpoint_auth_method: "client_secret_post" });
    assert.equal(typeof client["client_secret"], "string");
    const { url } = authorizationRequest(local, client["client_id"]);
    await authorizeAs(url, OWNER);
    const response = await refresh(local, client["client_id"], "unknown");
    assert.equal(response.status, 401);
    await response.body?.cancel();
  });
});

const BAD_BODIES = ["", "[]", "null", "{", '{"redirect_uris":"x"}', '{"redirect_uris":["#"]}'];

for (const body of BAD_BODIES) {
  test(`startLocalPropelAuth() refuses a registration when its body is ${body || "empty"}`, async () => {
    await withLocal({}, async (local) => {
      const response = await fetch(`${local.authUrl}/oauth/2.1/register`, { method: "POST", body });
      assert.equal(response.status, 400);
      assert.match((await response.json()).error, /^invalid_/);
    });
  });
}

test("startLocalPropelAuth() answers 404 when dynamicRegistration is false", async () => {
  await withLocal({ dynamicRegistration: false }, async (local) => {
    const at = `${local.authUrl}/.well-known/oauth-authorization-server/oauth/2.1`;
    assert.equal("registration_endpoint" in await (await fetch(at)).json(), false);
    const response = await fetch(`${local.authUrl}/oauth/2.1/register`, { method: "POST" });
    assert.equal(response.status, 404);
    await response.body?.cancel();
  });
});
