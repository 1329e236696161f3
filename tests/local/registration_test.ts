import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs, type LocalPropelAuth } from "@x/propelauth-local";
import {
  type Answer,
  authorizationRequest,
  logIn,
  OWNER,
  REDIRECT,
  refresh,
  register,
  RESOURCE,
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

// An object whose toString is no function cannot become text.
const TEXTLESS = '{"toString":null}';
const BAD_BODIES = [
  "",
  "[]",
  "null",
  "{",
  '{"redirect_uris":"x"}',
  '{"redirect_uris":["#"]}',
  `{"redirect_uris":[${TEXTLESS}]}`,
  `{"redirect_uris":["#"],"grant_types":[${TEXTLESS}]}`,
  `{"redirect_uris":["#"],"token_endpoint_auth_method":${TEXTLESS}}`,
];

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

const MAX_CLIENTS = 500;

/** Whether an authorization request of the client leads to a login. */
async function isRegistered(
  local: LocalPropelAuth,
  clientId: unknown,
  redirect_uri = REDIRECT,
): Promise<boolean> {
  const { url } = authorizationRequest(local, clientId, { redirect_uri });
  const response = await fetch(url, { redirect: "manual" });
  await response.body?.cancel();
  return response.status === 303;
}

test("startLocalPropelAuth() drops the least recently used client when 500 are registered, and none with live tokens", async () => {
  await withLocal({}, async (local) => {
    const live = (await register(local))["client_id"];
    const { tokens } = await logIn(local, live);
    const used = (await register(local))["client_id"];
    const usedLast = (await register(local))["client_id"];
    const unused = (await register(local))["client_id"];
    assert.equal(await isRegistered(local, used), true);
    assert.equal(await isRegistered(local, usedLast), true);

    // The last two of these leave no room for two.
    for (let i = 0; i < MAX_CLIENTS - 2; i++) await register(local);
    assert.equal(await isRegistered(local, unused), false);
    assert.equal(await isRegistered(local, used), false);
    assert.equal(await isRegistered(local, usedLast), true);
    const refreshed = await refresh(local, live, tokens["refresh_token"]);
    assert.equal(refreshed.status, 200);
    await refreshed.body?.cancel();
    assert.equal(await isRegistered(local, live), true);
  });
});

test("startLocalPropelAuth() answers 503 when 500 clients with live tokens are registered", async () => {
  await withLocal({}, async (local) => {
    const mint = (index: number) =>
      local.mintToken({ subject: OWNER, resource: RESOURCE, clientId: `client-${index}` });
    const tokens = await Promise.all(
      Array.from({ length: MAX_CLIENTS }, (_, index) => mint(index)),
    );
    const response = await fetch(`${local.authUrl}/oauth/2.1/register`, {
      method: "POST",
      body: JSON.stringify({ redirect_uris: [REDIRECT] }),
    });
    assert.equal(response.status, 503);
    assert.equal((await response.json()).error, "temporarily_unavailable");
    await local.revoke(tokens[3] ?? "");
    await register(local);
    assert.equal(await isRegistered(local, "client-3", "http://127.0.0.1/"), false);
    assert.equal(await isRegistered(local, "client-4", "http://127.0.0.1/"), true);
  });
});

const LONG = "x".repeat(4096);
const TOO_LARGE: [when: string, metadata: Answer, status: number, error: RegExp][] = [
  ["its name is longer than 4096 characters", { client_name: LONG }, 400, /client_name .*4096/],
  ["a redirect URI is longer", { redirect_uris: [REDIRECT + LONG] }, 400, /redirect_uris .*4096/],
  ["its body is longer than 16 KiB", { contacts: [LONG, LONG, LONG, LONG] }, 413, /16384 bytes/],
];

for (const [when, metadata, status, error] of TOO_LARGE) {
  test(`startLocalPropelAuth() refuses a registration when ${when}`, async () => {
    await withLocal({}, async (local) => {
      const text = JSON.stringify({ redirect_uris: [REDIRECT], ...metadata });
      // The second body has no Content-Length.
      for (const body of [text, new Blob([text]).stream()]) {
        const response = await fetch(`${local.authUrl}/oauth/2.1/register`, {
          method: "POST",
          body,
          ...(typeof body === "string" ? {} : { duplex: "half" }),
        });
        assert.equal(response.status, status);
        assert.match((await response.json()).error_description, error);
      }
    });
  });
}

test("startLocalPropelAuth() drops unknown members when a client registers", async () => {
  await withLocal({}, async (local) => {
    const client = await register(local, { unknown_member: "x", software_version: "1" });
    assert.equal("unknown_member" in client, false);
  });
});
