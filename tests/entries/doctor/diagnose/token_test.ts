/** A user's token: at PropelAuth, and at the running server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apiKeys } from "@x/propelauth-mcp/api-keys";
import { diagnose, type DiagnoseOptions } from "@x/propelauth-mcp/doctor";
import { composeDiagnosis } from "../../../../src/entries/doctor/diagnose.ts";
import type { OperationRules } from "@x/propelauth-mcp";
import { json } from "../../../support/harness.ts";
import {
  broken,
  checksOf,
  examine,
  faultsOf,
  status,
  testRows,
  variable,
  withToken,
} from "./rows.ts";
import { type Running, type Spoil, withSetup } from "../setup.ts";

testRows(checksOf("token"), {
  token: {
    "it lacks a scope that these settings require": {
      options: variable("PROPELAUTH_REQUIRED_SCOPES", "read:user_data, admin:org"),
      seen:
        /^active for 89 min, for http:.+\/mcp, scopes read:user_data read:reports write:reports$/,
      remedy: /^It lacks admin:org\. /,
    },
  },
  token_accepted: {
    "the server refuses it": {
      setup: {
        server: withToken(status(401, {
          "WWW-Authenticate": 'Bearer resource_metadata="https://h/m", error="invalid_token"',
        })),
      },
      seen: /^401: refused$/,
      remedy: /another Auth URL/,
    },
    "the server wants more": {
      setup: {
        server: withToken(status(403, {
          "WWW-Authenticate":
            'Bearer resource_metadata="https://h/m", scope="a b", error="insufficient_scope"',
        })),
      },
      seen: /^403: it lacks one of "a b"$/,
      remedy: /consent page/,
    },
    "a proxy drops it": {
      setup: {
        server: withToken(status(401, {
          "WWW-Authenticate": 'Bearer resource_metadata="https://h/m"',
        })),
      },
      seen: /^401: the token did not arrive: the server saw none$/,
      remedy: /drops Authorization/,
    },
    "a proxy judges it": {
      setup: { server: withToken(status(401)) },
      seen: /^401 without a challenge$/,
      remedy: /judges tokens itself/,
    },
    "a proxy refuses the caller": {
      setup: { server: withToken(status(403)) },
      seen: /^403: refused$/,
      remedy: /a proxy refuses the caller; neither looks at the token/,
    },
    "the server refuses the user's organization": {
      setup: { server: withToken(() => json({ error: "access_denied" }, { status: 403 })) },
      seen: /^403: the user's organization or role is refused$/,
      remedy: /choose another organization/,
    },
    "the server cannot read it": {
      setup: {
        server: withToken(status(400, {
          "WWW-Authenticate": 'Bearer resource_metadata="https://h/m", error="invalid_request"',
        })),
      },
      seen: /^400: malformed credentials$/,
      remedy: /without Bearer/,
    },
    "the server cannot ask PropelAuth": {
      setup: { server: withToken(status(503)) },
      seen: /^503: the server could not verify it$/,
      remedy: /introspection credentials/,
    },
    "nothing is behind the gate": {
      setup: { server: withToken(status(404)) },
      seen: /^404: no MCP endpoint answers$/,
      remedy: /URL that clients use/,
    },
    "nothing comes back": {
      setup: { server: withToken(broken) },
      seen: /^no answer from /,
      remedy: /log/,
    },
  },
  operations: {
    "a rule is mistyped": {
      options: () => ({ overrides: { operations: { tools: { whoamii: [], purge: [] } } } }),
      status: "warning",
      seen: /^nothing is listed for the rule of tools whoamii$/,
      remedy: /^It protects nothing: correct its name; the nearest is whoami\.$/,
    },
    "several rules are mistyped, and nothing is near": {
      options: () => ({
        overrides: { operations: { prompts: { a: [] }, resources: { "x://{id}": [] } } },
      }),
      status: "warning",
      seen: /^nothing is listed for the rule of prompts a \(and of 1 more\)$/,
      remedy: /^It protects nothing: correct its name\.$/,
    },
  },
});

// PropelAuth and the server agree about these.
const TOKENS: Record<
  string,
  [options: (running: Running) => Promise<DiagnoseOptions>, seen: RegExp]
> = {
  "was never issued": [
    () => Promise.resolve({ token: "nobody-issued-this" }),
    /^inactive: expired, revoked, or of another environment$/,
  ],
  "was revoked": [
    async ({ local, token }) => {
      await local.revoke(token);
      return { token };
    },
    /^inactive/,
  ],
  "is for another server": [
    async ({ local }) => ({
      token: await local.mintToken({
        subject: "member@acme.example",
        resource: "https://other.example/mcp",
        scopes: [],
      }),
    }),
    /^active for 89 min, for https:\/\/other\.example\/mcp, scopes none$/,
  ],
};

for (const [what, [options, seen]] of Object.entries(TOKENS)) {
  test(`diagnose() fails token and token_accepted when the token ${what}`, async () => {
    await withSetup({}, async (running) => {
      const { env } = running;
      const { checks } = await diagnose({ env, ...await options(running) });
      const found = faultsOf(checks);
      assert.deepEqual(found.map(({ id }) => id), ["token", "token_accepted"]);
      assert.match(found[0]?.seen ?? "", seen);
      assert.equal(found[1]?.seen, "401: refused");
    });
  });
}

test("diagnose() blames the clock when PropelAuth calls a token active that has expired here", async () => {
  await withSetup({}, async ({ env, token }) => {
    const now = () => Date.now() / 1000 + 3 * 60 * 60;
    const { checks } = await composeDiagnosis({ env, token }, {}, {
      fetch,
      now,
      startTimer: () => () => {},
    });
    const found = faultsOf(checks);
    assert.deepEqual(found.map(({ id }) => id), ["clock", "token"]);
    assert.match(found[1]?.seen ?? "", /^active, but past its exp, /);
    assert.match(found[1]?.remedy ?? "", /compare this machine's clock with PropelAuth's/);
  });
});

const RULES: OperationRules = {
  tools: { whoami: ["read:user_data"], purge: ["admin:org"], purgee: ["admin:org"] },
};

test("diagnose() counts the rules whose operations the server hides from the token", async () => {
  const options = () => ({ operations: { tools: { purge: ["admin:org"] } } });
  const checks = await examine({ options }, () => ({ overrides: { operations: RULES } }));
  assert.deepEqual(faultsOf(checks), []);
  assert.equal(
    checks.at(-1)?.seen,
    "1 of 3 rules match what is listed; 2 cannot be judged, since lists hide them from this token",
  );
});

test("diagnose() compares no rules without a token, and where the server does not take it", async () => {
  await withSetup({}, async ({ env }) => {
    const overrides = { operations: RULES };
    const without = await diagnose({ env, overrides });
    assert.deepEqual(without.checks.at(-1)?.seen, "no token is given");
    const refused = await diagnose({ env, overrides, token: "nobody-issued-this" });
    assert.deepEqual(refused.checks.at(-1)?.seen, "the token is not accepted");
  });
});

test("diagnose() skips operations when a list cannot be read", async () => {
  const server: Spoil = withToken(async (request, pass) =>
    (await request.clone().text()).includes("prompts/list") ? json({ id: 4, error: {} }) : pass()
  );
  const checks = await examine({ server }, () => ({ overrides: { operations: RULES } }));
  assert.equal(checks.at(-1)?.status, "skipped");
  assert.match(checks.at(-1)?.seen ?? "", /^prompts\/list could not be read: /);
});

test("diagnose() skips the checks of a token when there is none", async () => {
  await withSetup({}, async ({ env }) => {
    const { ok, checks } = await diagnose({ env });
    const skipped = checks.filter(({ status }) => status !== "ok");
    assert.deepEqual(skipped.map(({ id }) => id), ["token", "token_accepted"]);
    assert.equal(ok, true);
  });
});

test("diagnose() ends the session that its call opened", async () => {
  const ended: (string | null)[] = [];
  const server: Spoil = withToken(async (request, pass) => {
    if (request.method === "DELETE") ended.push(request.headers.get("Mcp-Session-Id"));
    const answer = await pass();
    return new Response(answer.body, { headers: { "Mcp-Session-Id": "session-1" } });
  });
  assert.deepEqual(faultsOf(await examine({ server })), []);
  assert.deepEqual(ended, ["session-1"]);
});

test("diagnose() tries an API key as it tries a token", async () => {
  const backendApiKey = "doctor-backend-key";
  const keys = apiKeys({ backendApiKey, scopes: ["read:reports"] });
  const setup = { options: () => ({ apiKeys: keys }), local: { backendApiKey } };
  await withSetup(setup, async ({ env, local }) => {
    const seenOf = async (options: DiagnoseOptions) => {
      const { checks } = await diagnose({ env, ...options });
      return checks.filter(({ group }) => group === "token").map(({ status, seen, remedy }) =>
        [status, seen, remedy ?? ""].join(" | ")
      );
    };
    const subject = "member@acme.example";
    const key = await local.mintApiKey({ subject });
    const [atPropelAuth, atServer] = await seenOf({ token: key });
    assert.match(
      atPropelAuth ?? "",
      /^ok \| a valid API key of user .+, its scopes are your code's/,
    );
    assert.match(atServer ?? "", /^ok \| accepted/);
    const overrides = { apiKeys: keys, requiredScopes: ["write:reports"] };
    const [lacks] = await seenOf({ token: key, overrides });
    assert.match(
      lacks ?? "",
      /^failed \| a valid API key of user .+, scopes read:reports \| It lacks write:reports\. Let apiKeys\.scopes/,
    );
    await local.revoke(key);
    const [revoked, refused] = await seenOf({ token: key });
    assert.match(revoked ?? "", /^failed \| inactive: expired, revoked, or of another environment/);
    assert.match(refused ?? "", /^failed \| 401: refused/);
  });
});

test("diagnose() names the reason why a valid API key is refused", async () => {
  const body = { error: "insufficient_scope", scope: "write:reports" };
  const server = withToken(() => json(body, { status: 403 }));
  await withSetup({ server }, async ({ env, local }) => {
    const key = await local.mintApiKey({ metadata: { purpose: "ci" } });
    const { checks } = await diagnose({ env, token: key });
    assert.deepEqual(faultsOf(checks).map(({ seen }) => seen), [
      "403: the API key lacks one of write:reports",
    ]);
    assert.equal(
      checks.find(({ id }) => id === "token")?.seen,
      "a valid API key of nobody, its scopes are your code's",
    );
    const kinds = apiKeys({ backendApiKey: local.backendApiKey, kinds: ["personal"] });
    const refused = await diagnose({ env, token: key, overrides: { apiKeys: kinds } });
    assert.equal(faultsOf(refused.checks)[0]?.seen, "an API key of a kind that is not let in");
  });
});
