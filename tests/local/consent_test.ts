import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs } from "@x/propelauth-local";
import {
  authorizationRequest,
  type LogIn,
  logIn,
  MEMBER,
  OWNER,
  REDIRECT,
  register,
  withLocal,
} from "./support.ts";

const SCOPES: [when: string, given: LogIn, expected: string][] = [
  ["the client asks for no scope", {}, "read:user_data read:reports write:reports admin:org"],
  ["the client asks for scopes of OpenID Connect too", {
    change: { scope: "openid offline_access read:reports" },
  }, "read:reports"],
  ["the user may not grant one", {
    email: MEMBER,
    change: { scope: "read:user_data admin:org" },
  }, "read:user_data"],
  ["the user may grant none of them", { email: MEMBER, change: { scope: "admin:org" } }, ""],
  ["the user declines one", {
    change: { scope: "read:user_data write:reports" },
    choice: { scopes: [] },
  }, "read:user_data"],
  ["the user declines every scope", {
    change: { scope: "write:reports" },
    choice: { scopes: [] },
  }, ""],
];

for (const [when, given, expected] of SCOPES) {
  test(`startLocalPropelAuth() gives a token the granted scopes when ${when}`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local, { scope: "read:user_data" });
      const { tokens, facts } = await logIn(local, client_id, given);
      assert.equal(facts["scope"] ?? "", expected);
      assert.equal(tokens["scope"] ?? "", expected);
      assert.doesNotMatch(JSON.stringify([tokens, facts]), /signed-in/);
      // A user who grants no scope has still signed in: the token is active.
      assert.equal(facts["active"], true);
    });
  });
}

const UNKNOWN: [scope: string, named: string][] = [
  ["read:user_data read:everything", "read:everything"],
  ["offline_access a b", "a b"],
  ["Read:user_data", "Read:user_data"],
];

for (const [scope, named] of UNKNOWN) {
  test(`startLocalPropelAuth() answers invalid_scope when the client asks for ${scope}`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local);
      const { url } = authorizationRequest(local, client_id, { scope, state: "s-1" });
      const response = await fetch(url, { redirect: "manual" });
      await response.body?.cancel();
      const back = new URL(response.headers.get("Location") ?? "");
      assert.equal(back.href.split("?")[0], REDIRECT);
      const { error, error_description, state } = Object.fromEntries(back.searchParams);
      assert.deepEqual([error, error_description, state], [
        "invalid_scope",
        `not configured in MCP > Scopes: ${named}`,
        "s-1",
      ]);
    });
  });
}

test("startLocalPropelAuth() redirects nobody to an address that is not the client's", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const redirect_uri = "https://evil.example/callback";
    const { url } = authorizationRequest(local, client_id, { scope: "nothing", redirect_uri });
    const response = await fetch(url, { redirect: "manual" });
    await response.body?.cancel();
    assert.deepEqual([response.status, response.headers.get("Location")], [400, null]);
  });
});

test("startLocalPropelAuth() ignores a client's own parameter for unknown scopes", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const change = { "local-propelauth:unknown-scopes": "x" };
    assert.equal((await logIn(local, client_id, { change })).facts["active"], true);
  });
});

test("startLocalPropelAuth() adds a scope when a later consent allows it", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const scope = "read:user_data write:reports";
    const first = await logIn(local, client_id, { change: { scope }, choice: { scopes: [] } });
    assert.equal(first.facts["scope"], "read:user_data");
    const second = await logIn(local, client_id, { change: { scope } });
    assert.equal(second.facts["scope"], scope);
  });
});

test("startLocalPropelAuth() takes a scope back when a later consent declines it", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const scope = "read:user_data write:reports";
    assert.equal((await logIn(local, client_id, { change: { scope } })).facts["scope"], scope);
    const second = await logIn(local, client_id, { change: { scope }, choice: { scopes: [] } });
    assert.equal(second.facts["scope"], "read:user_data");
    const third = await logIn(local, client_id, { change: { scope: "read:reports" } });
    assert.equal(third.facts["scope"], "read:reports");
  });
});

test("startLocalPropelAuth() answers access_denied when the user denies", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const back = await authorizeAs(authorizationRequest(local, client_id).url, OWNER, {
      deny: true,
    });
    assert.equal(back.origin + back.pathname, REDIRECT);
    assert.equal(back.searchParams.get("error"), "access_denied");
    assert.equal(back.searchParams.get("code"), null);
  });
});

test("startLocalPropelAuth() answers without a page when autoConsentAs is set", async () => {
  await withLocal({ autoConsentAs: MEMBER }, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const response = await fetch(url, { redirect: "manual" });
    const location = new URL(response.headers.get("Location") ?? "");
    assert.equal(location.origin + location.pathname, REDIRECT);
    assert.notEqual(location.searchParams.get("code"), null);
  });
});

const FOREIGN = [
  "https://claude.ai/api/mcp/auth_callback",
  "https://127.0.0.1.evil.example/callback",
  "https://evil.example/127.0.0.1",
  "https://127.0.0.1@evil.example/callback",
];

for (const redirect_uri of FOREIGN) {
  test(`startLocalPropelAuth() shows an error page when autoConsentAs would redirect to ${redirect_uri}`, async () => {
    await withLocal({ autoConsentAs: MEMBER }, async (local) => {
      const { client_id } = await register(local, { redirect_uris: [redirect_uri] });
      // RFC 6749 §3.1.2.3: a client with a single redirect URI may leave it out.
      for (const change of [{ redirect_uri }, { redirect_uri: undefined }]) {
        const { url } = authorizationRequest(local, client_id, change);
        const response = await fetch(url, { redirect: "manual" });
        assert.equal(response.status, 400);
        assert.equal(response.headers.get("Location"), null);
        assert.match(await response.text(), /autoConsentAs answers only .*without autoConsentAs/s);
      }
    });
  });
}

for (const redirect_uri of ["cursor://anysphere.cursor-mcp/oauth", "http://[::1]:9/callback"]) {
  test(`startLocalPropelAuth() answers without a page when autoConsentAs redirects to ${redirect_uri}`, async () => {
    await withLocal({ autoConsentAs: MEMBER }, async (local) => {
      const { client_id } = await register(local, { redirect_uris: [redirect_uri] });
      const { url } = authorizationRequest(local, client_id, { redirect_uri });
      const response = await fetch(url, { redirect: "manual" });
      assert.equal(response.status, 303);
      assert.ok(response.headers.get("Location")?.startsWith(`${redirect_uri}?code=`));
    });
  });
}

test("startLocalPropelAuth() shows an error page when autoConsentAs is set and the client is unknown", async () => {
  const lines: string[] = [];
  await withLocal(
    { autoConsentAs: MEMBER, log: (line) => void lines.push(line) },
    async (local) => {
      const { url } = authorizationRequest(local, "unknown");
      const response = await fetch(url, { redirect: "manual" });
      assert.equal(response.status, 400);
      assert.match(await response.text(), /client is invalid/);
      assert.equal(lines.length, 1);
    },
  );
});
