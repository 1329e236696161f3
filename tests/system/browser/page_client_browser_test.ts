/** A client in a page of another origin, in a real browser: what CORS lets it do, and what not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { createPropelAuth, type PropelAuthOptions } from "@x/propelauth-mcp";
import { createServer } from "../../../examples/server.ts";
import { serve } from "../../end_to_end/logins.ts";
import { launchBrowser, logIn } from "./browser.ts";

const local = await startLocalPropelAuth({ log: () => {} });
const user = local.users[0] ?? assert.fail();
const script = await bundle("page_client.ts");
const site = createHttpServer((request, response) => {
  const isScript = request.url === "/page.js";
  response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
  response.end(
    isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>',
  );
}).listen(0, "127.0.0.1");
await once(site, "listening");
/** Another origin than the server's and the local PropelAuth's, and another site too. */
const origin = `http://localhost:${(site.address() as AddressInfo).port}`;
const browser = await launchBrowser();
after(async () => {
  await browser.close();
  site.closeAllConnections();
  site.close();
  await local.close();
});

/** Serves the example, and gives what was asked and what was refused. */
async function serveExample(options: Partial<PropelAuthOptions>) {
  const requests: Request[] = [];
  const refused: string[] = [];
  const { url, close } = await serve((baseUrl) => {
    const server = createServer(createPropelAuth({
      authUrl: local.authUrl,
      introspectionClientId: local.introspectionClientId,
      introspectionClientSecret: local.introspectionClientSecret,
      baseUrl,
      requiredScopes: ["read:reports"],
      // A client that cannot read the challenge asks for these.
      scopesSupported: [...local.scopes],
      onEvent(event) {
        if (event.code === "request_refused") refused.push(event.reason);
      },
      ...options,
    }));
    return (request) => {
      requests.push(request);
      return server(request);
    };
  });
  return { url, requests, refused, [Symbol.asyncDispose]: close };
}

/** Opens the page as a user who has never been there. */
async function openPage(server: string, protocol: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  // The page goes on by itself, perhaps before it is loaded.
  const url = `${origin}/?${new URLSearchParams({ server, protocol })}`;
  await page.goto(url, { waitUntil: "commit" });
  const outcome = async () =>
    String(await (await page.waitForFunction("globalThis.outcome")).jsonValue());
  return { page, requests, outcome, [Symbol.asyncDispose]: () => context.close() };
}

const ALLOWED: [when: string, protocol: string, options: Partial<PropelAuthOptions>][] = [
  ["all is on loopback", "legacy", {}],
  ["all is on loopback", "2026-07-28", {}],
  ["its origin is allowed", "2026-07-28", { allowedOrigins: [origin] }],
];

for (const [when, protocol, options] of ALLOWED) {
  test(`a client in a page logs in and calls a tool when ${when}: ${protocol}`, async () => {
    await using server = await serveExample(options);
    await using opened = await openPage(server.url, protocol);
    const { page, requests, outcome } = opened;
    await logIn(page, user.email);
    await page.waitForURL((url) => url.origin === origin && url.searchParams.has("code"));
    const { user: id, email, scopes } = JSON.parse(await outcome());
    assert.deepEqual([id, email, scopes], [user.id, user.email, ["read:reports"]]);

    // A page reads the challenge only where the header is exposed to it.
    const login = requests.find((url) => url.startsWith(`${local.authUrl}/oauth/2.1/authorize?`));
    assert.equal(new URL(login ?? "").searchParams.get("scope"), "read:reports");
    // The browser itself called, and asked before.
    const origins = new Set(server.requests.map(({ headers }) => headers.get("Origin")));
    assert.deepEqual(origins, new Set([origin]));
    const asked = server.requests.filter(({ method }) => method === "OPTIONS")
      .map(({ headers }) => headers.get("Access-Control-Request-Headers"));
    const expected = protocol === "legacy" ? "mcp-protocol-version" : "mcp-method";
    assert(asked.some((names) => names?.includes("authorization") && names.includes(expected)));
    assert.deepEqual(server.refused, []);
  });
}

const REFUSED: [when: string, options: Partial<PropelAuthOptions>][] = [
  ["only others are allowed", { allowedOrigins: ["https://app.example.com"] }],
  ["the server is public and names none", { baseUrl: "https://mcp.example.com" }],
];

for (const [when, options] of REFUSED) {
  test(`a client in a page sees nothing but a network error when ${when}`, async () => {
    await using server = await serveExample(options);
    await using opened = await openPage(server.url, "legacy");
    assert.match(await opened.outcome(), /Failed to fetch/);
    assert.deepEqual(new Set(server.refused), new Set(["origin"]));
  });
}

/** Makes one script of a file and all that it imports. */
async function bundle(file: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--platform=browser", "-o", join(folder, "page.js")],
        fileURLToPath(new URL(file, import.meta.url)),
      ],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return await readFile(join(folder, "page.js"), "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
}
