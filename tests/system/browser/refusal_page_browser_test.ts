/** The MCP URL in a real browser, without credentials: a page says what is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHarness } from "../../support/harness.ts";
import { launchBrowser } from "./browser.ts";

test("handler() shows a page of one sentence when a user opens the MCP URL", async () => {
  const { auth } = createHarness({ baseUrl: "http://127.0.0.1:8000" });
  const handler = auth.handler(() => assert.fail("reached"));
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const response = await page.goto(`http://127.0.0.1:${server.addr.port}/mcp`);
    assert.equal(response?.status(), 401);
    assert.match(response.headers()["www-authenticate"] ?? "", /^Bearer resource_metadata="/);
    assert.match(await page.innerText("body"), /^This is an MCP server: [^.]+\.$/);
  } finally {
    await browser.close();
  }
});
