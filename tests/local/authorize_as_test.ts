import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs, startLocalPropelAuth } from "@x/propelauth-local";
import { authorizationRequest, exchange, OWNER, register, withLocal } from "./support.ts";

test("authorizeAs() names the users when the e-mail address is of none of them", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    await assert.rejects(authorizeAs(url, "nobody@acme.example"), {
      message: "Cannot log in: no user nobody@acme.example; the users are owner@acme.example, " +
        "member@acme.example, admin@globex.example",
    });
  });
});

test("authorizeAs() names the Auth URL when nothing listens there", async () => {
  const local = await startLocalPropelAuth({ log: () => {} });
  const { url } = authorizationRequest(local, "client");
  await local.close();
  await assert.rejects(authorizeAs(url, OWNER), {
    message: `Cannot log in: ${local.authUrl} cannot be reached`,
  });
});

test("authorizeAs() finds users and scopes whatever characters they have", async () => {
  const users = [{ email: "o'brien@acme.example", firstName: "Ann@Home" }];
  const scopes = [{ name: "read:r&d", optional: true }, { name: "read:o'clock", optional: true }];
  await withLocal({ users, scopes }, async (local) => {
    const { client_id } = await register(local);
    const { url, verifier } = authorizationRequest(local, client_id);
    const back = await authorizeAs(url, "O'Brien@acme.example", { scopes: ["read:r&d"] });
    const { scope } = await (await exchange(local, client_id, back, verifier)).json();
    assert.equal(scope, "read:r&d");
  });
});

test("startLocalPropelAuth() with autoConsentAs logs in a user with an apostrophe", async () => {
  const email = "o'brien@acme.example";
  await withLocal({ users: [{ email }], autoConsentAs: email }, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const response = await fetch(url, { redirect: "manual" });
    await response.body?.cancel();
    assert.match(
      response.headers.get("Location") ?? "",
      /^http:\/\/127\.0\.0\.1:9\/callback\?code=/,
    );
  });
});
