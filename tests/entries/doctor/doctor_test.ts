import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { test } from "node:test";
import { type Check, diagnose, type DiagnoseOptions } from "@x/propelauth-mcp/doctor";
import { composeDiagnosis } from "../../../src/entries/doctor/diagnose.ts";
import { CHECKS } from "../../../src/entries/doctor/report.ts";
import { listen, type Running, type Setup, type Spoil, withSetup } from "./setup.ts";
import { createFakeWorld, json } from "../../support/harness.ts";
import { root } from "../../support/root.ts";

/** A whole diagnosis of a set-up, with a token. */
async function examine(
  setup: Setup,
  change: (running: Running) => DiagnoseOptions = () => ({}),
): Promise<readonly Check[]> {
  return await withSetup(setup, async (running) => {
    const { env, token } = running;
    const { checks } = await diagnose({ env, token, ...change(running) });
    assert.deepEqual(checks.map(({ id }) => id), Object.keys(CHECKS));
    return checks;
  });
}

/** The checks that are neither green nor skipped. */
const faults = (checks: readonly Check[]) =>
  checks.filter(({ status }) => status === "failed" || status === "warning");

test("diagnose() finds nothing wrong with a set-up that is fine", async () => {
  for (const local of [{}, { issuerForm: "path" as const }]) {
    const checks = await examine({ local });
    assert.deepEqual(checks.filter(({ status }) => status !== "ok"), []);
    assert.deepEqual(checks.filter(({ remedy }) => remedy !== undefined), []);
  }
});

test("diagnose() says what it cannot see where it finds nothing wrong", async () => {
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

const METADATA = "/.well-known/oauth-authorization-server/oauth/2.1";
const INSERTED = "/.well-known/oauth-protected-resource/mcp";
const ROOT = "/.well-known/oauth-protected-resource";

type Field = [method: string, path: string];

/** Spoils one request that comes without Origin and without a token. */
const at = ([method, path]: Field, spoil: Spoil): Spoil => (request, pass) => {
  const { headers } = request;
  const meant = request.method === method && new URL(request.url).pathname === path &&
    !headers.has("Origin") && !headers.get("Authorization")?.startsWith("Bearer ");
  return meant ? spoil(request, pass) : pass();
};

/** Spoils one request of a page. */
const fromPage = ([method, path]: Field, spoil: Spoil): Spoil => (request, pass) => {
  const meant = request.method === method && new URL(request.url).pathname === path &&
    request.headers.has("Origin");
  return meant ? spoil(request, pass) : pass();
};

const withToken = (spoil: Spoil): Spoil => (request, pass) =>
  request.headers.get("Authorization")?.startsWith("Bearer ") ? spoil(request, pass) : pass();

/** The doctor's random token, not those of the running server. */
const aboutRandomToken = (spoil: Spoil): Spoil => async (request, pass) => {
  const body = request.method === "POST" ? await request.clone().text() : "";
  return /token=doctor-/.test(body) ? await spoil(request, pass) : await pass();
};

const status = (code: number, headers: Record<string, string> = {}): Spoil => () =>
  new Response(code === 204 ? null : "", { status: code, headers });

const broken: Spoil = () => undefined;

const members = (change: Record<string, unknown>): Spoil => async (_request, pass) => {
  const document: unknown = { ...await (await pass()).json(), ...change };
  return json(document, { headers: { "Access-Control-Allow-Origin": "*" } });
};

/** Spoils the metadata wherever it is. */
const documents = (change: Record<string, unknown>): Spoil => (request, pass) =>
  request.url.includes(ROOT) && request.method === "GET" ? members(change)(request, pass) : pass();

const header = (name: string, value: string | undefined): Spoil => async (_request, pass) => {
  const answer = await pass();
  const response = new Response(answer.body, answer);
  if (value === undefined) response.headers.delete(name);
  else response.headers.set(name, value);
  return response;
};

const aheadBy = (seconds: number): Spoil => (request, pass) =>
  header("Date", new Date(Date.now() + seconds * 1000).toUTCString())(request, pass);

const variable = (name: string, value: string) => ({ env }: Running): DiagnoseOptions => ({
  env: { ...env, [name]: value },
});

const challenge = (value: string): Setup => ({
  server: at(["POST", "/mcp"], header("WWW-Authenticate", value)),
});

interface Row {
  readonly setup?: Setup;
  readonly told?: (running: Running) => DiagnoseOptions;
  readonly status?: "warning";
  readonly seen: RegExp;
  readonly remedy: RegExp;
}

const ROWS: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  auth_url: {
    "it is missing": {
      told: variable("PROPELAUTH_AUTH_URL", " "),
      seen: /^PROPELAUTH_AUTH_URL is missing or blank$/,
      remedy: /Backend Integration > Auth URL/,
    },
    "it has the path of the endpoints": {
      told: variable("PROPELAUTH_AUTH_URL", "https://auth.example.com/oauth/2.1"),
      seen: /^PROPELAUTH_AUTH_URL is "https:\/\/auth\.example\.com\/oauth\/2\.1"$/,
      remedy: /must be PropelAuth's Auth URL without \/oauth\/2\.1/,
    },
    "it is in clear": {
      told: variable("PROPELAUTH_AUTH_URL", "http://auth.example.com"),
      seen: /^PROPELAUTH_AUTH_URL is "http:\/\/auth\.example\.com"$/,
      remedy: /must be an https URL/,
    },
    "it is a secret in the wrong place": {
      told: variable("PROPELAUTH_AUTH_URL", "sk_wrong_place"),
      seen: /^PROPELAUTH_AUTH_URL is a text of 14 characters$/,
      remedy: /must be a URL that begins with https:/,
    },
    "it has a password": {
      told: variable("PROPELAUTH_AUTH_URL", "https://me:hidden@auth.example.com"),
      seen: /^PROPELAUTH_AUTH_URL is "https:\/\/\*\*\*@auth\.example\.com"$/,
      remedy: /must be a URL without a user name or a password/,
    },
    "it has a secret in its query": {
      told: variable("PROPELAUTH_AUTH_URL", "https://auth.example.com/?key=hidden#hidden"),
      seen: /^PROPELAUTH_AUTH_URL is "https:\/\/auth\.example\.com\/\?\*\*\*"$/,
      remedy: /must be a URL without a fragment/,
    },
    "it is in quotes": {
      told: variable("PROPELAUTH_AUTH_URL", '"https://auth.example.com"'),
      seen: /^PROPELAUTH_AUTH_URL is in quotes$/,
      remedy: /docker/,
    },
  },
  client_id: {
    "it is missing": {
      told: variable("PROPELAUTH_INTROSPECTION_CLIENT_ID", ""),
      seen: /CLIENT_ID is missing or blank$/,
      remedy: /MCP > Request Validation/,
    },
    "it has a colon": {
      told: variable("PROPELAUTH_INTROSPECTION_CLIENT_ID", "id:secret"),
      seen: /CLIENT_ID is a text of 9 characters$/,
      remedy: /without a colon/,
    },
  },
  client_secret: {
    "it is missing": {
      told: variable("PROPELAUTH_INTROSPECTION_CLIENT_SECRET", ""),
      seen: /CLIENT_SECRET is missing or blank$/,
      remedy: /MCP > Request Validation/,
    },
  },
  server_url: {
    "it is missing": {
      told: ({ env, serverUrl }) => ({ env: { ...env, SERVER_URL: "" }, serverUrl }),
      seen: /^SERVER_URL is missing or blank$/,
      remedy: /such as https:\/\/mcp\.example\.com/,
    },
    "it has a query": {
      told: variable("SERVER_URL", "https://mcp.example.com/?a=b"),
      seen: /^SERVER_URL is "https:/,
      remedy: /must be a URL without a query/,
    },
  },
  required_scopes: {
    "one of them is none": {
      told: variable("PROPELAUTH_REQUIRED_SCOPES", 'read "write"'),
      seen: /^PROPELAUTH_REQUIRED_SCOPES is malformed$/,
      remedy: /printable ASCII/,
    },
  },
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
      seen: /^http:\/\/127\.0\.0\.1:\d+, but this server publishes .+\/oauth\/2\.1$/,
      remedy: /PropelAuth's support/,
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
      remedy: /Set the option issuer to "http:\/\/127\.0\.0\.1:\d+"/,
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
      told: variable("PROPELAUTH_INTROSPECTION_CLIENT_SECRET", "another-secret"),
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
      seen: /^the answer is no introspection response$/,
      remedy: /Something else answers/,
    },
    "the answer redirects": {
      setup: { propelAuth: aboutRandomToken(status(302, { "Location": "/" })) },
      seen: /^302, not 200$/,
      remedy: /Something else answers/,
    },
    "nothing comes back": {
      setup: { propelAuth: aboutRandomToken(broken) },
      seen: /^no answer from /,
      remedy: /Compare PROPELAUTH_AUTH_URL/,
    },
  },
  scopes: {
    "an operation needs one that is not configured": {
      told: () => ({ overrides: { operations: { tools: { erase: ["erase:all"] } } } }),
      seen: /^not configured there: erase:all$/,
      remedy: /MCP > Scopes/,
    },
    "one is not configured": {
      told: () => ({ overrides: { scopesSupported: ["read:user_data", "read:nothing"] } }),
      seen: /^not configured there: read:nothing$/,
      remedy: /MCP > Scopes/,
    },
  },
  server_reachable: {
    "nothing comes back": {
      setup: { server: at(["GET", "/mcp"], broken) },
      seen: /^no answer from /,
      remedy: /Start the server/,
    },
  },
  challenge_get: {
    "the method is not let through": {
      setup: { server: at(["GET", "/mcp"], status(405)) },
      seen: /^405: /,
      remedy: /every method/,
    },
    "there is no challenge": {
      setup: { server: at(["GET", "/mcp"], status(401)) },
      seen: /^401 without WWW-Authenticate$/,
      remedy: /drop the header/,
    },
  },
  challenge_post: {
    "the endpoint is not protected": {
      setup: { server: at(["POST", "/mcp"], () => json({})) },
      seen: /^200 without a token/,
      remedy: /auth\.handler/,
    },
    "it redirects": {
      setup: { server: at(["POST", "/mcp"], status(307, { "Location": "/mcp/" })) },
      seen: /^307: redirects to \/mcp\/$/,
      remedy: /lose their token/,
    },
    "the host is refused": {
      setup: { server: at(["POST", "/mcp"], status(403)) },
      seen: /^403: /,
      remedy: /set it to http:\/\/127\.0\.0\.1:\d+\./,
    },
    "the path is another": {
      setup: { server: at(["POST", "/mcp"], status(404)) },
      seen: /^404: no MCP endpoint at \/mcp$/,
      remedy: /URL that clients use/,
    },
    "the proxy finds no server": {
      setup: { server: at(["POST", "/mcp"], status(502)) },
      seen: /^502 without a token, not 401$/,
      remedy: /look at its log/,
    },
    "something eats the request": {
      setup: { server: at(["POST", "/mcp"], status(400)) },
      seen: /^400 without a token, not 401$/,
      remedy: /Something between/,
    },
    "a proxy asks for a password": {
      setup: challenge('Basic realm="staging", Bearer resource_metadata="https://h/m"'),
      seen: /^401, but basic comes before Bearer$/,
      remedy: /ask for a password/,
    },
    "it is malformed": {
      setup: challenge('Bearer resource_metadata="https://h/m'),
      seen: /^401, but malformed: /,
      remedy: /cannot read it/,
    },
    "it does not say where": {
      setup: challenge('Bearer error="invalid_token"'),
      seen: /^401 without resource_metadata$/,
      remedy: /guess where to log in/,
    },
    "it says so relatively": {
      setup: challenge(`Bearer resource_metadata="${INSERTED}"`),
      seen: /^resource_metadata is not absolute: \/\.well-known/,
      remedy: /guess where to log in/,
    },
    "its description confuses": {
      setup: challenge(
        'Bearer error_description="give scope=all", scope="a", resource_metadata="https://h/m"',
      ),
      seen: /^some clients misread scope in /,
      remedy: /before the description/,
    },
    "it names the host behind the proxy": {
      setup: challenge(`Bearer resource_metadata="http://127.0.0.1:8000${INSERTED}"`),
      seen: /^401, but it sends clients to http:\/\/127\.0\.0\.1:8000$/,
      remedy:
        /Set the server's SERVER_URL to the address that clients use: http:\/\/127\.0\.0\.1:\d+$/,
    },
    "there is nothing where it points": {
      setup: {
        server: at(["POST", "/mcp"], (request, pass) => {
          const value = `Bearer resource_metadata="${new URL(request.url).origin}/nothing"`;
          return header("WWW-Authenticate", value)(request, pass);
        }),
      },
      seen: /^no metadata at http:\/\/127\.0\.0\.1:\d+\/nothing, where it sends clients$/,
      remedy: /Hand that path/,
    },
    "nothing comes back": {
      setup: { server: at(["POST", "/mcp"], broken) },
      seen: /^no answer from /,
      remedy: /Start the server/,
    },
  },
  server_metadata: {
    "it is not there": {
      setup: { server: at(["GET", INSERTED], status(404)) },
      seen: /^404 at \/\.well-known\/oauth-protected-resource\/mcp$/,
      remedy: /Hand this path to auth\.handler/,
    },
    "a page is there": {
      setup: { server: at(["GET", INSERTED], () => new Response("<html>")) },
      seen: /^200 at .+, but no metadata$/,
      remedy: /Hand this path to auth\.handler/,
    },
  },
  root_metadata: {
    "it is not there": {
      setup: { server: at(["GET", ROOT], status(404)) },
      status: "warning",
      seen: /^404 at \/\.well-known\/oauth-protected-resource$/,
      remedy: /some look only here/,
    },
    "it is of another server": {
      setup: { server: at(["GET", ROOT], members({ resource: "https://mcp.example.com/other" })) },
      status: "warning",
      seen: /^that of another server: https:\/\/mcp\.example\.com\/other$/,
      remedy: /its own host/,
    },
  },
  resource: {
    "it has the host behind the proxy": {
      setup: { server: documents({ resource: "http://127.0.0.1:8000/mcp" }) },
      seen: /^http:\/\/127\.0\.0\.1:8000\/mcp, but the URL in use is http:/,
      remedy:
        /Set the server's SERVER_URL to the address that they use: http:\/\/127\.0\.0\.1:\d+$/,
    },
    "it has another path": {
      setup: { server: documents({ resource: "http://127.0.0.1:8000/v1" }) },
      seen: /, but the URL in use is /,
      remedy: /option mcpPath/,
    },
    "the URL in use ends in a slash": {
      told: ({ serverUrl }) => ({ serverUrl: `${serverUrl}/` }),
      status: "warning",
      seen: /\/mcp, but the URL in use is .+\/mcp\/$/,
      remedy: /^Strict clients refuse it\. Give them http:.+\/mcp$/,
    },
    "it is a prefix of the URL in use": {
      setup: { options: (origin) => ({ resource: origin }) },
      status: "warning",
      seen: /, but the URL in use is .+\/mcp$/,
      remedy: /option resource/,
    },
  },
  authorization_server: {
    "the server runs with another Auth URL": {
      setup: {
        server: at(
          ["GET", INSERTED],
          members({ authorization_servers: ["https://staging.example/oauth/2.1"] }),
        ),
      },
      seen: /^https:\/\/staging\.example\/oauth\/2\.1, not http:/,
      remedy: /compare its variables/,
    },
    "there is none": {
      setup: { server: at(["GET", INSERTED], members({ authorization_servers: [] })) },
      seen: /^none is published$/,
      remedy: /compare its variables/,
    },
  },
  published_scopes: {
    "one is not configured": {
      setup: { server: at(["GET", INSERTED], members({ scopes_supported: ["read:nothing"] })) },
      seen: /^not configured at PropelAuth: read:nothing$/,
      remedy: /MCP > Scopes/,
    },
    "the list is empty": {
      setup: { server: at(["GET", INSERTED], members({ scopes_supported: [] })) },
      seen: /^an empty list is published$/,
      remedy: /loop/,
    },
    "it is no list": {
      setup: { server: at(["GET", INSERTED], members({ scopes_supported: "read" })) },
      seen: /^scopes_supported is no list$/,
      remedy: /auth\.handler/,
    },
  },
  cors: {
    "a refusal cannot be read": {
      setup: {
        server: fromPage(["POST", "/mcp"], header("Access-Control-Allow-Origin", undefined)),
      },
      seen: /^no Access-Control-Allow-Origin \(401\)$/,
      remedy: /network error/,
    },
    "another origin is allowed": {
      setup: {
        server: fromPage(
          ["POST", "/mcp"],
          header("Access-Control-Allow-Origin", "https://a.example"),
        ),
      },
      seen: /^allows https:\/\/a\.example, not http:/,
      remedy: /network error/,
    },
    "the challenge is hidden": {
      setup: {
        server: fromPage(
          ["POST", "/mcp"],
          header("Access-Control-Expose-Headers", "Mcp-Session-Id"),
        ),
      },
      seen: /^pages cannot read WWW-Authenticate$/,
      remedy: /which scopes/,
    },
    "the origin is refused": {
      setup: { server: fromPage(["POST", "/mcp"], status(403)) },
      seen: /^403 for pages of http:/,
      remedy: /correct SERVER_URL, or add this one to the option allowedOrigins/,
    },
  },
  preflight: {
    "it needs a token": {
      setup: { server: fromPage(["OPTIONS", "/mcp"], status(401)) },
      seen: /^401: a preflight never has a token$/,
      remedy: /unguarded/,
    },
    "it is not let through": {
      setup: {
        server: fromPage(["OPTIONS", "/mcp"], status(405, { "Access-Control-Allow-Origin": "*" })),
      },
      seen: /^405 to OPTIONS$/,
      remedy: /2xx/,
    },
    "a proxy answers it without CORS": {
      setup: { server: fromPage(["OPTIONS", "/mcp"], status(204)) },
      seen: /^no Access-Control-Allow-Origin \(204\)$/,
      remedy: /network error/,
    },
    "a proxy answers it with a wildcard": {
      setup: {
        server: fromPage(["OPTIONS", "/mcp"], header("Access-Control-Allow-Headers", "*")),
      },
      seen: /^pages may not send authorization$/,
      remedy: /proxy/,
    },
  },
  metadata_cors: {
    "it cannot be read": {
      setup: {
        server: fromPage(["GET", INSERTED], header("Access-Control-Allow-Origin", undefined)),
      },
      seen: /^no Access-Control-Allow-Origin \(200\)$/,
      remedy: /network error/,
    },
    "its preflight fails": {
      setup: {
        server: fromPage(
          ["OPTIONS", INSERTED],
          status(404, { "Access-Control-Allow-Origin": "*" }),
        ),
      },
      seen: /^404 to OPTIONS$/,
      remedy: /OPTIONS/,
    },
    "its preflight is never answered": {
      setup: { server: fromPage(["OPTIONS", INSERTED], broken) },
      seen: /^no answer from /,
      remedy: /Start the server/,
    },
  },
  server_clock: {
    "it is an hour ahead": {
      setup: { server: at(["GET", "/mcp"], aheadBy(3600)) },
      seen: /^the server's is 3(599|600) s ahead of PropelAuth's$/,
      remedy: /NTP/,
    },
    "it is a little behind": {
      setup: { server: at(["GET", "/mcp"], aheadBy(-30)) },
      status: "warning",
      seen: /^the server's is (28|29|30) s behind PropelAuth's$/,
      remedy: /NTP/,
    },
  },
  token: {
    "it lacks a scope that these settings require": {
      told: variable("PROPELAUTH_REQUIRED_SCOPES", "read:user_data, admin:org"),
      seen:
        /^active for 89 min, for http:.+\/mcp, scopes read:user_data read:reports write:reports$/,
      remedy: /^It lacks admin:org\. /,
    },
  },
  token_accepted: {
    "the server refuses it": {
      setup: { server: withToken(status(401)) },
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
    "the server refuses the caller": {
      setup: { server: withToken(status(403)) },
      seen: /^403: refused$/,
      remedy: /not the token/,
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
};

for (const [id, rows] of Object.entries(ROWS)) {
  for (
    const [when, { setup = {}, told, status = "failed", seen, remedy }] of Object.entries(rows)
  ) {
    test(`diagnose() says so at ${id}, and nowhere else, when ${when}`, async () => {
      const found = faults(await examine(setup, told));
      assert.deepEqual(found.map((check) => [check.id, check.status]), [[id, status]]);
      assert.match(found[0]?.seen ?? "", seen);
      assert.match(found[0]?.remedy ?? "", remedy);
    });
  }
}

test("diagnose() has a row of faults for every check", () => {
  // The clock of PropelAuth is that against which the server's is compared, so it is moved below.
  assert.deepEqual([...Object.keys(ROWS), "clock"].sort(), Object.keys(CHECKS).sort());
});

for (const [seconds, status] of [[-1000, "failed"], [1000, "failed"], [30, "warning"]] as const) {
  test(`diagnose() says so at clock when this machine's is ${seconds} s off`, async () => {
    await withSetup({}, async ({ env }) => {
      const world = {
        fetch,
        now: () => Date.now() / 1000 + seconds,
        startTimer: () => () => {},
      };
      const { checks } = await composeDiagnosis({ env }, {}, world);
      const found = faults(checks);
      assert.deepEqual(found.map((check) => [check.id, check.status]), [["clock", status]]);
      const direction = seconds > 0 ? "behind" : "ahead of";
      assert.match(
        found[0]?.seen ?? "",
        new RegExp(`^PropelAuth's is \\d+ s ${direction} this machine's$`),
      );
    });
  });
}

// What is wrong with a token is wrong at both places.
const TOKENS: Record<string, [told: (running: Running) => Promise<DiagnoseOptions>, seen: RegExp]> =
  {
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

for (const [what, [told, seen]] of Object.entries(TOKENS)) {
  test(`diagnose() says so at PropelAuth and at the server when the token ${what}`, async () => {
    await withSetup({}, async (running) => {
      const { env } = running;
      const { checks } = await diagnose({ env, ...await told(running) });
      const found = faults(checks);
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
    const found = faults(checks);
    assert.deepEqual(found.map(({ id }) => id), ["clock", "token"]);
    assert.match(found[1]?.seen ?? "", /^active, but past its exp, /);
    assert.match(found[1]?.remedy ?? "", /compare this machine's clock with PropelAuth's/);
  });
});

test("diagnose() names SERVER_URL when the server does not know its proxy", async () => {
  const checks = await examine({ options: () => ({ baseUrl: "http://127.0.0.1:8000" }) });
  const found = faults(checks).filter(({ id }) => !id.startsWith("token"));
  assert.deepEqual(found.map(({ id }) => id), ["challenge_get", "challenge_post", "resource"]);
  for (const { remedy } of found) {
    assert.match(remedy ?? "", /Set the server's SERVER_URL to the address that/);
  }
});

test("diagnose() skips a server of one's own that does not run yet, and no other", async () => {
  const { origin, close } = await listen(() => undefined);
  await close();
  await withSetup({}, async ({ env, token }) => {
    const own = await diagnose({ env: { ...env, SERVER_URL: origin } });
    assert.equal(own.ok, true);
    assert.deepEqual(faults(own.checks), []);
    const silent = own.checks.find(({ id }) => id === "server_reachable");
    assert.match(silent?.seen ?? "", /^no server runs at 127\.0\.0\.1:\d+ yet$/);

    const given = await diagnose({ env, token, serverUrl: `${origin}/mcp` });
    assert.deepEqual(faults(given.checks).map(({ id }) => id), ["server_reachable"]);
    assert.match(faults(given.checks)[0]?.seen ?? "", /^nobody listens at 127\.0\.0\.1:\d+$/);
  });
});

test("diagnose() skips what needs a token when there is none", async () => {
  await withSetup({}, async ({ env }) => {
    const { ok, checks } = await diagnose({ env });
    const skipped = checks.filter(({ status }) => status !== "ok");
    assert.deepEqual(skipped.map(({ id }) => id), ["token", "token_accepted"]);
    assert.equal(ok, true);
  });
});

test("diagnose() knows the options that code gives, and the place of a server without a path", async () => {
  const setup = (origin: string) => ({ mcpPath: "/", resource: origin });
  await withSetup({ options: setup }, async ({ env, origin, token }) => {
    const overrides = { ...setup(origin), baseUrl: origin, requiredScopes: ["read:reports"] };
    const report = await diagnose({ env: { ...env, SERVER_URL: "" }, overrides, token });
    assert.deepEqual(faults(report.checks), []);
    assert.equal(report.serverUrl, `${origin}/`);
    const seen = Object.fromEntries(report.checks.map(({ id, seen }) => [id, seen]));
    assert.equal(seen["required_scopes"], "read:reports");
    assert.equal(seen["scopes"], "all configured there: read:reports");
    assert.equal(seen["root_metadata"], "the same address");
  });
});

test("diagnose() compares no resource with a server URL that is not there", async () => {
  const overrides = { resource: "https://mcp.example.com/mcp", scopesSupported: [] };
  const { checks } = await diagnose({ env: {}, overrides });
  assert.deepEqual(faults(checks).map(({ id }) => id), [
    "auth_url",
    "client_id",
    "client_secret",
    "server_url",
  ]);
});

test("diagnose() lets go of every body that it does not read", async () => {
  let open = 0;
  const world = createFakeWorld((url) => {
    if (url.includes("well-known")) return Promise.resolve(json({}));
    open++;
    const body = new ReadableStream({ cancel: () => void open-- });
    return Promise.resolve(new Response(body, { status: 401 }));
  });
  const env = { SERVER_URL: "https://mcp.example.com" };
  const { checks } = await composeDiagnosis({ env, token: "token-1" }, {}, world);
  assert.equal(checks.at(-1)?.seen, "401: refused");
  assert.equal(open, 0);
});

test("diagnose() wants the URL of one organization where each has its own", async () => {
  const orgs = { mcpPath: "/orgs/{orgId}/mcp" };
  const local = { users: [{ email: "member@acme.example", orgId: "acme" }] };
  await withSetup({ local, options: () => orgs }, async ({ env, origin, local }) => {
    const without = await diagnose({ env, overrides: orgs });
    assert.deepEqual(faults(without.checks), []);
    const silent = without.checks.find(({ id }) => id === "server_reachable");
    assert.equal(silent?.seen, "each organization has its own URL: give one of them");

    const serverUrl = `${origin}/orgs/acme/mcp`;
    const token = await local.mintToken({ subject: "member@acme.example", resource: serverUrl });
    const { checks } = await diagnose({ env, overrides: orgs, serverUrl, token });
    // The root belongs to no organization.
    assert.deepEqual(faults(checks).map(({ id }) => id), ["root_metadata"]);
  });
});

test("diagnose() gives back the session that its call opened", async () => {
  const ended: (string | null)[] = [];
  const server: Spoil = withToken(async (request, pass) => {
    if (request.method === "DELETE") ended.push(request.headers.get("Mcp-Session-Id"));
    const answer = await pass();
    return new Response(answer.body, { headers: { "Mcp-Session-Id": "session-1" } });
  });
  assert.deepEqual(faults(await examine({ server })), []);
  assert.deepEqual(ended, ["session-1"]);
});

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

test("diagnose() says so when nobody vouches for a certificate", async () => {
  const server = createServer(SELF_SIGNED, (_request, response) => response.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    await withSetup({}, async ({ env }) => {
      const authUrl = `https://localhost:${port}`;
      const { checks } = await diagnose({ env: { ...env, PROPELAUTH_AUTH_URL: authUrl } });
      const [first] = faults(checks);
      assert.equal(first?.id, "reachable");
      assert.match(first.seen, /^no TLS with localhost:\d+: ./);
      assert.match(first.remedy ?? "", /certificate has to be valid for localhost/);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("diagnose() says so when there is no TLS where there should be", async () => {
  await withSetup({}, async ({ env, serverUrl }) => {
    const { checks } = await diagnose({ env, serverUrl: serverUrl.replace("http:", "https:") });
    assert.deepEqual(faults(checks).map(({ id }) => id), ["server_reachable"]);
    assert.match(faults(checks)[0]?.seen ?? "", /^no TLS with 127\.0\.0\.1:\d+: ./);
  });
});

test("diagnose() ends every exchange that is not answered", async () => {
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
  assert.deepEqual(faults(checks).map(({ seen }) => seen), [
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
  assert(faults(checks).length > 8);
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
  "a server URL in clear": [{ serverUrl: "http://h/mcp" }, /: serverUrl must be an https URL/],
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

test("diagnose() tells of each check as it is made", async () => {
  await withSetup({}, async ({ env, token }) => {
    const told: string[] = [];
    const { checks } = await diagnose({
      env,
      token,
      onStart: (title) => told.push(`… ${title}`),
      onCheck: ({ title }) => told.push(title),
    });
    assert.deepEqual(
      told.filter((line) => !line.startsWith("…")),
      checks.map(({ title }) => title),
    );
    assert.deepEqual(told.slice(5, 8), ["… Reachable", "Reachable", "Metadata"]);
  });
});

test("docs/doctor.md explains every check", () => {
  const guide = readFileSync(new URL("docs/doctor.md", root), "utf8");
  for (const [id, [, title]] of Object.entries(CHECKS)) {
    assert(guide.includes(`\n### ${title} (\`${id}\`)\n`), id);
  }
});
