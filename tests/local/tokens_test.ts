import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeAs } from "@x/propelauth-local";
import {
  type Answer,
  authorizationRequest,
  exchange,
  introspect,
  logIn,
  MEMBER,
  OWNER,
  post,
  refresh,
  register,
  RESOURCE,
  withLocal,
} from "./support.ts";

test("startLocalPropelAuth() describes user, scopes and audience when a token is introspected", async () => {
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
    // A refresh token is not active: no MCP server may accept it.
    assert.deepEqual(await introspect(local, String(tokens["refresh_token"])), { active: false });
    assert.deepEqual(await introspect(local, "unknown"), { active: false });
  });
});

test("startLocalPropelAuth() keeps a trailing slash when the resource has one", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url, verifier } = authorizationRequest(local, client_id, { resource: "http://h/" });
    const back = await authorizeAs(url, OWNER);
    const response = await exchange(local, client_id, back, verifier);
    const { access_token } = await response.json();
    assert.equal((await introspect(local, access_token))["aud"], "http://h/");
  });
});

for (const rotateRefreshTokens of [true, false]) {
  test(`startLocalPropelAuth() refreshes a token when rotateRefreshTokens is ${rotateRefreshTokens}`, async () => {
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

test("startLocalPropelAuth() answers invalid_grant when the code verifier is wrong", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { url } = authorizationRequest(local, client_id);
    const back = await authorizeAs(url, OWNER);
    const response = await exchange(local, client_id, back, "x".repeat(43));
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error, "invalid_grant");
  });
});

test("startLocalPropelAuth() refuses an introspection when its credentials are wrong or absent", async () => {
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

test("mintToken() makes the token that was asked for, and revoke() ends it alone", async () => {
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

test("revoke() ends the whole grant when it is given a refresh token", async () => {
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
  [{ claims: "org_id" }, /claims must be an object: received "org_id"$/],
  [{ expires: 60 }, /expires must be one of/],
];

for (const [change, error] of BAD_MINTS) {
  test(`mintToken() throws when it is given ${JSON.stringify(change)}`, async () => {
    await withLocal({ resources: [RESOURCE] }, async (local) => {
      const options = { subject: OWNER, resource: RESOURCE, ...change };
      await assert.rejects(local.mintToken(options), error);
    });
  });
}

const ROUNDS = 20;

for (const count of [2, 5]) {
  test(`startLocalPropelAuth() lets one of ${count} refreshes succeed and ends the grant when they come at once`, async () => {
    await withLocal({}, async (local) => {
      const { client_id } = await register(local);
      for (let round = 0; round < ROUNDS; round++) {
        const { tokens } = await logIn(local, client_id);
        const responses = await Promise.all(
          Array.from({ length: count }, () => refresh(local, client_id, tokens["refresh_token"])),
        );
        const answers: Answer[] = await Promise.all(responses.map((response) => response.json()));
        const issued = answers.filter(({ access_token }) => access_token !== undefined);
        assert.equal(issued.length, 1, `round ${round}`);
        assert.deepEqual(
          answers.flatMap(({ error }) => error ?? []),
          Array(count - 1).fill("invalid_grant"),
        );
        for (const token of [tokens, ...issued].map(({ access_token }) => String(access_token))) {
          assert.deepEqual(await introspect(local, token), { active: false }, `round ${round}`);
        }
        const again = await refresh(local, client_id, issued[0]?.["refresh_token"]);
        assert.equal((await again.json()).error, "invalid_grant");
      }
    });
  });
}

test("startLocalPropelAuth() lets every refresh succeed when they come at once without rotation", async () => {
  await withLocal({ rotateRefreshTokens: false }, async (local) => {
    const { client_id } = await register(local);
    const { tokens } = await logIn(local, client_id);
    const responses = await Promise.all(
      Array.from({ length: 5 }, () => refresh(local, client_id, tokens["refresh_token"])),
    );
    assert.deepEqual(responses.map(({ status }) => status), Array(5).fill(200));
    await Promise.all(responses.map((response) => response.body?.cancel()));
  });
});

test("startLocalPropelAuth() lets one exchange succeed and ends the grant when a code comes twice at once", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    for (let round = 0; round < ROUNDS; round++) {
      const { url, verifier } = authorizationRequest(local, client_id);
      const back = await authorizeAs(url, OWNER);
      const responses = await Promise.all(
        [0, 1].map(() => exchange(local, client_id, back, verifier)),
      );
      const answers: Answer[] = await Promise.all(responses.map((response) => response.json()));
      const issued = answers.filter(({ access_token }) => access_token !== undefined);
      assert.equal(issued.length, 1, `round ${round}`);
      const token = String(issued[0]?.["access_token"]);
      assert.deepEqual(await introspect(local, token), { active: false }, `round ${round}`);
    }
  });
});

test("startLocalPropelAuth() keeps the grant when the same refresh token is refused for another client", async () => {
  await withLocal({}, async (local) => {
    const { client_id } = await register(local);
    const { tokens } = await logIn(local, client_id);
    const other = await refresh(
      local,
      (await register(local))["client_id"],
      tokens["refresh_token"],
    );
    assert.equal((await other.json()).error, "invalid_grant");
    const own = await refresh(local, client_id, tokens["refresh_token"]);
    assert.equal(own.status, 200);
    await own.body?.cancel();
  });
});

test("revoke() rejects when it is given no token", async () => {
  await withLocal({}, async (local) => {
    // @ts-expect-error: a variable that is not set
    await assert.rejects(local.revoke(undefined), {
      message: "Cannot revoke: token must be a non-empty string: received undefined",
    });
  });
});
