/** The page of API keys, used by a browser that sends forms and keeps one cookie. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LocalPropelAuth } from "@x/propelauth-local";
import { MEMBER, OWNER, withLocal } from "./support.ts";

/** A browser on the page, signed in as a user. */
async function openPage(local: LocalPropelAuth, email: string) {
  let cookie = "";
  const send = async (form?: Record<string, string>): Promise<string> => {
    const response = await fetch(local.apiKeysUrl, {
      headers: { Cookie: cookie },
      redirect: "manual",
      ...(form && { method: "POST", body: new URLSearchParams(form) }),
    });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) [cookie = ""] = set.split(";");
    const page = await response.text();
    if (response.status === 200) return page;
    assert.equal(response.status, 303, page);
    assert.equal(response.headers.get("Location"), "/api_keys");
    return await send();
  };
  const user = local.users.find((one) => one.email === email) ?? assert.fail();
  assert.match(await send(), /Choose who you are/);
  assert.match(await send({ user: user.id }), new RegExp(`Signed in as ${email}`));
  return send;
}

/** The key that a page shows. */
const shownKey = (page: string): string => /<code>([0-9a-f]{64})</.exec(page)?.[1] ?? "";

async function isValid({ authUrl, backendApiKey }: LocalPropelAuth, key: string): Promise<boolean> {
  const response = await fetch(`${authUrl}/api/backend/v1/end_user_api_keys/validate`, {
    method: "POST",
    headers: { Authorization: `Bearer ${backendApiKey}` },
    body: JSON.stringify({ api_key_token: key }),
  });
  await response.body?.cancel();
  return response.ok;
}

test("apiKeysUrl leads to a page that makes a key, shows it once, and revokes it", () =>
  withLocal({}, async (local) => {
    const send = await openPage(local, OWNER);
    const page = await send({
      action: "make",
      display_name: "<build> server",
      kind: "personal",
      lifetime: "86400",
    });
    const key = shownKey(page);
    assert.equal(await isValid(local, key), true);
    assert.match(page, /&#60;build&#62; server/);
    const later = await send();
    assert.equal(shownKey(later), "");
    assert.match(later, /&#60;build&#62; server.*expires \d{4}-/s);
    const [{ id = "", kind = "", expiresAt = 0, createdAt = 0 } = {}] = await local.listApiKeys();
    assert.equal(kind, "personal");
    assert.equal(expiresAt - createdAt, 86_400);
    assert.doesNotMatch(await send({ revoke: id }), /&#60;build/);
    assert.equal(await isValid(local, key), false);
  }));

test("apiKeysUrl leads to a page on which members of an organization share its keys, and no others", () =>
  withLocal({}, async (local) => {
    const owner = await openPage(local, OWNER);
    const made = { action: "make", kind: "organization", lifetime: "0" };
    const key = shownKey(await owner({ ...made, display_name: "shared" }));
    await owner({ ...made, kind: "personal", display_name: "private" });
    const member = await openPage(local, MEMBER);
    const seen = await member();
    assert.match(seen, /shared/);
    assert.doesNotMatch(seen, /private/);
    const stranger = await openPage(local, "admin@globex.example");
    for (const { id, displayName } of await local.listApiKeys()) {
      await stranger({ revoke: id });
      if (displayName === "private") await member({ revoke: id });
    }
    assert.equal((await local.listApiKeys()).length, 2);
    assert.equal(await isValid(local, key), true);
    const shared = (await local.listApiKeys()).find((one) => one.displayName === "shared");
    assert.equal(shared?.kind, "organization");
    await member({ revoke: shared?.id ?? "" });
    assert.equal(await isValid(local, key), false);
  }));

test("apiKeysUrl leads to a page that shows no keys and makes none before a user signs in", () =>
  withLocal({}, async (local) => {
    await local.mintApiKey({ subject: OWNER, displayName: "private" });
    for (const cookie of ["", "local_propelauth_user=unknown", "local_propelauth_user="]) {
      const body = new URLSearchParams({ action: "make", kind: "personal" });
      const response = await fetch(local.apiKeysUrl, {
        method: "POST",
        headers: { Cookie: cookie },
        body,
      });
      const page = await response.text();
      assert.match(page, /Choose who you are/);
      assert.doesNotMatch(page, /private/);
    }
    assert.equal((await local.listApiKeys()).length, 1);
  }));

test("apiKeysUrl leads to a page that lets another user sign in", () =>
  withLocal({}, async (local) => {
    const send = await openPage(local, OWNER);
    assert.match(await send({ action: "switch" }), /Choose who you are/);
    assert.match(await send(), /Choose who you are/);
  }));

test("apiKeysUrl leads to a page whose cookie no other site can use", () =>
  withLocal({}, async (local) => {
    const response = await fetch(local.apiKeysUrl, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ user: local.users[0]?.id ?? "" }),
    });
    await response.body?.cancel();
    const [cookie = ""] = response.headers.getSetCookie();
    assert.match(cookie, /; Path=\/api_keys; HttpOnly; SameSite=Strict$/);
  }));

test("apiKeysUrl leads to a page that makes only the keys that it offers", () =>
  withLocal({ users: [{ email: OWNER }] }, async (local) => {
    const send = await openPage(local, OWNER);
    assert.doesNotMatch(await send(), /organization/);
    await send({ action: "make", kind: "organization", lifetime: "5" });
    const [key] = await local.listApiKeys();
    assert.deepEqual([key?.kind, key?.expiresAt, key?.displayName], [
      "personal",
      undefined,
      undefined,
    ]);
  }));
