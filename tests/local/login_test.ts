import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs } from "@x/propelauth-local";
import { authorizationRequest, OWNER, register, RESOURCE, withLocal } from "./support.ts";

/** Sends an authorization request, and returns a function that opens its page with its cookies. */
async function openLogin(url: URL): Promise<() => Promise<Response>> {
  const response = await fetch(url, { redirect: "manual" });
  await response.body?.cancel();
  const page = new URL(response.headers.get("Location") ?? "", url);
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
  return () => fetch(page, { headers: { "Cookie": cookies } });
}

async function assertStatus(response: Promise<Response>, status: number): Promise<void> {
  await (await response).body?.cancel();
  assert.equal((await response).status, status);
}

const REFUSED: [when: string, change: Record<string, string | undefined>, error: RegExp][] = [
  ["the request has no resource", { resource: undefined }, /no resource/],
  ["the request has no state", { state: undefined }, /no state/],
  ["the client is unknown", { client_id: "unknown" }, /client is invalid/],
  ["the redirect URI is another one", { redirect_uri: "https://evil.example/" }, /redirect_uri/],
];

for (const [when, change, error] of REFUSED) {
  test(`startLocalPropelAuth() shows an error page when ${when}`, async () => {
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
  ["the request has no code challenge", { code_challenge: undefined }, "invalid_request"],
  ["the code challenge method is plain", { code_challenge_method: "plain" }, "invalid_request"],
  ["the resource is not configured", { resource: "http://127.0.0.1:8000/other" }, "invalid_target"],
  ["the resource is no URL", { resource: "mcp" }, "invalid_target"],
  ["the response type is token", { response_type: "token" }, "unsupported_response_type"],
];

for (const [when, change, error] of SENT_BACK) {
  test(`startLocalPropelAuth() redirects with ${error} when ${when}`, async () => {
    await withLocal({ resources: [RESOURCE] }, async (local) => {
      const { client_id } = await register(local);
      const back = await authorizeAs(authorizationRequest(local, client_id, change).url, OWNER);
      // The answer to response_type=token stands in the fragment.
      const parameters = back.search === ""
        ? new URLSearchParams(back.hash.slice(1))
        : back.searchParams;
      assert.equal(parameters.get("error"), error);
    });
  });
}

test("startLocalPropelAuth() redirects with invalid_target when the request has two resources", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    url.searchParams.append("resource", "http://127.0.0.1:8000/other");
    const back = await authorizeAs(url, OWNER);
    assert.equal(back.searchParams.get("error"), "invalid_target");
  });
});

test("startLocalPropelAuth() escapes the client's name when it shows a page", async () => {
  await withLocal({}, async (local) => {
    const name = `<script>alert("x")</script>'&`;
    const { client_id } = await register(local, { client_name: name });
    const { url } = authorizationRequest(local, client_id);
    const page = await (await openLogin(url))();
    const html = await page.text();
    assert.doesNotMatch(html, /<script/);
    assert.match(html, /&#60;script&#62;/);
    assert.match(page.headers.get("Content-Security-Policy") ?? "", /default-src 'none'/);
    assert.equal(page.headers.get("X-Frame-Options"), "DENY");
    assert.equal(page.headers.get("Cache-Control"), "no-store");
  });
});

async function assertErrorPage(response: Response, status: number, says: RegExp): Promise<void> {
  assert.equal(response.status, status);
  assert.match(response.headers.get("Content-Type") ?? "", /text\/html/);
  assert.match(await response.text(), says);
}

test("startLocalPropelAuth() shows an error page when the browser has no cookie of the login", async () => {
  await withLocal({}, async (local) => {
    const response = await fetch(`${local.authUrl}/oauth/2.1/interaction/unknown`);
    await assertErrorPage(response, 400, /no cookie of this login.+in which the client opened it/);
  });
});

/** A browser tab: follows no redirect, and keeps the cookies of all answers, whatever their path. */
function openTab() {
  const cookies = new Map<string, string>();
  return async (url: URL | string, form?: Record<string, string>): Promise<Response> => {
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { "Cookie": [...cookies].map((cookie) => cookie.join("=")).join("; ") },
      ...(form && { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (cookie.split(";")[0] ?? "").split("=");
      cookies.set(name, value);
    }
    return answer;
  };
}

async function targetOf(response: Response, base: URL): Promise<URL> {
  await response.body?.cancel();
  return new URL(response.headers.get("Location") ?? "", base);
}

test("startLocalPropelAuth() shows an error page when another user has signed in since", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const visit = openTab();
    const login = await targetOf(await visit(url), url);
    const ids = [...(await (await visit(login)).text()).matchAll(/name="user" value="([^"]+)"/g)]
      .map(([, id = ""]) => id);
    const [first = "", second = ""] = ids;
    const resumed = await targetOf(await visit(login, { user: first }), url);
    const consent = await targetOf(await visit(resumed), url);
    await assertStatus(visit(consent), 200);
    await assertStatus(visit(consent, { user: second }), 303);
    await assertErrorPage(await visit(consent), 400, /Another user has signed in/);
  });
});

test("startLocalPropelAuth() answers an authorization request alike when it is sent by POST", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const endpoint = url.origin + url.pathname;
    const send = (body: URLSearchParams) =>
      fetch(endpoint, { method: "POST", body, redirect: "manual" });
    const login = await send(url.searchParams);
    assert.equal(login.status, 303);
    assert.match(login.headers.get("Location") ?? "", /\/interaction\//);
    await login.body?.cancel();
    url.searchParams.delete("resource");
    const refused = await send(url.searchParams);
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /no resource/);
  });
});

test("startLocalPropelAuth() forgets the oldest login under way when 1000 others are", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const oldest = await openLogin(url);
    const second = await openLogin(url);
    for (let i = 0; i < 999; i++) await (await fetch(url, { redirect: "manual" })).body?.cancel();
    await assertErrorPage(await oldest(), 400, /does not know this login any more/);
    await assertStatus(second(), 200);
    await assertStatus((await openLogin(url))(), 200);
  });
});
