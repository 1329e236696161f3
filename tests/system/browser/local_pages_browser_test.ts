import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { type LocalPropelAuth, startLocalPropelAuth } from "@x/propelauth-local";
import type { Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";

// The pages in a real browser, with scripts switched off: they have to work without.

const RESOURCE = "http://127.0.0.1:8000/mcp";
const SCOPE = "read:user_data write:reports admin:org";

const browser = await launchBrowser();
after(() => browser.close());

interface Setting {
  readonly page: Page;
  readonly local: LocalPropelAuth;
  /** Opens the address that a client would open; `again` is the same client as before. */
  open(again?: "again"): Promise<void>;
  /** Waits until the browser is back at the client, and gives the parameters. */
  back(): Promise<URLSearchParams>;
  /** The introspection response about the token that the code is exchanged for. */
  redeem(code: string | null): Promise<Record<string, unknown>>;
}

async function inBrowser(run: (setting: Setting) => Promise<void>): Promise<void> {
  const client = createServer((_request, response) => response.end("back at the client"));
  await new Promise<void>((resolve) => client.listen(0, "127.0.0.1", resolve));
  const local = await startLocalPropelAuth({ log: () => {} });
  // A context has cookies of its own.
  const context = await browser.newContext({ javaScriptEnabled: false });
  try {
    const port = (client.address() as AddressInfo).port;
    await run(createSetting(await context.newPage(), local, `http://127.0.0.1:${port}/callback`));
  } finally {
    await context.close();
    await local.close();
    client.closeAllConnections();
    client.close();
  }
}

function createSetting(page: Page, local: LocalPropelAuth, redirectUri: string): Setting {
  const at = (path: string) => `${local.authUrl}/oauth/2.1/${path}`;
  const verifier = randomBytes(32).toString("base64url");
  let clientId = "";
  return {
    page,
    local,
    async open(again) {
      if (again === undefined) {
        const response = await fetch(at("register"), {
          method: "POST",
          body: JSON.stringify({ client_name: "Notes for Claude", redirect_uris: [redirectUri] }),
        });
        clientId = (await response.json()).client_id;
      }
      const query = new URLSearchParams({
        client_id: clientId,
        response_type: "code",
        redirect_uri: redirectUri,
        scope: SCOPE,
        state: "state-1",
        resource: RESOURCE,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
      });
      await page.goto(`${at("authorize")}?${query}`);
    },
    async back() {
      await page.waitForURL(`${redirectUri}?**`);
      return new URL(page.url()).searchParams;
    },
    async redeem(code) {
      const tokens = await (await fetch(at("token"), {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          code: code ?? "",
          redirect_uri: redirectUri,
          client_id: clientId,
          code_verifier: verifier,
        }),
      })).json();
      const credentials = `${local.introspectionClientId}:${local.introspectionClientSecret}`;
      return await (await fetch(at("introspect"), {
        method: "POST",
        headers: { "Authorization": `Basic ${btoa(credentials)}` },
        body: new URLSearchParams({ token: tokens.access_token }),
      })).json();
    },
  };
}

test("a user signs in, declines a scope, allows the rest and is back at the client", async () => {
  await inBrowser(async ({ page, open, back, redeem }) => {
    await open();
    assert.equal(await page.locator("h1").innerText(), "Sign in");
    await page.getByRole("button", { name: /owner@acme\.example/ }).click();
    assert.equal(await page.locator("h1").innerText(), "Allow Notes for Claude?");
    const text = await page.locator("main").innerText();
    for (const shown of [RESOURCE, "127.0.0.1:", "owner@acme.example", "read:user_data"]) {
      assert(text.includes(shown), `${shown} is not on the page`);
    }
    assert.equal(await page.getByRole("checkbox").count(), 2);
    await page.getByRole("checkbox", { name: /write:reports/ }).uncheck();
    await page.getByRole("button", { name: "Allow" }).click();
    const parameters = await back();
    assert.equal(parameters.get("state"), "state-1");
    const facts = await redeem(parameters.get("code"));
    assert.deepEqual([facts["email"], facts["scope"], facts["aud"]], [
      "owner@acme.example",
      "read:user_data admin:org",
      RESOURCE,
    ]);
  });
});

test("a scope that the role may not grant is shown, without a box", async () => {
  await inBrowser(async ({ page, open, back, redeem }) => {
    await open();
    await page.getByRole("button", { name: /member@acme\.example/ }).click();
    assert.equal(await page.getByRole("checkbox").count(), 1);
    assert.match(await page.locator("main").innerText(), /The role Member may not grant this/);
    await page.getByRole("button", { name: "Allow" }).click();
    const facts = await redeem((await back()).get("code"));
    assert.equal(facts["scope"], "read:user_data write:reports");
  });
});

test("a user adds at a second consent what was declined at the first, and takes back other", async () => {
  await inBrowser(async ({ page, open, back, redeem }) => {
    await open();
    await page.getByRole("button", { name: /owner@acme\.example/ }).click();
    await page.getByRole("checkbox", { name: /write:reports/ }).uncheck();
    await page.getByRole("button", { name: "Allow" }).click();
    const first = await redeem((await back()).get("code"));
    assert.equal(first["scope"], "read:user_data admin:org");

    await open("again");
    const admin = page.getByRole("checkbox", { name: /admin:org.+allowed before/ });
    assert.equal(await page.getByText("allowed before").count(), 2);
    await admin.uncheck();
    await page.getByRole("button", { name: "Allow" }).click();
    const second = await redeem((await back()).get("code"));
    assert.equal(second["scope"], "read:user_data write:reports");
  });
});

test("a user denies", async () => {
  await inBrowser(async ({ page, open, back }) => {
    await open();
    await page.getByRole("button", { name: /owner@acme\.example/ }).click();
    await page.getByRole("button", { name: "Deny" }).click();
    assert.equal((await back()).get("error"), "access_denied");
  });
});

test("a user goes on as another, and is remembered the next time", async () => {
  await inBrowser(async ({ page, open, back, redeem }) => {
    await open();
    await page.getByRole("button", { name: /owner@acme\.example/ }).click();
    await page.getByRole("button", { name: "use another account" }).click();
    await page.getByRole("button", { name: /admin@globex\.example/ }).click();
    await page.getByRole("button", { name: "Allow" }).click();
    const facts = await redeem((await back()).get("code"));
    assert.equal(facts["email"], "admin@globex.example");
    await open();
    assert.match(await page.locator("main").innerText(), /Signed in as admin@globex\.example/);
  });
});

test("everything can be done by keyboard alone", async () => {
  await inBrowser(async ({ page, open, back, redeem }) => {
    await open();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector('input[type="checkbox"]');
    await page.getByRole("checkbox", { name: /write:reports/ }).focus();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Allow" }).focus();
    await page.keyboard.press("Enter");
    const facts = await redeem((await back()).get("code"));
    assert.equal(facts["scope"], "read:user_data admin:org");
  });
});

test("a request that cannot continue ends on a page that says why", async () => {
  await inBrowser(async ({ page, local }) => {
    await page.goto(
      `${local.authUrl}/oauth/2.1/authorize?client_id=unknown&state=s&resource=http://h`,
    );
    const text = await page.locator("main").innerText();
    assert.match(text, /This login cannot continue/);
    assert.match(text, /remove the client's saved login and connect again/);
  });
});

test("a user makes an API key by keyboard and mouse, sees it once, and revokes it", async () => {
  await inBrowser(async ({ page, local }) => {
    const kinds = async () => (await local.listApiKeys()).map(({ kind }) => kind);
    await page.goto(local.authUrl);
    await page.getByRole("link", { name: /API keys/ }).click();
    await page.getByRole("button", { name: /owner@acme\.example/ }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("build server");
    await page.getByRole("combobox", { name: "Owner" }).selectOption({
      label: "Acme (organization)",
    });
    await page.getByRole("combobox", { name: "Expires" }).selectOption("in a day");
    await page.getByRole("button", { name: "Make a key" }).focus();
    await page.keyboard.press("Enter");
    assert.match(await page.getByRole("status").innerText(), /Copy your key now\s+[0-9a-f]{64}/);
    assert.deepEqual(await kinds(), ["organization"]);

    await page.goto(local.apiKeysUrl);
    assert.equal(await page.getByRole("status").count(), 0);
    assert.match(await page.locator("main").innerText(), /build server\s+Acme · expires \d{4}-/);
    await page.getByRole("button", { name: "Revoke build server" }).click();
    assert.match(await page.locator("main").innerText(), /Valid keys\s+none/);
    assert.deepEqual(await kinds(), []);
  });
});

for (const width of [375, 900]) {
  test(`the page of API keys is no wider than the window of ${width} pixels`, async () => {
    await inBrowser(async ({ page, local }) => {
      await local.mintApiKey({ subject: "owner@acme.example", displayName: "x".repeat(100) });
      await page.setViewportSize({ width, height: 800 });
      await page.goto(local.apiKeysUrl);
      await page.getByRole("button", { name: /owner@acme\.example/ }).click();
      await page.getByRole("button", { name: "Make a key" }).click();
      const { width: needed = 0 } = await page.locator("html").boundingBox() ?? {};
      assert.equal(needed, width);
      const { x = 0, width: row = 0 } = await page.locator("main").boundingBox() ?? {};
      assert(x + row <= width);
      for (const button of await page.getByRole("button", { name: /^Revoke/ }).all()) {
        const box = await button.boundingBox();
        assert(box !== null && box.x + box.width <= x + row);
      }
    });
  });
}
