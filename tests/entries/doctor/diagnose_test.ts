/** The whole diagnosis: its order, its bounds, its options and what it keeps secret. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { diagnose } from "@x/propelauth-mcp/doctor";
import { composeDiagnosis } from "../../../src/entries/doctor/diagnose.ts";
import { CHECKS } from "../../../src/entries/doctor/report.ts";
import { createFakeWorld, json } from "../../support/harness.ts";
import { root } from "../../support/root.ts";
import { examine, faultsOf } from "./diagnose/rows.ts";
import { withSetup } from "./setup.ts";

test("diagnose() finds nothing wrong with a set-up that is fine", async () => {
  for (const local of [{}, { issuerForm: "path" as const }]) {
    const checks = await examine({ local });
    assert.deepEqual(checks.filter(({ status }) => status !== "ok"), []);
    assert.deepEqual(checks.filter(({ remedy }) => remedy !== undefined), []);
  }
});

test("diagnose() names in green lines the facts that it cannot check", async () => {
  await withSetup({}, async ({ env, serverUrl }) => {
    const { checks } = await diagnose({ env });
    const seen = (id: string) => checks.find((check) => check.id === id)?.seen ?? "";
    assert.equal(
      seen("registration"),
      "enabled: Claude, Cursor and ChatGPT register themselves, if MCP > Allowed MCP Clients has " +
        "their redirect addresses",
    );
    assert.equal(
      seen("server_reachable").replace(/\d+ ms/, "1 ms"),
      `${serverUrl} (loopback, 1 ms): only clients on this machine reach it, none in a cloud`,
    );
    assert.match(seen("reachable"), /^http:\/\/127\.0\.0\.1:\d+ \(loopback, \d+ ms\)$/);

    const elsewhere = await diagnose({
      env,
      serverUrl: "https://mcp.example.com/mcp",
      fetch: (url, init) =>
        fetch(url.replace("https://mcp.example.com", new URL(serverUrl).origin), init),
    });
    assert.match(
      elsewhere.checks.find(({ id }) => id === "server_reachable")?.seen ?? "",
      /^https:\/\/mcp\.example\.com\/mcp \(TLS, \d+ ms\)$/,
    );
  });
});

test("diagnose() knows the options that code gives, and the place of a server without a path", async () => {
  const setup = (origin: string) => ({ mcpPath: "/", resource: origin });
  await withSetup({ options: setup }, async ({ env, origin, token }) => {
    const overrides = { ...setup(origin), baseUrl: origin, requiredScopes: ["read:reports"] };
    const report = await diagnose({ env: { ...env, SERVER_URL: "" }, overrides, token });
    assert.deepEqual(faultsOf(report.checks), []);
    assert.equal(report.serverUrl, `${origin}/`);
    const seen = Object.fromEntries(report.checks.map(({ id, seen }) => [id, seen]));
    assert.equal(seen["required_scopes"], "read:reports");
    assert.equal(seen["scopes"], "all configured there: read:reports");
    assert.equal(seen["root_metadata"], "the same address");
  });
});

test("diagnose() cancels every body that it does not read", async () => {
  let open = 0;
  const world = createFakeWorld((url) => {
    if (url.includes("well-known")) return Promise.resolve(json({}));
    open++;
    const body = new ReadableStream({ cancel: () => void open-- });
    const headers = {
      "WWW-Authenticate":
        'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource", error="invalid_token"',
    };
    return Promise.resolve(new Response(body, { status: 401, headers }));
  });
  const env = { SERVER_URL: "https://mcp.example.com" };
  const { checks } = await composeDiagnosis({ env, token: "token-1" }, {}, world);
  assert.equal(checks.at(-1)?.seen, "401: refused");
  assert.equal(open, 0);
});

test("diagnose() ends every request that is not answered in time", async () => {
  const asked: string[] = [];
  const world = createFakeWorld((url) => {
    asked.push(url);
    queueMicrotask(() => world.advance(10));
    return new Promise(() => {});
  });
  const env = {
    PROPELAUTH_AUTH_URL: "https://auth.example.com",
    PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret-1",
    SERVER_URL: "https://mcp.example.com",
  };
  const { ok, checks } = await composeDiagnosis({ env }, {}, world);
  assert.equal(ok, false);
  assert.deepEqual(faultsOf(checks).map(({ seen }) => seen), [
    "no answer from auth.example.com within 10 s",
    "no answer from mcp.example.com within 10 s",
  ]);
  assert.equal(asked.length, 2);
  assert.equal(world.timers, 0);
});

test("diagnose() shows nothing that is secret, and nothing that could move a cursor", async () => {
  const token = "token-that-nobody-may-see";
  const secret = 'secret/that"nobody+may see';
  const world = createFakeWorld((url, init) => {
    const authorization = new Headers(init.headers).get("Authorization")?.slice(6);
    const sent = JSON.stringify([url, init.headers, init.body]);
    const hostile = `${token} ${secret} \x1b[2J\r\n\u202e ${sent} ${"x".repeat(5_000)}`;
    const headers = new Headers({
      "WWW-Authenticate": `Bearer resource_metadata="${token}${secret.replaceAll('"', "")}"`,
      "Location": encodeURIComponent(hostile),
      "Access-Control-Allow-Origin": token + encodeURIComponent(secret),
    });
    const body = {
      issuer: `https://${token}.example/`,
      authorization_endpoint: "https://a.example",
      token_endpoint: "https://a.example",
      code_challenge_methods_supported: [hostile, { hostile }],
      scopes_supported: [hostile],
      resource: hostile,
      authorization_servers: [hostile],
      active: !String(init.body).includes("token=doctor-"),
      aud: [authorization, hostile],
      scope: hostile,
      token_type: "Bearer",
    };
    const status = url.includes(".well-known") || url.includes("introspect") ? 200 : 401;
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
  });
  const env = {
    PROPELAUTH_AUTH_URL: "https://auth.example.com",
    PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: secret,
    SERVER_URL: "https://mcp.example.com/\u202e",
  };
  const { checks } = await composeDiagnosis({ env, token }, {}, world);
  assert(faultsOf(checks).length > 8);
  assert.match(
    checks.find(({ id }) => id === "token")?.seen ?? "",
    /^active without end, for \*\*\*/,
  );
  const basic = btoa(`id:${secret}`).slice(0, 20);
  for (const { seen, remedy = "" } of checks) {
    for (const text of [seen, remedy]) {
      assert.match(text, /^[\x20-\x7e]{0,1000}$/);
      for (const hidden of [token, secret, encodeURIComponent(secret), basic]) {
        assert(!text.includes(hidden), text);
      }
    }
  }
});

const REFUSED: Record<string, [options: Record<string, unknown>, rule: RegExp]> = {
  "an unknown option": [{ url: "https://h/mcp" }, /: url must be one of serverUrl, /],
  "a server URL in clear": [
    { serverUrl: "http://h/mcp" },
    /: serverUrl must be (the URL of|an https URL)/,
  ],
  "a server URL with a query": [{ serverUrl: "https://h/mcp?a=b" }, /: serverUrl must be/],
  "a server URL with secrets": [
    { serverUrl: "https://me:a@b@h/mcp?token=hidden#hidden" },
    /received "https:\/\/\*\*\*@h\/mcp\?\*\*\*"$/,
  ],
  "a server URL with a fragment": [
    { serverUrl: "http://me:hidden@h/mcp#token=hidden" },
    /received "http:\/\/\*\*\*@h\/mcp#\*\*\*"$/,
  ],
  "a password that breaks the URL": [
    { serverUrl: "https://me:hid/den?@h/mcp" },
    /received a text of 25 characters$/,
  ],
  "a token in the wrong place": [{ serverUrl: "sk_hidden" }, /received a text of 9 characters$/],
  "a token with white space": [
    { token: "a b" },
    /: token must be one access token .+ another text$/,
  ],
  "an origin with a path": [{ origin: "https://h/" }, /: origin must be an origin/],
  "no deadline": [{ timeoutSeconds: Infinity }, /: timeoutSeconds must be a number > 0/],
};

for (const [what, [options, rule]] of Object.entries(REFUSED)) {
  test(`diagnose() refuses ${what}`, async () => {
    await assert.rejects(diagnose({ env: {}, ...options }), rule);
  });
}

test("diagnose() calls onStart and onCheck as each check is made", async () => {
  await withSetup({}, async ({ env, token }) => {
    const calls: string[] = [];
    const { checks } = await diagnose({
      env,
      token,
      onStart: (title) => calls.push(`… ${title}`),
      onCheck: ({ title }) => calls.push(title),
    });
    assert.deepEqual(
      calls.filter((line) => !line.startsWith("…")),
      checks.map(({ title }) => title),
    );
    assert.deepEqual(calls.slice(5, 8), ["… Reachable", "Reachable", "Metadata"]);
  });
});

test("docs/doctor.md explains every check", () => {
  const guide = readFileSync(new URL("docs/doctor.md", root), "utf8");
  for (const [id, [, title]] of Object.entries(CHECKS)) {
    assert(guide.includes(`\n### ${title} (\`${id}\`)\n`), id);
  }
});

test("diagnose() asks PropelAuth by the fetch of the overrides, and the server without it", async () => {
  await withSetup({}, async ({ env, serverUrl }) => {
    const asked: string[] = [];
    const overrides = {
      tokenIntrospectionOverrides: {
        fetch: (url: string, init?: RequestInit) => {
          asked.push(url);
          return fetch(url.replace("https://auth.invalid", env["PROPELAUTH_AUTH_URL"] ?? ""), init);
        },
      },
    };
    const { checks } = await diagnose({
      env: { ...env, PROPELAUTH_AUTH_URL: "https://auth.invalid" },
      overrides,
    });
    const status = (id: string) => checks.find((check) => check.id === id)?.status;
    assert.deepEqual(["reachable", "credentials", "server_reachable"].map(status), [
      "ok",
      "ok",
      "ok",
    ]);
    assert.deepEqual(asked.filter((url) => url.startsWith(new URL(serverUrl).origin)), []);
  });
});

test("diagnose() rejects with the error of an asynchronous listener", async () => {
  const onCheck = () => Promise.reject(new Error("mine"));
  await assert.rejects(diagnose({ env: {}, onCheck }), { message: "mine" });
});

test("diagnose() refuses a fetch and listeners that are no functions", async () => {
  for (const name of ["fetch", "onStart", "onCheck"]) {
    await assert.rejects(diagnose({ env: {}, [name]: 5 }), {
      message: `Cannot diagnose: ${name} must be a function: received 5`,
    });
  }
});
