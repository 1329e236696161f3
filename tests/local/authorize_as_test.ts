import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs, startLocalPropelAuth } from "@x/propelauth-local";
import { authorizationRequest, OWNER, register, withLocal } from "./support.ts";

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
