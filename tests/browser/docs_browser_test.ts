/** The site of the guides in a real browser: pages, search, a small screen. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launchBrowser } from "./browser.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
};

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
    // The pages that Deno makes have no icon; browsers ask for one all the same.
    if (path === "/favicon.ico") return response.writeHead(204).end();
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

test("the guides are found by searching, and read on a phone too", async () => {
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

    await page.getByRole("link", { name: "API reference" }).click();
    await page.getByText("createPropelAuth").first().waitFor();
    await page.goBack();

    await page.setViewportSize({ width: 360, height: 700 });
    for (const name of ["index", "deploy", "troubleshoot", "migrate"]) {
      await page.goto(`${site.origin}/${name}.html`);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert(Number(width) <= 360, `${name}.html is ${width} pixels wide`);
    }

    await page.goto(pathToFileURL(join(site.folder, "index.html")).href);
    await page.locator("#query").fill("proxy buffering");
    assert.equal(await first.textContent(), "Behind nginx");
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});
