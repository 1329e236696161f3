/** PropelAuth: its metadata, its clock, and our credentials there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import { test } from "node:test";
import { apiKeys } from "@x/propelauth-mcp/api-keys";
import { diagnose } from "@x/propelauth-mcp/doctor";
import { composeDiagnosis } from "../../../../src/entries/doctor/diagnose.ts";
import { json } from "../../../support/harness.ts";
import { at, broken, checksOf, faultsOf, members, status, testRows, variable } from "./rows.ts";
import { type Spoil, withSetup } from "../setup.ts";

const VALIDATE = "/api/backend/v1/end_user_api_keys/validate";
const METADATA = "/.well-known/oauth-authorization-server/oauth/2.1";

/** Spoils the questions about API keys. */
function aboutKeys(spoil: Spoil): Spoil {
  return (request, pass) =>
    new URL(request.url).pathname === VALIDATE ? spoil(request, pass) : pass();
}

/** Spoils the doctor's own introspection of a random token; the server introspects another one. */
function aboutRandomToken(spoil: Spoil): Spoil {
  let first: string | undefined;
  return async (request, pass) => {
    const body = request.method === "POST" ? await request.clone().text() : "";
    const token = /token=doctor-[\w-]+/.exec(body)?.[0];
    first ??= token;
    return token !== undefined && token === first ? await spoil(request, pass) : await pass();
  };
}

testRows(checksOf("propelauth").filter((id) => id !== "clock"), {
  reachable: {
    "nothing comes back": {
      setup: { propelAuth: at(["GET", METADATA], broken) },
      seen: /^no answer from 127\.0\.0\.1:\d+: ./,
      remedy: /Compare PROPELAUTH_AUTH_URL with the Auth URL/,
    },
  },
  metadata: {
    "MCP is not enabled": {
      setup: { propelAuth: at(["GET", METADATA], status(404)) },
      seen: /^404: MCP is not enabled in this environment$/,
      remedy: /MCP > Enable MCP/,
    },
    "it redirects": {
      setup: {
        propelAuth: at(["GET", METADATA], status(302, { "Location": "https://login.example" })),
      },
      seen: /^302: redirects to https:\/\/login\.example$/,
      remedy: /do not follow/,
    },
    "the Auth URL has another name than the local PropelAuth": {
      setup: { propelAuth: at(["GET", METADATA], status(421)) },
      seen: /^421: the server there has another name$/,
      remedy: /^Write PROPELAUTH_AUTH_URL as the local PropelAuth prints it: localhost and 127/,
    },
    "PropelAuth is down": {
      setup: { propelAuth: at(["GET", METADATA], status(503)) },
      seen: /^503: PropelAuth is not available$/,
      remedy: /status page/,
    },
    "another page answers": {
      setup: { propelAuth: at(["GET", METADATA], () => new Response("<html>")) },
      seen: /^200, but no JSON object$/,
      remedy: /Something else answers/,
    },
    "it is longer than may be": {
      setup: { propelAuth: at(["GET", METADATA], members({ filler: "x".repeat(70_000) })) },
      seen: /^200, but no JSON object$/,
      remedy: /Something else answers/,
    },
    "it lacks an endpoint": {
      setup: { propelAuth: at(["GET", METADATA], members({ token_endpoint: null })) },
      seen: /^without a usable token_endpoint$/,
      remedy: /PropelAuth's own metadata/,
    },
  },
  issuer: {
    "it has the older form": {
      setup: { local: { issuerForm: "bare" } },
      seen: /, but this server publishes .+\/oauth\/2\.1: the older form has no path$/,
      remedy:
        /^These clients refuse it: Codex, .+FastMCP.+\. These log in: Claude .+ Ask PropelAuth's support/,
    },
    "it has the older form, and is served there": {
      setup: {
        local: { issuerForm: "bare" },
        propelAuth: at(
          ["GET", "/.well-known/oauth-authorization-server"],
          (request) => json({ issuer: new URL(request.url).origin }),
        ),
      },
      seen: /, but this server publishes /,
      remedy:
        /^These clients refuse it: Codex, .+ Set the option issuer to "http:\/\/127\.0\.0\.1:\d+"/,
    },
    "it is of an own domain": {
      setup: {
        propelAuth: at(
          ["GET", METADATA],
          members({ issuer: "https://auth.acme.example/oauth/2.1" }),
        ),
      },
      seen: /^https:\/\/auth\.acme\.example\/oauth\/2\.1, but this server/,
      remedy: /Set PROPELAUTH_AUTH_URL to the address that PropelAuth gives itself/,
    },
  },
  pkce: {
    "it is not offered": {
      setup: {
        propelAuth: at(["GET", METADATA], members({ code_challenge_methods_supported: ["plain"] })),
      },
      seen: /^S256 is not among plain$/,
      remedy: /refuse to log in without it/,
    },
    "it is not mentioned": {
      setup: {
        propelAuth: at(["GET", METADATA], members({ code_challenge_methods_supported: 1 })),
      },
      seen: /^S256 is not among none$/,
      remedy: /refuse to log in without it/,
    },
  },
  registration: {
    "it is off": {
      setup: { local: { dynamicRegistration: false } },
      status: "warning",
      seen: /^not enabled/,
      remedy: /Claude: .+ Cursor: .+ ChatGPT: .+ MCP > Settings/,
    },
  },
  credentials: {
    "they are of another environment": {
      options: variable("PROPELAUTH_INTROSPECTION_CLIENT_SECRET", "another-secret"),
      seen: /^401: the client id or secret is wrong, or of another environment$/,
      remedy: /MCP > Request Validation/,
    },
    "MCP was disabled meanwhile": {
      setup: { propelAuth: aboutRandomToken(status(404)) },
      seen: /^404: MCP is not enabled/,
      remedy: /MCP > Enable MCP/,
    },
    "there is a rate limit": {
      setup: { propelAuth: aboutRandomToken(status(429)) },
      seen: /^429: PropelAuth is not available$/,
      remedy: /Try again/,
    },
    "every token is active": {
      setup: { propelAuth: aboutRandomToken(() => json({ active: true })) },
      seen: /^a random token is said to be active$/,
      remedy: /Anyone would get in/,
    },
    "the answer makes no sense": {
      setup: { propelAuth: aboutRandomToken(() => new Response("<html>")) },
      seen: /^the answer is not an introspection response$/,
      remedy: /Another server answers/,
    },
    "the answer redirects": {
      setup: { propelAuth: aboutRandomToken(status(302, { "Location": "/" })) },
      seen: /^302, not 200$/,
      remedy: /Another server answers/,
    },
    "nothing comes back": {
      setup: { propelAuth: aboutRandomToken(broken) },
      seen: /^no answer from /,
      remedy: /Compare PROPELAUTH_AUTH_URL/,
    },
  },
  backend_key: {
    "it is of another environment": {
      options: variable("PROPELAUTH_API_KEY", "another-key"),
      seen: /^401: the backend API key is wrong, or of another environment$/,
      remedy: /Backend Integration > API keys, and set PROPELAUTH_API_KEY/,
    },
    "it is two words": {
      options: variable("PROPELAUTH_API_KEY", "Bearer another-key"),
      seen: /^PROPELAUTH_API_KEY is a text of 18 characters$/,
      remedy: /^It must be a non-empty string of printable ASCII without spaces\. /,
    },
    "it is in quotes": {
      options: variable("PROPELAUTH_API_KEY", '"another-key"'),
      seen: /^PROPELAUTH_API_KEY is a text of 13 characters$/,
      remedy: /^It must be without quotes around it/,
    },
    "every key is valid": {
      setup: { propelAuth: aboutKeys(() => json({ metadata: {} })) },
      seen: /^a random API key is said to be valid$/,
      remedy: /Anyone would get in/,
    },
    "there is a rate limit": {
      setup: { propelAuth: aboutKeys(status(429)) },
      seen: /^429: PropelAuth is not available$/,
      remedy: /Try again/,
    },
    "the answer makes no sense": {
      setup: { propelAuth: aboutKeys(() => new Response("<html>")) },
      seen: /^the answer is not one about an API key$/,
      remedy: /Another server answers/,
    },
    "the answer redirects": {
      setup: { propelAuth: aboutKeys(status(302, { "Location": "/" })) },
      seen: /^302, not 200 or 400$/,
      remedy: /Another server answers/,
    },
    "nothing comes back": {
      setup: { propelAuth: aboutKeys(broken) },
      seen: /^no answer from /,
      remedy: /Compare PROPELAUTH_AUTH_URL/,
    },
  },
  scopes: {
    "an operation needs one that is not configured": {
      options: () => ({ overrides: { operations: { tools: { erase: ["erase:all"] } } } }),
      seen: /^not configured there: erase:all$/,
      remedy: /MCP > Scopes/,
    },
    "one is not configured": {
      options: () => ({ overrides: { scopesSupported: ["read:user_data", "read:nothing"] } }),
      seen: /^not configured there: read:nothing$/,
      remedy: /MCP > Scopes/,
    },
  },
});

// PropelAuth's clock is the one that the server's is compared with, so this machine's is moved.
for (const [seconds, status] of [[-1000, "failed"], [1000, "failed"], [30, "warning"]] as const) {
  test(
    `diagnose() ${
      status === "failed" ? "fails" : "warns at"
    } clock alone when this machine's is ${seconds} s off`,
    async () => {
      await withSetup({}, async ({ env }) => {
        const world = {
          fetch,
          now: () => Date.now() / 1000 + seconds,
          startTimer: () => () => {},
        };
        const { checks } = await composeDiagnosis({ env }, {}, world);
        const found = faultsOf(checks);
        assert.deepEqual(found.map((check) => [check.id, check.status]), [["clock", status]]);
        const direction = seconds > 0 ? "behind" : "ahead of";
        assert.match(
          found[0]?.seen ?? "",
          new RegExp(`^PropelAuth's is \\d+ s ${direction} this machine's$`),
        );
      });
    },
  );
}

// Made for this test: openssl req -x509 -newkey ec -days 36500 -subj /CN=localhost
const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9HA4Y6Ww2lmiRi5H
C0bcMLqriwMLqGE9G02NdUgKbjuhRANCAAQucS3hcTGmcIWSYbNaS6P90OVZ5/XJ
NmCLVGgg/IQhqbX3jWEHjiOHVK1U7a89Nh4MPWZoKDYCTIJbEwxI4ePk
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUeZtaN58GzQ8HlnjkfIlebNExm7IwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTE5MTAyNFoYDzIxMjYxMTAx
MTkxMDI0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQucS3hcTGmcIWSYbNaS6P90OVZ5/XJNmCLVGgg/IQhqbX3jWEHjiOH
VK1U7a89Nh4MPWZoKDYCTIJbEwxI4ePko28wbTAdBgNVHQ4EFgQUBYDoM2ps32m3
nPiNCJntRvNWJ+8wHwYDVR0jBBgwFoAUBYDoM2ps32m3nPiNCJntRvNWJ+8wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgYU6kNC0qvcvAySFxRnpAf3XXSsV0/vOTzJJgQSNVYg4CIExN
beiBqn1lDkcSsdVZ58YIw7qE8daUvJV5ymYHRz61
-----END CERTIFICATE-----`,
};

test("diagnose() fails reachable when no authority signed the certificate", async () => {
  const server = createServer(SELF_SIGNED, (_request, response) => response.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    await withSetup({}, async ({ env }) => {
      const authUrl = `https://localhost:${port}`;
      const { checks } = await diagnose({ env: { ...env, PROPELAUTH_AUTH_URL: authUrl } });
      const [first] = faultsOf(checks);
      assert.equal(first?.id, "reachable");
      assert.match(first.seen, /^no TLS with localhost:\d+: ./);
      assert.match(first.remedy ?? "", /certificate has to be valid for localhost/);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("diagnose() looks at the backend API key only where one is given", async () => {
  await withSetup({}, async ({ env, local, token }) => {
    const { PROPELAUTH_API_KEY: _, ...without } = env;
    const { ok, checks } = await diagnose({ env: without, token });
    assert.equal(ok, true);
    assert(!checks.some(({ id }) => id === "backend_key"));
    // isApiKey of the code does not keep the doctor from asking about a random key.
    const keys = apiKeys({ backendApiKey: "another-key", isApiKey: () => false });
    const given = await diagnose({ env: without, token, overrides: { apiKeys: keys } });
    assert.deepEqual(faultsOf(given.checks).map(({ id }) => id), ["backend_key"]);
    assert(!JSON.stringify(given).includes("another-key"));
    const fromEnv = await diagnose({ env, token, overrides: { apiKeys: apiKeys() } });
    assert.deepEqual(faultsOf(fromEnv.checks), []);
    const missing = await diagnose({ env: without, token, overrides: { apiKeys: apiKeys() } });
    assert.deepEqual(faultsOf(missing.checks).map(({ id }) => id), ["backend_key"]);
    assert(!JSON.stringify([given, fromEnv]).includes(local.backendApiKey));
  });
});
