/** The running server behind a proxy with a fault of its own: real HTTP on both sides of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "@x/propelauth-mcp/doctor";
import type { ProxyFaults } from "../proxy.ts";
import { faultsOf } from "./rows.ts";
import { withSetup } from "../setup.ts";

const DROPPED = /^Something in front of the server drops Authorization: have it pass that on /;

interface Row {
  readonly faults: ProxyFaults;
  /** The checks that find it. */
  readonly ids: readonly string[];
  /** The line of the first of them, and its remedy. */
  readonly seen: RegExp;
  readonly remedy: RegExp;
}

const PROXIES: Readonly<Record<string, Row>> = {
  "renames WWW-Authenticate, as Amazon API Gateway does": {
    faults: {
      onResponse(headers) {
        const { "www-authenticate": challenge } = headers;
        delete headers["www-authenticate"];
        if (challenge !== undefined) headers["x-amzn-remapped-www-authenticate"] = challenge;
      },
    },
    ids: ["challenge_get", "challenge_post"],
    seen: /^401, but WWW-Authenticate arrives as x-amzn-remapped-www-authenticate$/,
    remedy: /^Clients read only the real name, so no login begins\. Amazon API Gateway does this: /,
  },
  "drops WWW-Authenticate": {
    faults: { onResponse: (headers) => void delete headers["www-authenticate"] },
    ids: ["challenge_get", "challenge_post"],
    seen: /^401 without WWW-Authenticate$/,
    remedy: /Does a proxy answer, or drop the header\?$/,
  },
  "drops Authorization": {
    faults: { onRequest: (headers) => void delete headers.authorization },
    ids: ["token_arrives", "token_accepted"],
    seen: /^the token of a POST did not arrive: the server saw none$/,
    remedy: DROPPED,
  },
  "drops the Authorization of a GET": {
    faults: {
      onRequest(headers, method) {
        if (method === "GET") delete headers.authorization;
      },
    },
    ids: ["token_arrives"],
    seen: /^the token of a GET did not arrive: the server saw none$/,
    remedy: DROPPED,
  },
  "answers other paths than /mcp with its index page": {
    faults: { indexPage: "<!doctype html><title>Welcome</title>" },
    ids: ["server_metadata", "root_metadata", "metadata_cors"],
    seen: /^a web page at \/\.well-known\/oauth-protected-resource\/mcp, no metadata$/,
    remedy: /^A web server answers unknown paths with its index page: /,
  },
  "puts a name of its own into Host": {
    faults: { onRequest: (headers) => void (headers.host = "mcp.internal") },
    ids: [
      "challenge_get",
      "challenge_post",
      "server_metadata",
      "root_metadata",
      "cors",
      "preflight",
      "metadata_cors",
      "token_accepted",
    ],
    seen: /^403: the server does not serve the host under which the request arrives$/,
    remedy:
      /^Its SERVER_URL is on loopback, .+ set it to http:\S+, and have the proxy pass Host on/,
  },
};

for (const [when, { faults, ids, seen, remedy }] of Object.entries(PROXIES)) {
  test(`diagnose() names the fault when a proxy ${when}`, async () => {
    await withSetup({ proxy: faults }, async ({ env, token }) => {
      const { checks } = await diagnose({ env, token });
      const found = faultsOf(checks);
      assert.deepEqual(found.map(({ id }) => id), ids);
      assert.match(found[0]?.seen ?? "", seen);
      assert.match(found[0]?.remedy ?? "", remedy);
    });
  });
}

test("diagnose() says that a user's token did not arrive when a proxy drops Authorization", async () => {
  const proxy: ProxyFaults = { onRequest: (headers) => void delete headers.authorization };
  await withSetup({ proxy }, async ({ env, token }) => {
    const { checks } = await diagnose({ env, token });
    const accepted = checks.find(({ id }) => id === "token_accepted");
    assert.equal(accepted?.seen, "401: the token did not arrive: the server saw none");
    assert.match(accepted.remedy ?? "", DROPPED);
  });
});

test("diagnose() finds nothing wrong behind a proxy that passes everything on", async () => {
  await withSetup({ proxy: {} }, async ({ env, token }) => {
    const { checks } = await diagnose({ env, token });
    assert.deepEqual(checks.filter(({ status }) => status !== "ok"), []);
  });
});
