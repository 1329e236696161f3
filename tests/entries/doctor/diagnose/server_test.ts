/** The running server, as clients ask it that have no token yet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "@x/propelauth-mcp/doctor";
import { json } from "../../../support/harness.ts";
import {
  at,
  broken,
  BROWSER_CHECKS,
  checksOf,
  examine,
  faultsOf,
  header,
  members,
  status,
  testRows,
  withRandomToken,
} from "./rows.ts";
import { listen, type Setup, type Spoil, withSetup } from "../setup.ts";

const INSERTED = "/.well-known/oauth-protected-resource/mcp";
const ROOT = "/.well-known/oauth-protected-resource";

/** Spoils the metadata at both of its places. */
const documents = (change: Record<string, unknown>): Spoil => (request, pass) =>
  request.url.includes(ROOT) && request.method === "GET" ? members(change)(request, pass) : pass();

const aheadBy = (seconds: number): Spoil => (request, pass) =>
  header("Date", new Date(Date.now() + seconds * 1000).toUTCString())(request, pass);

const withChallenge = (value: string): Setup => ({
  server: at(["POST", "/mcp"], header("WWW-Authenticate", value)),
});

testRows(checksOf("server").filter((id) => !BROWSER_CHECKS.includes(id)), {
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
    "a router passes POST alone, with a token too": {
      setup: {
        server: (request, pass) =>
          request.method === "GET" && new URL(request.url).pathname === "/mcp"
            ? new Response("Cannot GET /mcp", { status: 404 })
            : pass(),
      },
      seen: /^404: no MCP endpoint at \/mcp$/,
      remedy: /If that is it, hand every method to auth\.handler, in Express by app\.all\.$/,
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
    "a firewall refuses": {
      setup: { server: at(["POST", "/mcp"], status(403)) },
      seen: /^403: refused before any login$/,
      remedy: /^A proxy or a firewall in front/,
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
    "a proxy changes the request": {
      setup: { server: at(["POST", "/mcp"], status(400)) },
      seen: /^400 without a token, not 401$/,
      remedy: /Something between/,
    },
    "a proxy asks for a password": {
      setup: withChallenge('Basic realm="staging", Bearer resource_metadata="https://h/m"'),
      seen: /^401, but basic comes before Bearer$/,
      remedy: /ask for a password/,
    },
    "it is malformed": {
      setup: withChallenge('Bearer resource_metadata="https://h/m'),
      seen: /^401, but malformed: /,
      remedy: /cannot read it/,
    },
    "it has no resource_metadata": {
      setup: withChallenge('Bearer error="invalid_token"'),
      seen: /^401 without resource_metadata$/,
      remedy: /guess where to log in\. Does a gateway in front check tokens itself\?/,
    },
    "its resource_metadata is a relative URL": {
      setup: withChallenge(`Bearer resource_metadata="${INSERTED}"`),
      seen: /^resource_metadata is not absolute: \/\.well-known/,
      remedy: /guess where to log in/,
    },
    "its description reads like a parameter": {
      setup: withChallenge(
        'Bearer error_description="give scope=all", scope="a", resource_metadata="https://h/m"',
      ),
      seen: /^some clients misread scope in /,
      remedy: /before the description/,
    },
    "it names the host behind the proxy": {
      setup: withChallenge(`Bearer resource_metadata="http://127.0.0.1:8000${INSERTED}"`),
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
  token_arrives: {
    "a proxy drops it": {
      setup: {
        server: withRandomToken(status(401, {
          "WWW-Authenticate": 'Bearer resource_metadata="https://h/m"',
        })),
      },
      seen: /^the token of a POST did not arrive: the server saw none$/,
      remedy: /^Something in front of the server drops Authorization: .+ CloudFront/,
    },
    "a gateway judges it, without a challenge": {
      setup: { server: withRandomToken(status(401)) },
      seen: /^401 without a challenge to a POST with a token$/,
      remedy: /judges tokens itself/,
    },
    "a gateway judges it, with another status": {
      setup: { server: withRandomToken(status(403)) },
      seen: /^403 to a POST with a token, not 401$/,
      remedy: /judges tokens itself/,
    },
    "it is let in": {
      setup: { server: withRandomToken(() => json({})) },
      seen: /^200: a random token is let in$/,
      remedy: /Anyone would get in/,
    },
    "the connection breaks at a GET": {
      setup: {
        server: withRandomToken((request, pass) => request.method === "GET" ? undefined : pass()),
      },
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
    "another document is there": {
      setup: { server: at(["GET", INSERTED], members({ resource: 1 })) },
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
      seen: /^http:\/\/127\.0\.0\.1:8000\/mcp, but the URL in use is http:.+: another port$/,
      remedy:
        /Set the server's SERVER_URL to the address that they use: http:\/\/127\.0\.0\.1:\d+$/,
    },
    "it has another scheme and host": {
      setup: { server: documents({ resource: "https://mcp.internal:80/mcp" }) },
      seen: /: another scheme and host and port$/,
      remedy:
        /^Clients refuse it\. Most say "\.{3} does not match .+ \.{3}", .+; Semantic Kernel waits\. Set the server's SERVER_URL/,
    },
    "it has another path": {
      setup: {
        server: (request, pass) =>
          documents({ resource: `${new URL(request.url).origin}/v1` })(request, pass),
      },
      seen: /, but the URL in use is .+: another path$/,
      remedy: /option mcpPath/,
    },
    "it is not a URL": {
      setup: { server: documents({ resource: "the MCP server" }) },
      seen: /^"the MCP server", but the URL in use is .+: it is not a URL$/,
      remedy: /option mcpPath/,
    },
    "it has a query": {
      setup: {
        server: (request, pass) =>
          documents({ resource: `${new URL(request.url).origin}/mcp?a=b` })(request, pass),
      },
      seen: /: a query or a fragment more$/,
      remedy: /^Clients refuse it\./,
    },
    "it has a slash more than the URL in use": {
      setup: { options: () => ({ mcpPath: "/mcp/" }) },
      seen: /: a slash more at its end$/,
      remedy:
        /^Nearly every client refuses it\. Most say "\.{3} does not match .+ \.{3}" .+; Codex, .+ say nothing .+ Take the slash out/,
    },
    "it spells the scheme in capitals": {
      setup: {
        server: (request, pass) =>
          documents({ resource: `${new URL(request.url).origin.replace("http", "HTTP")}/mcp` })(
            request,
            pass,
          ),
      },
      status: "warning",
      seen: /: the same, spelled otherwise$/,
      remedy: /^Strict clients refuse it\. Give them HTTP:/,
    },
    "the URL in use ends in a slash": {
      options: ({ serverUrl }) => ({ serverUrl: `${serverUrl}/` }),
      status: "warning",
      seen: /\/mcp, but the URL in use is .+\/mcp\/: a slash less at its end$/,
      remedy: /^Strict clients refuse it\. Give them http:.+\/mcp$/,
    },
    "it is the origin of the URL in use": {
      setup: { options: (origin) => ({ resource: origin }) },
      status: "warning",
      seen: /, but the URL in use is .+\/mcp: the origin alone, without a path$/,
      remedy:
        /^Strict clients refuse it\. Claude Code, .+ log in for it, .+ Leave the option resource out\.$/,
    },
    "it is the beginning of the URL in use": {
      setup: {
        options: (origin) => ({ mcpPath: "/v1/mcp", resource: `${origin}/v1` }),
      },
      options: ({ origin }) => ({ serverUrl: `${origin}/v1/mcp` }),
      status: "warning",
      seen: /, but the URL in use is .+\/v1\/mcp: only the beginning of the path$/,
      remedy: /Leave the option resource out/,
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
      seen: /^scopes_supported is not a list$/,
      remedy: /auth\.handler/,
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
});

test("diagnose() names SERVER_URL when the server does not know its proxy", async () => {
  const checks = await examine({ options: () => ({ baseUrl: "http://127.0.0.1:8000" }) });
  const found = faultsOf(checks).filter(({ id }) => !id.startsWith("token"));
  assert.deepEqual(found.map(({ id }) => id), ["challenge_get", "challenge_post", "resource"]);
  for (const { remedy } of found) {
    assert.match(remedy ?? "", /Set the server's SERVER_URL to the address that/);
  }
});

test("diagnose() skips a server on loopback that does not run yet, unless its URL is given", async () => {
  const { origin, close } = await listen(() => undefined);
  await close();
  await withSetup({}, async ({ env, token }) => {
    const own = await diagnose({ env: { ...env, SERVER_URL: origin } });
    assert.equal(own.ok, true);
    assert.deepEqual(faultsOf(own.checks), []);
    const silent = own.checks.find(({ id }) => id === "server_reachable");
    assert.match(silent?.seen ?? "", /^no server runs at 127\.0\.0\.1:\d+ yet$/);

    const given = await diagnose({ env, token, serverUrl: `${origin}/mcp` });
    assert.deepEqual(faultsOf(given.checks).map(({ id }) => id), ["server_reachable"]);
    assert.match(faultsOf(given.checks)[0]?.seen ?? "", /^no program listens at 127\.0\.0\.1:\d+$/);
  });
});

test("diagnose() asks for the URL of one organization when each has its own", async () => {
  const orgs = { mcpPath: "/orgs/{orgId}/mcp" };
  const local = { users: [{ email: "member@acme.example", orgId: "acme" }] };
  await withSetup({ local, options: () => orgs }, async ({ env, origin, local }) => {
    const without = await diagnose({ env, overrides: orgs });
    assert.deepEqual(faultsOf(without.checks), []);
    const silent = without.checks.find(({ id }) => id === "server_reachable");
    assert.equal(silent?.seen, "each organization has its own URL: give one of them");

    const serverUrl = `${origin}/orgs/acme/mcp`;
    const token = await local.mintToken({ subject: "member@acme.example", resource: serverUrl });
    const { checks } = await diagnose({ env, overrides: orgs, serverUrl, token });
    // The root belongs to no organization.
    assert.deepEqual(faultsOf(checks).map(({ id }) => id), ["root_metadata"]);
  });
});

test("diagnose() fails server_reachable alone when an https URL is served without TLS", async () => {
  await withSetup({}, async ({ env, serverUrl }) => {
    const { checks } = await diagnose({ env, serverUrl: serverUrl.replace("http:", "https:") });
    assert.deepEqual(faultsOf(checks).map(({ id }) => id), ["server_reachable"]);
    assert.match(faultsOf(checks)[0]?.seen ?? "", /^no TLS with 127\.0\.0\.1:\d+: ./);
  });
});

test("diagnose() fails token_arrives when the server has the secret of another environment", async () => {
  const options = () => ({ introspectionClientSecret: "of-another-environment" });
  await withSetup({ options }, async ({ env }) => {
    const found = faultsOf((await diagnose({ env })).checks);
    assert.deepEqual(found.map(({ id }) => id), ["token_arrives"]);
    assert.equal(found[0]?.seen, "500: the server could not verify a random token");
    assert.match(found[0].remedy ?? "", /its own introspection credentials are wrong/);
  });
});
