/**
 * API keys of the local PropelAuth, by PropelAuth's own packages: what they send is answered, and what
 * is answered they understand.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as node from "@propelauth/node";
import * as nodeApis from "@propelauth/node-apis";
import type { LocalPropelAuth, MintApiKeyOptions } from "@x/propelauth-local";
import { createPublicKey } from "../examples/backend_double.ts";
import { inFolder, introspect, MEMBER, OWNER, withLocal } from "./support.ts";

const BACKEND = "https://propelauth-api.com";
const PATH = "/api/backend/v1/end_user_api_keys";
const verifierKey = createPublicKey();

/** The host of PropelAuth's backend API is built in; its requests go to the local one instead. */
let backend = "";
const asked: Headers[] = [];
const { fetch } = globalThis;
before(() => {
  globalThis.fetch = (input, init) => {
    if (typeof input !== "string" || !input.startsWith(BACKEND)) return fetch(input, init);
    asked.push(new Headers(init?.headers));
    return fetch(input.replace(BACKEND, backend), init);
  };
});
after(() => {
  globalThis.fetch = fetch;
});

type Validate = (apiKey: string) => Promise<{
  metadata?: Record<string, unknown>;
  user?: { userId: string; email: string; enabled: boolean; locked: boolean; firstName?: string };
  org?: { orgId: string; name: string };
  userInOrg?: nodeApis.OrgMemberInfo;
}>;

interface PropelAuthPackage {
  readonly validateApiKey: Validate;
  readonly validatePersonalApiKey: Validate;
  readonly validateOrgApiKey: Validate;
}

interface Errors {
  readonly ApiKeyValidateRateLimitedException: typeof nodeApis.ApiKeyValidateRateLimitedException;
  readonly RateLimitedException: typeof nodeApis.RateLimitedException;
}

interface Package {
  readonly name: string;
  /** Each package has classes of its own, of the same names. */
  readonly errors: Errors;
  readonly create: (authUrl: string, apiKey: string) => PropelAuthPackage;
}

const PACKAGES: Package[] = [
  {
    name: "@propelauth/node",
    errors: node,
    create(authUrl, apiKey) {
      const manualTokenVerificationMetadata = { verifierKey, issuer: authUrl };
      return node.initBaseAuth({ authUrl, apiKey, manualTokenVerificationMetadata });
    },
  },
  {
    name: "@propelauth/node-apis",
    errors: nodeApis,
    create: (authUrl, apiKey) => nodeApis.getApis(new URL(authUrl), apiKey),
  },
];

const USERS = [
  {
    email: OWNER,
    firstName: "Ann",
    orgId: "1189c444-8a2d-4c41-8b4b-ae43ce79a492",
    orgName: "Acme",
    orgRole: "Owner",
    orgPermissions: ["can_invite"],
  },
  { email: MEMBER },
];
const ACME = USERS[0]?.orgId ?? "";

/** Runs a test with each of PropelAuth's packages against a local PropelAuth. */
function withPackages(
  title: string,
  run: (use: PropelAuthPackage, local: LocalPropelAuth, errors: Errors) => Promise<void>,
): void {
  for (const { name, errors, create } of PACKAGES) {
    test(`${title}: ${name}`, () =>
      withLocal({ users: USERS }, async (local) => {
        backend = local.authUrl;
        await run(create(local.authUrl, local.backendApiKey), local, errors);
      }));
  }
}

withPackages(
  "mintApiKey() makes a personal key that validateApiKey() knows",
  async (use, local) => {
    const metadata = { plan: "gold", some_names: { stay_as: "they are" } };
    const key = await local.mintApiKey({ subject: OWNER, metadata });
    for (const sent of [key, `Bearer ${key}`]) {
      const { user, ...others } = await use.validateApiKey(sent);
      assert.deepEqual(others, { metadata });
      const { userId, email, enabled, locked, firstName } = user ?? assert.fail();
      assert.deepEqual(
        [userId, email, enabled, locked, firstName],
        [local.users[0]?.id, OWNER, true, false, "Ann"],
      );
    }
    assert.equal((await use.validatePersonalApiKey(key)).user?.email, OWNER);
    await assert.rejects(use.validateOrgApiKey(key), isRefused("Not an org API Key"));
    // The host without its port: PropelAuth's own environments have none.
    assert.equal(asked.at(-1)?.get("X-Propelauth-url"), new URL(local.authUrl).hostname);
  },
);

withPackages("mintApiKey() makes an organization's key with its maker", async (use, local) => {
  const key = await local.mintApiKey({ subject: OWNER, orgId: ACME });
  for (const { metadata, user, org, userInOrg } of [await use.validateOrgApiKey(key)]) {
    assert.deepEqual(metadata, {});
    assert.equal(user?.email, OWNER);
    assert.deepEqual([org?.orgId, org?.name], [ACME, "Acme"]);
    const { orgId, orgName, userPermissions } = userInOrg ?? assert.fail();
    assert.deepEqual([orgId, orgName, userPermissions], [ACME, "Acme", ["can_invite"]]);
    assert.equal(userInOrg?.userAssignedRole, "Owner");
  }
  await assert.rejects(use.validatePersonalApiKey(key), isRefused("Not a personal API Key"));
});

withPackages("mintApiKey() makes an organization's key without a maker", async (use, local) => {
  const { user, org, userInOrg } = await use.validateOrgApiKey(
    await local.mintApiKey({ orgId: ACME }),
  );
  assert.deepEqual([user, org?.orgId, userInOrg], [undefined, ACME, undefined]);
});

withPackages("mintApiKey() makes a generic key of metadata alone", async (use, local) => {
  const metadata = { purpose: "nightly build" };
  const key = await local.mintApiKey({ metadata });
  assert.deepEqual(await use.validateApiKey(key), { metadata });
  assert.deepEqual(await use.validateApiKey(await local.mintApiKey()), { metadata: {} });
});

withPackages("revoke() ends an API key alone", async (use, local) => {
  const [key, other] = [await local.mintApiKey(), await local.mintApiKey()];
  await local.revoke(key);
  await assert.rejects(use.validateApiKey(key), isRefused("Invalid API Key"));
  await use.validateApiKey(other);
  for (const unknown of ["", "unknown", "Bearer "]) {
    await assert.rejects(use.validateApiKey(unknown), isRefused("Invalid API Key"));
  }
});

withPackages(
  "limitApiKeys() limits one key, with the seconds to wait",
  async (use, local, errors) => {
    const [key, other] = [await local.mintApiKey(), await local.mintApiKey()];
    await local.limitApiKeys({ apiKey: key, waitSeconds: 60 });
    await assert.rejects(use.validateApiKey(key), (error) => {
      assert(error instanceof errors.ApiKeyValidateRateLimitedException);
      const { waitSeconds, userFacingError, errorCode } = error;
      assert(waitSeconds > 55 && waitSeconds <= 60, String(waitSeconds));
      assert.match(userFacingError, /Try again in/);
      assert.equal(errorCode, "rate_limit_exceeded");
      return true;
    });
    await use.validateApiKey(other);
    await local.limitApiKeys({ apiKey: key, waitSeconds: 0 });
    await use.validateApiKey(key);
  },
);

withPackages(
  "limitApiKeys() limits the whole backend API without a key",
  async (use, local, errors) => {
    const key = await local.mintApiKey();
    await local.limitApiKeys({ waitSeconds: 60 });
    await assert.rejects(
      use.validateApiKey(key),
      (error) => error instanceof errors.RateLimitedException,
    );
    await local.limitApiKeys({ waitSeconds: 0 });
    await use.validateApiKey(key);
  },
);

for (const { name, create } of PACKAGES) {
  test(`startLocalPropelAuth() answers 401 to a wrong backend key: ${name}`, () =>
    withLocal({ backendApiKey: "right" }, async (local) => {
      backend = local.authUrl;
      assert.equal(local.backendApiKey, "right");
      const key = await local.mintApiKey();
      const wrong = create(local.authUrl, "wrong");
      await assert.rejects(wrong.validateApiKey(key), /integrationApiKey is incorrect/);
      await create(local.authUrl, "right").validateApiKey(key);
    }));
}

test("startLocalPropelAuth() makes, lists, changes and deletes keys for @propelauth/node-apis", () =>
  withLocal({ users: USERS }, async (local) => {
    backend = local.authUrl;
    const apis = nodeApis.getApis(new URL(local.authUrl), local.backendApiKey);
    const userId = local.users[0]?.id ?? "";
    const expiresAtSeconds = Math.floor(Date.now() / 1000) + 1000;
    const personal = await apis.createApiKey({ userId, displayName: "laptop", expiresAtSeconds });
    const owned = await apis.createApiKey({ orgId: ACME, metadata: { a: 1 } });
    const generic = await apis.createApiKey({});
    await apis.validateApiKey(personal.apiKeyToken);
    assert.equal((await apis.validateApiKey(owned.apiKeyToken)).org?.orgId, ACME);
    const find = async (id: string) => (await local.listApiKeys()).find((key) => key.id === id);
    assert.equal((await find(personal.apiKeyId))?.kind, "personal");
    assert.equal((await find(owned.apiKeyId))?.kind, "organization");
    assert.equal((await find(generic.apiKeyId))?.kind, "generic");
    const ids = async (query: Parameters<typeof apis.fetchCurrentApiKeys>[0]) =>
      (await apis.fetchCurrentApiKeys(query)).apiKeys.map(({ apiKeyId }) => apiKeyId);
    assert.deepEqual(await ids({ userId }), [personal.apiKeyId]);
    assert.deepEqual(await ids({ userEmail: OWNER }), [personal.apiKeyId]);
    assert.deepEqual(await ids({ userEmail: "nobody@acme.example" }), []);
    assert.deepEqual(await ids({ orgId: ACME }), [owned.apiKeyId]);
    const page = await apis.fetchCurrentApiKeys({ pageSize: 2, pageNumber: 1 });
    assert.deepEqual(
      [
        page.apiKeys.length,
        page.totalApiKeys,
        page.currentPage,
        page.pageSize,
        page.hasMoreResults,
      ],
      [1, 3, 1, 2, false],
    );
    const full = await apis.fetchApiKey(personal.apiKeyId);
    assert.deepEqual(
      [full.userId, full.displayName, full.expiresAtSeconds],
      [userId, "laptop", expiresAtSeconds],
    );

    await apis.updateApiKey(personal.apiKeyId, { setToNeverExpire: true });
    assert.equal((await apis.fetchApiKey(personal.apiKeyId)).expiresAtSeconds, null);
    await apis.updateApiKey(personal.apiKeyId, { expiresAtSeconds });
    assert.equal((await find(personal.apiKeyId))?.expiresAt, expiresAtSeconds);
    await assert.rejects(
      apis.updateApiKey(personal.apiKeyId, { expiresAtSeconds: 1 }),
      isRefused("Must be in the future"),
    );
    await apis.validateApiKey(personal.apiKeyToken);

    assert.equal(await apis.deleteApiKey(personal.apiKeyId), true);
    assert.equal(await apis.deleteApiKey(personal.apiKeyId), false);
    await assert.rejects(
      apis.validateApiKey(personal.apiKeyToken),
      isRefused("Invalid API Key"),
    );
    await assert.rejects(apis.createApiKey({ userId: "unknown" }), isRefused("user_id must be"));
    await assert.rejects(
      apis.createApiKey({ expiresAtSeconds: 1 }),
      isRefused("Must be in the future"),
    );
  }));

test("startLocalPropelAuth() keeps API keys and the backend key in the stateFile, but no key's text", () =>
  inFolder(async (folder) => {
    const stateFile = join(folder, "state.json");
    let [key, revoked, backendApiKey] = ["", "", ""];
    await withLocal({ stateFile, users: USERS }, async (local) => {
      backendApiKey = local.backendApiKey;
      key = await local.mintApiKey({ subject: OWNER, displayName: "laptop" });
      revoked = await local.mintApiKey({ subject: OWNER });
      await local.revoke(revoked);
    });
    assert.doesNotMatch(readFileSync(stateFile, "utf8"), new RegExp(`${key}|${revoked}`));
    await withLocal({ stateFile, users: USERS }, async (local) => {
      assert.equal(local.backendApiKey, backendApiKey);
      assert.equal((await validate(local, key)).status, 200);
      assert.equal((await validate(local, revoked)).status, 400);
      assert.deepEqual((await local.listApiKeys()).map((one) => one.displayName), ["laptop"]);
    });
    // A user who is gone takes the personal keys along.
    await withLocal({ stateFile, users: [{ email: MEMBER }] }, async (local) => {
      assert.equal((await validate(local, key)).status, 400);
    });
  }));

const BAD_BODIES: [status: number, method: string, path: string, body?: string][] = [
  [400, "POST", "/validate", "no json"],
  [400, "POST", "/validate", "[]"],
  [400, "POST", "/validate", "{}"],
  [400, "POST", "/validate", '{"api_key_token":5}'],
  [400, "POST", "/validate", '{"api_key_token":{"toString":null}}'],
  [400, "POST", "", '{"user_id":{"toString":null}}'],
  [400, "POST", "", '{"metadata":"text"}'],
  [400, "POST", "", '{"expires_at_seconds":"soon"}'],
  [404, "GET", "/validate"],
  [404, "POST", "/unknown", "{}"],
  [404, "PATCH", `/${"0".repeat(32)}`, "{}"],
  [413, "POST", "/validate", JSON.stringify({ api_key_token: "x".repeat(70_000) })],
];

for (const [status, method, path, body] of BAD_BODIES) {
  test(`startLocalPropelAuth() answers ${status} to ${method} ${path} ${body?.slice(0, 30)}`, () =>
    withLocal({}, async ({ authUrl, backendApiKey }) => {
      const headers = { Authorization: `Bearer ${backendApiKey}` };
      const options = { method, headers, ...(body !== undefined && { body }) };
      const response = await fetch(authUrl + PATH + path, options);
      assert.equal(response.status, status, await response.text());
    }));
}

test("startLocalPropelAuth() calls no API key an active token", () =>
  withLocal({}, async (local) => {
    assert.deepEqual(await introspect(local, await local.mintApiKey()), { active: false });
  }));

const BAD_MINTS: [options: Record<string, unknown>, error: RegExp][] = [
  [{ subject: "nobody@acme.example" }, /^Cannot mint an API key: subject must be .*owner@acme/],
  [{ orgId: "unknown" }, /orgId must be .*organization/],
  [{ subject: MEMBER, orgId: ACME }, /orgId must be .*there is none: received/],
  [{ metadata: [] }, /metadata must be an object: received an array of 0/],
  [{ displayName: "" }, /displayName must be/],
  [{ expiresInSeconds: 0 }, /expiresInSeconds must be a whole number from 1/],
  [{ scopes: [] }, /scopes must be one of/],
];

for (const [options, error] of BAD_MINTS) {
  test(`mintApiKey() throws when it is given ${JSON.stringify(options)}`, () =>
    withLocal({ users: USERS }, async (local) => {
      await assert.rejects(local.mintApiKey(options as MintApiKeyOptions), { message: error });
    }));
}

for (const limit of [{ apiKey: "" }, { waitSeconds: -1 }, { waitSeconds: 1, key: "x" }]) {
  test(`limitApiKeys() throws when it is given ${JSON.stringify(limit)}`, () =>
    withLocal({}, async (local) => {
      const given = { waitSeconds: 1, ...limit };
      await assert.rejects(local.limitApiKeys(given), /^\w*Error: Cannot limit API keys: /);
    }));
}

/** Asks whether a key is valid, without PropelAuth's packages. */
async function validate(local: LocalPropelAuth, key: string) {
  const response = await fetch(`${local.authUrl}${PATH}/validate`, {
    method: "POST",
    headers: { Authorization: `Bearer ${local.backendApiKey}` },
    body: JSON.stringify({ api_key_token: key }),
  });
  return { status: response.status, body: await response.json() };
}

/** The packages throw an error whose message is the body of the 400. */
function isRefused(sentence: string): (error: nodeApis.ApiKeyValidateException) => boolean {
  return ({ fieldToErrors }) =>
    Object.values(fieldToErrors).flat().some((one) => one.includes(sentence));
}
