import assert from "node:assert/strict";
import { test } from "node:test";
import type { LocalPropelAuth } from "@x/propelauth-local";
import {
  authorizationRequest,
  exchange,
  introspect,
  MEMBER,
  OWNER,
  REDIRECT,
  register,
  withLocal,
} from "./support.ts";

/** A browser with cookies, which stops at each page and at the redirect to the client. */
class Browser {
  readonly #cookies = new Map<string, string>();
  #url = new URL("http://127.0.0.1/");

  /** Opens a URL, or sends a form to the current page. Returns the page, or the redirect URI. */
  async open(url: URL, form?: Record<string, string>): Promise<{ page: string } | { back: URL }> {
    this.#url = url;
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(url, {
      headers: { "Cookie": cookie },
      redirect: "manual",
      ...(form !== undefined && { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    const page = await response.text();
    const location = response.headers.get("Location");
    if (location === null) return { page };
    const next = new URL(location, url);
    return next.origin === url.origin ? await this.open(next) : { back: next };
  }

  /** Sends a form to the current page. */
  answer(form: Record<string, string>): ReturnType<Browser["open"]> {
    return this.open(this.#url, form);
  }

  /** Signs in and consents, so that the browser is signed in afterwards. */
  async signIn(local: LocalPropelAuth, clientId: unknown, email: string): Promise<void> {
    assertLogin(await this.open(authorizationRequest(local, clientId).url));
    assertConsent(await this.answer({ user: idOf(local, email) }), email);
    assertBack(await this.answer({ answer: "allow" }), "code");
  }
}

type Opened = Awaited<ReturnType<Browser["open"]>>;

const idOf = (local: LocalPropelAuth, email: string): string =>
  local.users.find((user) => user.email === email)?.id ?? assert.fail();

function assertLogin(opened: Opened): void {
  assert.ok("page" in opened, "a page was expected");
  assert.match(opened.page, /name="user"/);
}

function assertConsent(opened: Opened, email: string): void {
  assert.ok("page" in opened, "a page was expected");
  assert.match(opened.page, new RegExp(`Signed in as ${email}`));
}

function assertBack(opened: Opened, parameter: string, value?: string): URL {
  assert.ok("back" in opened, JSON.stringify(opened));
  const received = opened.back.searchParams.get(parameter);
  if (value === undefined) assert.notEqual(received, null, opened.back.href);
  else assert.equal(received, value, opened.back.href);
  return opened.back;
}

// OpenID Connect Core 1.0 §3.1.2.1: login "SHOULD prompt the End-User for reauthentication",
// select_account "SHOULD prompt the End-User to select a user account", consent "SHOULD prompt the
// End-User for consent".
for (const prompt of ["login", "select_account", "login consent", "select_account login consent"]) {
  test(`startLocalPropelAuth() asks who signs in, once, when prompt is ${prompt} and a user is signed in`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local);
      const browser = new Browser();
      await browser.signIn(local, client_id, OWNER);

      const { url, verifier } = authorizationRequest(local, client_id, { prompt });
      assertLogin(await browser.open(url));
      assertConsent(await browser.answer({ user: idOf(local, MEMBER) }), MEMBER);
      const back = assertBack(await browser.answer({ answer: "allow" }), "code");
      const tokens = await (await exchange(local, client_id, back, verifier)).json();
      assert.equal((await introspect(local, tokens.access_token))["email"], MEMBER);
    });
  });

  test(`startLocalPropelAuth() asks who signs in, once, when prompt is ${prompt} and no user is signed in`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local);
      const browser = new Browser();
      assertLogin(await browser.open(authorizationRequest(local, client_id, { prompt }).url));
      assertConsent(await browser.answer({ user: idOf(local, OWNER) }), OWNER);
      assertBack(await browser.answer({ answer: "allow" }), "code");
    });
  });
}

for (const prompt of [undefined, "", "consent"]) {
  test(`startLocalPropelAuth() asks for consent alone when prompt is ${prompt ?? "absent"} and a user is signed in`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local);
      const browser = new Browser();
      await browser.signIn(local, client_id, OWNER);
      const { url } = authorizationRequest(local, client_id, { prompt });
      assertConsent(await browser.open(url), OWNER);
      assertBack(await browser.answer({ answer: "allow" }), "code");
    });
  });
}

test("startLocalPropelAuth() lets the user switch on the consent page when prompt is select_account", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const browser = new Browser();
    const { url } = authorizationRequest(local, client_id, { prompt: "select_account" });
    assertLogin(await browser.open(url));
    assertConsent(await browser.answer({ user: idOf(local, OWNER) }), OWNER);
    assertLogin(await browser.answer({ answer: "switch" }));
    assertConsent(await browser.answer({ user: idOf(local, MEMBER) }), MEMBER);
    assertBack(await browser.answer({ answer: "allow" }), "code");
  });
});

// OpenID Connect Core 1.0 §3.1.2.6
const REDIRECTS = ["http://127.0.0.1:9/callback", "https://client.example/callback"];

for (const redirect_uri of REDIRECTS) {
  test(`startLocalPropelAuth() redirects with an error instead of a page when prompt is none: ${redirect_uri}`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local, { redirect_uris: [REDIRECT, redirect_uri] });
      const { client_id: web } = await register(local, { redirect_uris: [redirect_uri] });
      const browser = new Browser();
      const silent = async (clientId: unknown) => {
        const change = { prompt: "none", redirect_uri };
        return assertBack(
          await browser.open(authorizationRequest(local, clientId, change).url),
          "error",
        );
      };
      assert.equal((await silent(web)).searchParams.get("error"), "login_required");
      await browser.signIn(local, client_id, OWNER);
      const back = await silent(web);
      assert.equal(back.searchParams.get("error"), "consent_required");
      assert.equal(back.searchParams.get("state"), "state-1");
      assert.equal(back.searchParams.get("iss"), local.issuer);
    });
  });
}

for (const prompt of ["none login", "create", "LOGIN"]) {
  test(`startLocalPropelAuth() redirects with invalid_request when prompt is ${prompt}`, async () => {
    for (const options of [{}, { autoConsentAs: MEMBER }]) {
      await withLocal(options, async (local) => {
        const { client_id } = await register(local);
        const { url } = authorizationRequest(local, client_id, { prompt });
        assertBack(await new Browser().open(url), "error", "invalid_request");
      });
    }
  });
}

for (const prompt of ["none", "login", "select_account", "consent"]) {
  test(`startLocalPropelAuth() answers without a page when prompt is ${prompt} and autoConsentAs is set`, async () => {
    await withLocal({ autoConsentAs: MEMBER }, async (local) => {
      const { client_id } = await register(local);
      const { url } = authorizationRequest(local, client_id, { prompt });
      assertBack(await new Browser().open(url), "code");
    });
  });
}

test("startLocalPropelAuth() redirects with login_required when prompt is none and autoConsentAs may not answer the client", async () => {
  await withLocal({ autoConsentAs: MEMBER }, async (local) => {
    const redirect_uri = "https://client.example/callback";
    const { client_id } = await register(local, { redirect_uris: [redirect_uri] });
    const { url } = authorizationRequest(local, client_id, { prompt: "none", redirect_uri });
    assertBack(await new Browser().open(url), "error", "login_required");
  });
});
