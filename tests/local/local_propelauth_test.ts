import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  authorizeAs,
  type LocalConsentChoice,
  type LocalPropelAuth,
  type LocalPropelAuthOptions,
  startLocalPropelAuth,
} from "@x/propelauth-local";

const RESOURCE = "http://127.0.0.1:8000/mcp";
const REDIRECT = "http://127.0.0.1:9/callback";
const OWNER = "owner@acme.example";
const MEMBER = "member@acme.example";

async function withLocal(
  options: LocalPropelAuthOptions,
  run: (local: LocalPropelAuth) => Promise<void>,
): Promise<void> {
  const local = await startLocalPropelAuth({ log: () => {}, ...options });
  try {
    await run(local);
  } finally {
    await local.close();
  }
}

/** Uses up the pooled connections to a server that was restarted on its port: each fails once. */
async function reconnect(local: LocalPropelAuth): Promise<void> {
  try {
    await (await fetch(local.authUrl)).body?.cancel();
  } catch {
    await reconnect(local);
  }
}

type Answer = Record<string, unknown>;

const post = (url: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body: new URLSearchParams(body), headers });

async function introspect(local: LocalPropelAuth, token: string): Promise<Answer> {
  const { introspectionClientId: id, introspectionClientSecret: secret } = local;
  const response = await post(`${local.authUrl}/oauth/2.1/introspect`, { token }, {
    "Authorization": `Basic ${btoa(`${id}:${secret}`)}`,
  });
  assert.equal(response.status, 200);
  return await response.json();
}

async function register(local: LocalPropelAuth, metadata: Answer = {}): Promise<Answer> {
  const response = await fetch(`${local.authUrl}/oauth/2.1/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ redirect_uris: [REDIRECT], client_name: "Test client", ...metadata }),
  });
  assert.equal(response.status, 201, await response.clone().text());
  return await response.json();
}

/** An authorization request, with PKCE; a parameter that is `undefined` is left out. */
function authorizationRequest(
  local: LocalPropelAuth,
  clientId: unknown,
  change: Record<string, string | undefined> = {},
) {
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(`${local.authUrl}/oauth/2.1/authorize`);
  const parameters: Record<string, string | undefined> = {
    client_id: String(clientId),
    response_type: "code",
    redirect_uri: REDIRECT,
    state: "state-1",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    resource: RESOURCE,
    ...change,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return { url, verifier };
}

interface LogIn {
  readonly email?: string;
  readonly change?: Record<string, string | undefined>;
  readonly choice?: LocalConsentChoice;
}

/** Logs in and exchanges the code. */
async function logIn(local: LocalPropelAuth, clientId: unknown, given: LogIn = {}) {
  const { email = OWNER, change = {}, choice = {} } = given;
  const { url, verifier } = authorizationRequest(local, clientId, change);
  const back = await authorizeAs(url, email, choice);
  assert.equal(back.searchParams.get("error"), null, back.href);
  const response = await post(`${local.authUrl}/oauth/2.1/token`, {
    grant_type: "authorization_code",
    code: back.searchParams.get("code") ?? "",
    redirect_uri: REDIRECT,
    client_id: String(clientId),
    code_verifier: verifier,
    resource: RESOURCE,
  });
  const tokens: Answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(tokens));
  return { back, tokens, facts: await introspect(local, String(tokens["access_token"])) };
}

const refresh = (local: LocalPropelAuth, clientId: unknown, token: unknown) =>
  post(`${local.authUrl}/oauth/2.1/token`, {
    grant_type: "refresh_token",
    refresh_token: String(token),
    client_id: String(clientId),
    resource: RESOURCE,
  });

for (const issuerForm of ["path", "bare"] as const) {
  test(`startLocalPropelAuth() serves PropelAuth's metadata with the ${issuerForm} issuer`, async () => {
    await withLocal({ issuerForm }, async (local) => {
      const at = `${local.authUrl}/oauth/2.1`;
      const path = "/.well-known/oauth-authorization-server";
      const metadata = await (await fetch(`${local.authUrl}${path}/oauth/2.1`)).json();
      assert.equal(metadata.issuer, issuerForm === "path" ? at : local.authUrl);
      assert.equal(metadata.issuer, local.issuer);
      assert.deepEqual(
        ["authorization", "token", "registration", "introspection"].map((name) =>
          metadata[`${name}_endpoint`]
        ),
        ["authorize", "token", "register", "introspect"].map((name) => `${at}/${name}`),
      );
      assert.deepEqual(metadata.code_challenge_methods_supported, ["S256"]);
      assert.deepEqual(metadata.introspection_endpoint_auth_methods_supported, [
        "client_secret_basic",
      ]);
      const bare = await fetch(`${local.authUrl}${path}`);
      assert.equal(bare.status, 404);
      await bare.body?.cancel();
      const { client_id } = await register(local);
      const { back } = await logIn(local, client_id);
      assert.equal(back.searchParams.get("iss"), local.issuer);
    });
  });
}

test("a login gives opaque tokens whose introspection says who, for what and where", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { tokens, facts, back } = await logIn(local, client_id);
    const owner = local.users.find(({ email }) => email === OWNER);
    assert.equal(back.searchParams.get("state"), "state-1");
    assert.doesNotMatch(String(tokens["access_token"]), /\./);
    const { exp, iat, ...rest } = facts;
    assert.equal(Number(exp) - Number(iat), 5400);
    assert.deepEqual(rest, {
      active: true,
      sub: owner?.id,
      user_id: owner?.id,
      username: OWNER,
      email: OWNER,
      org_id: owner?.orgId,
      org_role: "Owner",
      client_id,
      iss: local.issuer,
      aud: RESOURCE,
      scope: local.scopes.join(" "),
      token_type: "Bearer",
    });
    // A refresh token is none to call a server with.
    assert.deepEqual(await introspect(local, String(tokens["refresh_token"])), { active: false });
    assert.deepEqual(await introspect(local, "unknown"), { active: false });
  });
});

test("the audience is the resource to the letter", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url, verifier } = authorizationRequest(local, client_id, { resource: "http://h/" });
    const back = await authorizeAs(url, OWNER);
    const response = await post(`${local.authUrl}/oauth/2.1/token`, {
      grant_type: "authorization_code",
      code: back.searchParams.get("code") ?? "",
      redirect_uri: REDIRECT,
      client_id: String(client_id),
      code_verifier: verifier,
    });
    const { access_token } = await response.json();
    assert.equal((await introspect(local, access_token))["aud"], "http://h/");
  });
});

for (const rotateRefreshTokens of [true, false]) {
  test(`a refresh gives a new access token, rotation ${rotateRefreshTokens}`, async () => {
    await withLocal({ rotateRefreshTokens }, async (local) => {
      const { client_id } = await register(local);
      const { tokens } = await logIn(local, client_id);
      const first = await (await refresh(local, client_id, tokens["refresh_token"])).json();
      assert.notEqual(first.access_token, tokens["access_token"]);
      assert.equal(first.refresh_token !== tokens["refresh_token"], rotateRefreshTokens);
      assert.equal((await introspect(local, first.access_token))["aud"], RESOURCE);
      const again = await refresh(local, client_id, tokens["refresh_token"]);
      assert.equal(again.status, rotateRefreshTokens ? 400 : 200);
      await again.body?.cancel();
    });
  });
}

const SCOPES: [when: string, given: LogIn, expected: string][] = [
  ["no scope is asked for", {}, "read:user_data read:reports write:reports admin:org"],
  ["unknown ones are asked for too", {
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
  ["the user declines all that there is", {
    change: { scope: "write:reports" },
    choice: { scopes: [] },
  }, ""],
];

for (const [when, given, expected] of SCOPES) {
  test(`a token holds what was granted when ${when}`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local, { scope: "read:user_data" });
      const { tokens, facts } = await logIn(local, client_id, given);
      assert.equal(facts["scope"] ?? "", expected);
      assert.equal(tokens["scope"] ?? "", expected);
      assert.doesNotMatch(JSON.stringify([tokens, facts]), /signed-in/);
      // Whoever granted nothing is still somebody who signed in.
      assert.equal(facts["active"], true);
    });
  });
}

test("a second consent adds a scope that was declined before", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const scope = "read:user_data write:reports";
    const first = await logIn(local, client_id, { change: { scope }, choice: { scopes: [] } });
    assert.equal(first.facts["scope"], "read:user_data");
    const second = await logIn(local, client_id, { change: { scope } });
    assert.equal(second.facts["scope"], scope);
  });
});

test("a second consent can take back a scope that was granted before", async () => {
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

test("a denied consent goes back to the client as access_denied", async () => {
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

test("autoConsentAs answers without a page", async () => {
  await withLocal({ autoConsentAs: MEMBER }, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const response = await fetch(url, { redirect: "manual" });
    const location = new URL(response.headers.get("Location") ?? "");
    assert.equal(location.origin + location.pathname, REDIRECT);
    assert.notEqual(location.searchParams.get("code"), null);
  });
});

const REFUSED: [when: string, change: Record<string, string | undefined>, error: RegExp][] = [
  ["there is no resource", { resource: undefined }, /no resource/],
  ["there is no state", { state: undefined }, /no state/],
  ["the client is unknown", { client_id: "unknown" }, /client is invalid/],
  ["the redirect URI is another one", { redirect_uri: "https://evil.example/" }, /redirect_uri/],
];

for (const [when, change, error] of REFUSED) {
  test(`a login ends on a page that says so when ${when}`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local);
      const { url } = authorizationRequest(local, client_id, change);
      const response = await fetch(url, { redirect: "manual" });
      assert.equal(response.status, 400);
      assert.match(response.headers.get("Content-Type") ?? "", /text\/html/);
      assert.match(await response.text(), error);
      await assert.rejects(authorizeAs(url, OWNER), /^TypeError: Cannot log in: /);
    });
  });
}

const SENT_BACK: [when: string, change: Record<string, string | undefined>, error: string][] = [
  ["there is no challenge", { code_challenge: undefined }, "invalid_request"],
  ["the challenge is plain", { code_challenge_method: "plain" }, "invalid_request"],
  ["the resource is not known", { resource: "http://127.0.0.1:8000/other" }, "invalid_target"],
  ["the resource is no URL", { resource: "mcp" }, "invalid_target"],
  ["a token is asked for directly", { response_type: "token" }, "unsupported_response_type"],
];

for (const [when, change, error] of SENT_BACK) {
  test(`a login is sent back with ${error} when ${when}`, async () => {
    await withLocal({ resources: [RESOURCE] }, async (local) => {
      const { client_id } = await register(local);
      const back = await authorizeAs(authorizationRequest(local, client_id, change).url, OWNER);
      // What is asked for directly comes back behind a #.
      const parameters = back.search === ""
        ? new URLSearchParams(back.hash.slice(1))
        : back.searchParams;
      assert.equal(parameters.get("error"), error);
    });
  });
}

test("a code is good only with its verifier", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const back = await authorizeAs(url, OWNER);
    const response = await post(`${local.authUrl}/oauth/2.1/token`, {
      grant_type: "authorization_code",
      code: back.searchParams.get("code") ?? "",
      redirect_uri: REDIRECT,
      client_id: String(client_id),
      code_verifier: "x".repeat(43),
    });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error, "invalid_grant");
  });
});

const METADATA: [what: string, metadata: Answer, expected: Answer][] = [
  ["a web client", { redirect_uris: ["https://claude.ai/cb"] }, { application_type: "web" }],
  ["a native client", { redirect_uris: ["cursor://cb"] }, { application_type: "native" }],
  ["empty members", { client_uri: "", logo_uri: null, contacts: [] }, { client_uri: undefined }],
  ["unknown grants", { grant_types: ["authorization_code", "device"] }, {
    grant_types: ["authorization_code"],
  }],
  ["an unknown way to authenticate", { token_endpoint_auth_method: "private_key_jwt" }, {
    token_endpoint_auth_method: "none",
  }],
  ["a scope", { scope: "read:user_data" }, { scope: undefined }],
];

for (const [what, metadata, expected] of METADATA) {
  test(`a client registers with ${what}`, async () => {
    await withLocal({}, async (local) => {
      const client = await register(local, metadata);
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(client[name], value);
    });
  });
}

test("a confidential client gets a secret, and needs it", async () => {
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
  test(`registration refuses ${body || "nothing"}`, async () => {
    await withLocal({}, async (local) => {
      const response = await fetch(`${local.authUrl}/oauth/2.1/register`, { method: "POST", body });
      assert.equal(response.status, 400);
      assert.match((await response.json()).error, /^invalid_/);
    });
  });
}

test("without dynamic registration there is no endpoint for it", async () => {
  await withLocal({ dynamicRegistration: false }, async (local) => {
    const at = `${local.authUrl}/.well-known/oauth-authorization-server/oauth/2.1`;
    assert.equal("registration_endpoint" in await (await fetch(at)).json(), false);
    const response = await fetch(`${local.authUrl}/oauth/2.1/register`, { method: "POST" });
    assert.equal(response.status, 404);
    await response.body?.cancel();
  });
});

test("a client's name is text on the pages, never markup", async () => {
  await withLocal({}, async (local) => {
    const name = `<script>alert("x")</script>'&`;
    const { client_id } = await register(local, { client_name: name });
    const { url } = authorizationRequest(local, client_id);
    const first = await fetch(url, { redirect: "manual" });
    const cookies = first.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
    const page = await fetch(new URL(first.headers.get("Location") ?? "", url), {
      headers: { "Cookie": cookies },
    });
    const html = await page.text();
    assert.doesNotMatch(html, /<script/);
    assert.match(html, /&#60;script&#62;/);
    assert.match(page.headers.get("Content-Security-Policy") ?? "", /default-src 'none'/);
    assert.equal(page.headers.get("X-Frame-Options"), "DENY");
    assert.equal(page.headers.get("Cache-Control"), "no-store");
  });
});

test("a page without its login under way says so", async () => {
  await withLocal({}, async (local) => {
    const response = await fetch(`${local.authUrl}/oauth/2.1/interaction/unknown`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /no login under way/);
  });
});

test("endpoints can be called from browser pages, the pages cannot", async () => {
  await withLocal({}, async (local) => {
    const headers = { "Origin": "https://app.example", "Access-Control-Request-Headers": "x-own" };
    for (const path of ["token", "register", "introspect"]) {
      const at = `${local.authUrl}/oauth/2.1/${path}`;
      const response = await fetch(at, { method: "OPTIONS", headers });
      assert.equal(response.status, 204);
      assert.equal(response.headers.get("Access-Control-Allow-Origin"), "*");
      assert.equal(response.headers.get("Access-Control-Allow-Headers"), "x-own");
    }
    const page = await fetch(`${local.authUrl}/`, { headers });
    assert.equal(page.headers.get("Access-Control-Allow-Origin"), null);
    assert.match(await page.text(), /owner@acme\.example/);
  });
});

test("introspection wants our credentials", async () => {
  await withLocal({}, async (local) => {
    const token = await local.mintToken({ subject: OWNER, resource: RESOURCE });
    const headers: Record<string, string>[] = [{ "Authorization": `Basic ${btoa("a:b")}` }, {}];
    for (const given of headers) {
      const response = await post(`${local.authUrl}/oauth/2.1/introspect`, { token }, given);
      assert([400, 401].includes(response.status));
      assert.equal((await response.json()).active, undefined);
    }
  });
});

test("mintToken() makes a token with what was asked, and revoke() ends it alone", async () => {
  await withLocal({}, async (local) => {
    const mint = (expiresInSeconds: number) =>
      local.mintToken({
        subject: MEMBER,
        resource: RESOURCE,
        scopes: ["admin:org"],
        clientId: "my-client",
        expiresInSeconds,
        claims: { plan: "gold", org_role: "Guest", aud: [RESOURCE] },
      });
    const [token, other] = [await mint(60), await mint(90)];
    const facts = await introspect(local, token);
    assert.equal(Number(facts["exp"]) - Number(facts["iat"]), 60);
    assert.deepEqual(
      ["scope", "client_id", "aud", "plan", "org_role", "email"].map((name) => facts[name]),
      ["admin:org", "my-client", [RESOURCE], "gold", "Guest", MEMBER],
    );
    await local.revoke(token);
    await local.revoke("unknown");
    assert.deepEqual(await introspect(local, token), { active: false });
    assert.equal((await introspect(local, other))["active"], true);
  });
});

test("revoke() of a refresh token ends all that came with it", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { tokens } = await logIn(local, client_id);
    await local.revoke(String(tokens["refresh_token"]));
    assert.deepEqual(await introspect(local, String(tokens["access_token"])), { active: false });
    const response = await refresh(local, client_id, tokens["refresh_token"]);
    assert.equal(response.status, 400);
    await response.body?.cancel();
  });
});

const BAD_MINTS: [change: Answer, error: RegExp][] = [
  [{ subject: "nobody@acme.example" }, /subject must be .*owner@acme\.example/],
  [{ scopes: ["unknown"] }, /scopes must be .*read:user_data/],
  [{ scopes: "read:user_data" }, /scopes must be/],
  [{ resource: "http://127.0.0.1:8000/other" }, /resource must be .*8000\/mcp/],
  [{ resource: undefined }, /resource must be/],
  [{ expiresInSeconds: 0 }, /expiresInSeconds must be a whole number from 1/],
  [{ expires: 60 }, /expires must be one of/],
];

for (const [change, error] of BAD_MINTS) {
  test(`mintToken() refuses ${JSON.stringify(change)}`, async () => {
    await withLocal({ resources: [RESOURCE] }, async (local) => {
      const options = { subject: OWNER, resource: RESOURCE, ...change };
      await assert.rejects(local.mintToken(options), error);
    });
  });
}

const BAD_OPTIONS: [options: Answer, error: RegExp][] = [
  [{ port: -1 }, /port must be a whole number/],
  [{ port: "80" }, /port must be/],
  [{ hostname: "0.0.0.0" }, /hostname must be loopback/],
  [{ hostname: "192.168.0.1" }, /dangerouslyListenBeyondLoopback/],
  [{ issuerForm: "other" }, /issuerForm must be "path" or "bare"/],
  [{ users: [] }, /users must be an array of one or more/],
  [{ users: [{ email: "x" }] }, /users\[\]\.email must be/],
  [{ users: [{ email: "a@b.example", id: "1" }] }, /users\[\]\.id must be a UUID/],
  [{ users: [{ email: "a@b.example", grantableScopes: ["x"] }] }, /grantableScopes must be/],
  [{ scopes: ["a b"] }, /scopes must be/],
  [{ scopes: ["a", "a"] }, /"a" twice/],
  [{ resources: ["x"] }, /resources must be/],
  [{ accessTokenExpiresInSeconds: 0 }, /accessTokenExpiresInSeconds must be/],
  [{ rotateRefreshTokens: 1 }, /rotateRefreshTokens must be true or false/],
  [{ autoConsentAs: "x@y.example" }, /autoConsentAs must be .*owner@acme\.example/],
  [{ introspectionClientSecret: "a secret" }, /introspectionClientSecret must be .*8 characters$/],
  [{ stateFile: "" }, /stateFile must be/],
  [{ unknown: 1 }, /unknown must be one of port,/],
];

for (const [options, error] of BAD_OPTIONS) {
  test(`startLocalPropelAuth() refuses ${JSON.stringify(options)}`, async () => {
    await assert.rejects(startLocalPropelAuth({ log: () => {}, ...options }), (thrown: Error) => {
      assert.match(thrown.message, /^Cannot start the local PropelAuth: /);
      assert.match(thrown.message, error);
      return true;
    });
  });
}

test("startLocalPropelAuth() says when its port is in use", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await assert.rejects(startLocalPropelAuth({ port }), {
      message: `Cannot start the local PropelAuth: port ${port} on 127.0.0.1 is in use`,
    });
  } finally {
    server.close();
  }
});

test("startLocalPropelAuth() says that it is for development only, once", async () => {
  const lines: string[] = [];
  await withLocal({ log: (line) => void lines.push(line) }, (local) => {
    assert.deepEqual(lines, [
      `Local PropelAuth at ${local.authUrl}: for development only, not for production.`,
    ]);
    return Promise.resolve();
  });
});

test("close() leaves nothing listening, and may be called again", async () => {
  const local = await startLocalPropelAuth({ log: () => {} });
  await local.close();
  await local.close();
  await assert.rejects(fetch(`${local.authUrl}/`));
  await local[Symbol.asyncDispose]();
});

test("a request for another host is refused", async () => {
  await withLocal({}, async (local) => {
    const response = await fetch(local.authUrl.replace("127.0.0.1", "localhost"));
    assert.equal(response.status, 421);
    await response.body?.cancel();
  });
});

function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "propelauth-local-"));
  return run(folder).finally(() => rmSync(folder, { recursive: true }));
}

test("with a stateFile a restart strands no client", async () => {
  await inFolder(async (folder) => {
    const stateFile = join(folder, "state.json");
    let port = 0;
    let clientId: unknown;
    let tokens: Answer = {};
    let credentials = "";
    await withLocal({ stateFile }, async (local) => {
      port = Number(new URL(local.authUrl).port);
      credentials = local.introspectionClientSecret;
      clientId = (await register(local))["client_id"];
      tokens = (await logIn(local, clientId)).tokens;
    });
    assert.equal(statSync(stateFile).mode & 0o777, 0o600);
    await withLocal({ stateFile, port }, async (local) => {
      await reconnect(local);
      assert.equal(local.introspectionClientSecret, credentials);
      assert.equal((await introspect(local, String(tokens["access_token"])))["active"], true);
      const refreshed = await refresh(local, clientId, tokens["refresh_token"]);
      assert.equal(refreshed.status, 200);
      await refreshed.body?.cancel();
      assert.equal((await logIn(local, clientId)).facts["client_id"], clientId);
    });
    assert.doesNotMatch(readFileSync(stateFile, "utf8"), /undefined/);
  });
});

for (const content of ["", "null", '{"version":0}', "not json"]) {
  test(`startLocalPropelAuth() refuses a stateFile with ${content || "nothing"} in it`, async () => {
    await inFolder(async (folder) => {
      const stateFile = join(folder, "state.json");
      writeFileSync(stateFile, content);
      await assert.rejects(startLocalPropelAuth({ stateFile }), /stateFile must be .*state\.json/);
      assert.equal(readFileSync(stateFile, "utf8"), content);
    });
  });
}

test("startLocalPropelAuth() refuses a stateFile in a folder that is not there", async () => {
  await inFolder(async (folder) => {
    const stateFile = join(folder, "missing", "state.json");
    await assert.rejects(startLocalPropelAuth({ stateFile, log: () => {} }), /stateFile must be/);
    assert.equal(existsSync(stateFile), false);
  });
});

test("authorizeAs() names the users that there are", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    await assert.rejects(authorizeAs(url, "nobody@acme.example"), {
      message: "Cannot log in: no user nobody@acme.example; there are owner@acme.example, " +
        "member@acme.example, admin@globex.example",
    });
  });
});

test("authorizeAs() says when there is no stand-in", async () => {
  const local = await startLocalPropelAuth({ log: () => {} });
  const { url } = authorizationRequest(local, "client");
  await local.close();
  await assert.rejects(authorizeAs(url, OWNER), {
    message: `Cannot log in: ${local.authUrl} cannot be reached`,
  });
});
