import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type LocalPropelAuth, startLocalPropelAuth } from "@x/propelauth-local";
import { authorizationRequest, logIn, MEMBER, register, withLocal } from "./support.ts";

for (const issuerForm of ["path", "bare"] as const) {
  test(`startLocalPropelAuth() serves PropelAuth's metadata when issuerForm is ${issuerForm}`, async () => {
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

test("startLocalPropelAuth() allows every origin when an endpoint is called, and none for its pages", async () => {
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

test("startLocalPropelAuth() answers 421 when the Host is another one", async () => {
  await withLocal({}, async (local) => {
    const response = await fetch(local.authUrl.replace("127.0.0.1", "localhost"));
    assert.equal(response.status, 421);
    assert.equal(await response.text(), `This local PropelAuth is at ${local.authUrl} alone\n`);
  });
});

/** Sends a GET with exactly this request target, which fetch() would normalise. */
async function getTarget(local: LocalPropelAuth, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(local.authUrl);
  const sent = request({ hostname, port, path });
  sent.end();
  const [response]: IncomingMessage[] = await once(sent, "response");
  response?.resume();
  return response?.statusCode;
}

test("startLocalPropelAuth() contacts no other host when a request target names one", async () => {
  let contacted = 0;
  const other = createServer((_request, response) => {
    contacted++;
    response.writeHead(303, { "Location": "http://127.0.0.1:9/callback?code=x" }).end();
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  try {
    await withLocal({ autoConsentAs: MEMBER }, async (local) => {
      const host = `127.0.0.1:${(other.address() as AddressInfo).port}`;
      const { url } = authorizationRequest(local, (await register(local))["client_id"]);
      const at = `${host}${url.pathname}${url.search}`;
      assert.equal(await getTarget(local, `//${at}`), 404);
      assert.equal(await getTarget(local, `http://${at}`), 400);
      assert.equal(await getTarget(local, "//"), 404);
      assert.equal(contacted, 0);
    });
  } finally {
    other.close();
  }
});

test("startLocalPropelAuth() leaves out port 80, as every parser of its URL does", async (t) => {
  let local: LocalPropelAuth;
  try {
    local = await startLocalPropelAuth({ port: 80, hostname: "127.0.0.1", log: () => {} });
  } catch {
    return t.skip("port 80 is in use, or not for this user");
  }
  const { authUrl, issuer } = local;
  const response = await fetch(`${authUrl}/.well-known/oauth-authorization-server/oauth/2.1`);
  const metadata = await response.json();
  await local.close();
  assert.deepEqual([authUrl, issuer], ["http://127.0.0.1", "http://127.0.0.1/oauth/2.1"]);
  assert.equal(metadata.issuer, issuer);
});
