/** The site of guides and API in a real browser: pages, one search, a small screen. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { root } from "../../support/root.ts";

const ROOT = fileURLToPath(root);
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
};

/** What the search says of a symbol. */
const RUN_DOCTOR =
  "function of @x/propelauth-mcp/doctor · Runs the program: prints the report, line by line.";

/** Pages of each kind that the API has. */
const API_PAGES = [
  "api/propelauth-mcp/index.html",
  "api/propelauth-mcp/all_symbols.html",
  "api/propelauth-mcp/express/index.html",
  "api/propelauth-mcp/doctor/~/runDoctor.html",
  "api/propelauth-mcp/~/PropelAuth.html",
  "api/propelauth-mcp/~/PropelAuthOptions.html",
  "api/propelauth-mcp/mcp-sdk/~/SdkV1Errors.html",
  "api/propelauth-local/~/LocalPropelAuthOptions.refreshTokenExpiresInSeconds.html",
  "files/src/options/propel_auth_options.ts.html",
];

/** The title and the text of what is found first. */
function found(page: Page): Promise<(string | null)[]> {
  const hit = page.locator("#results li").first();
  return Promise.all([hit.locator("a").textContent(), hit.locator("small").textContent()]);
}

/** Builds the site and serves it on loopback. */
async function serveSite(): Promise<AsyncDisposable & { origin: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "site-"));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "docs", "--output", folder],
    cwd: ROOT,
    stdout: "null",
  }).output();
  assert(success);
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://site").pathname.replace(/\/$/, "/index.html");
    const body = await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "Content-Type": TYPES[extname(path)] ?? "image/png" });
    response.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return {
    folder,
    origin: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

test("guides and API are found by one search, with a server and without", async () => {
  await using site = await serveSite();
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    await page.goto(`${site.origin}/index.html`);
    assert.equal(await page.locator("h1").textContent(), "Guides");

    await page.keyboard.press("/");
    await page.keyboard.type("proxy buffering");
    const first = page.locator("#results a").first();
    await first.waitFor();
    assert.equal(await first.textContent(), "Behind nginx");
    await first.click();
    await page.waitForURL("**/deploy.html#behind-nginx");

    await page.locator("#query").fill("zzzzzzzz");
    await page.locator("#results", { hasText: "Nothing found" }).waitFor();

    await page.locator("#query").fill("runDoctor");
    await page.locator("#results a", { hasText: /^runDoctor$/ }).waitFor();
    assert.deepEqual(await found(page), ["runDoctor", RUN_DOCTOR]);
    await first.click();
    await page.waitForURL("**/api/propelauth-mcp/doctor/~/runDoctor.html");

    await page.getByText('from "@x/propelauth-mcp/doctor";').first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("proxy buffering");
    assert.equal(await first.textContent(), "Behind nginx");
    await first.click();
    await page.waitForURL("**/deploy.html#behind-nginx");

    await page.getByRole("link", { name: "API of @x/propelauth-mcp" }).click();
    await page.getByText("createPropelAuth").first().waitFor();
    await page.getByRole("link", { name: "@x/propelauth-mcp/otel" }).click();
    await page.getByText("otelEvents").first().waitFor();
    await page.getByRole("link", { name: "Guides" }).click();
    await page.waitForURL(`${site.origin}/index.html`);

    await page.goto(pathToFileURL(join(site.folder, "index.html")).href);
    await page.locator("#query").fill("proxy buffering");
    assert.equal(await first.textContent(), "Behind nginx");
    await page.locator("#query").fill("cache ttl");
    await page.locator("#results a", { hasText: "cacheTtlSeconds" }).first().click();
    await page.waitForURL(/^file:.+cacheTtlSeconds\.html$/);
    await page.locator(".sourceButton").first().dispatchEvent("click");
    await page.waitForURL(/^file:.+\.ts\.html#L\d+$/);
    assert.match(await page.locator(":target").textContent() ?? "", /cacheTtlSeconds/);
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});

test("no page is wider than a small phone, and what is found is in sight there", async () => {
  await using site = await serveSite();
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 320, height: 700 } });
    const guides = (await readdir(site.folder)).filter((name) => name.endsWith(".html"));
    assert(guides.length > 10);
    for (const name of [...guides, ...API_PAGES]) {
      await page.goto(`${site.origin}/${name}`);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert(Number(width) <= 320, `${name} is ${width} pixels wide`);
    }
    for (const name of ["setup.html", "api/propelauth-mcp/index.html"]) {
      await page.goto(`${site.origin}/${name}`);
      await page.locator("#query").fill("cache ttl");
      const hit = await page.locator("#results a").first().boundingBox();
      assert(hit && hit.y < 350, `${name}: what is found is out of sight, at ${hit?.y}`);
      const box = await page.locator("#query").boundingBox();
      assert(box && box.width > 200, `${name}: one types into ${box?.width} pixels`);
    }
  } finally {
    await browser.close();
  }
});
