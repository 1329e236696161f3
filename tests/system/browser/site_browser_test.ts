/**
 * The built site in a real browser, at the widths of a phone and of a laptop, light and dark.
 *
 * Needs Node and npm, which install VitePress and run it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { root } from "../../support/root.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".md": "text/markdown; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
};
const WIDTHS = [375, 1280];
const SCHEMES = ["light", "dark"] as const;

/** The folder of a built site, by which the gate has it built once. */
const { SITE } = process.env;
const folder = SITE ?? await mkdtemp(join(tmpdir(), "site-"));
if (SITE === undefined) {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "docs", "--output", folder],
    cwd: fileURLToPath(root),
  }).output();
  // `deno task docs` fails if a link is dead.
  assert(success, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /^\d+ pages in .+\n$/m);
}
const FILES = (await readdir(folder, { recursive: true })).map(String);

const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? "/", "http://site").pathname.replace(/\/$/, "/index.html");
  const body = await readFile(join(folder, path)).catch(() => undefined);
  response.writeHead(body ? 200 : 404, { "Content-Type": TYPES[extname(path)] ?? "image/png" });
  response.end(body);
}).listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
assert(typeof address === "object" && address !== null);
const origin = `http://127.0.0.1:${address.port}`;
const browser = await launchBrowser();
after(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  if (SITE === undefined) await rm(folder, { recursive: true });
});

/** Opens a page, gives it to `use`, and fails if the page reported an error. */
async function visit(
  path: string,
  width: number,
  colorScheme: "light" | "dark",
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  try {
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin)) problems.push(`asks ${request.url()}`);
    });
    await page.goto(origin + path, { waitUntil: "networkidle" });
    await use(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

/** Types into the search, and gives the titles that are found, from the page down to the section. */
async function search(page: Page, query: string): Promise<string[]> {
  await page.keyboard.press("Control+k");
  await page.locator(".search-input").fill(query);
  await page.locator(".result").first().waitFor();
  // The excerpts are there last, and with them the marks.
  await page.locator(".result mark").first().waitFor();
  const results = await page.locator(".result .titles").allInnerTexts();
  return results.map((titles) => titles.replace(/\s*[\n#]+\s*/g, " > ").replace(/^ > /, ""));
}

test("deno task docs builds a page for every guide and entry, and each as Markdown", () => {
  const pages = ["index", "guides", "setup", "project/security", "api/propelauth-mcp/doctor"];
  for (const page of pages) {
    for (const type of [".html", ".md"]) assert(FILES.includes(page + type), page + type);
  }
  for (const file of ["llms.txt", "llms-full.txt"]) assert(FILES.includes(file), file);
});

test("no file of the site names a folder of the machine that built it", async () => {
  for (const file of FILES.filter((file) => /\.(html|js|json|md|txt)$/.test(file))) {
    const text = await readFile(join(folder, file), "utf8");
    assert(!text.includes(fileURLToPath(root)) && !text.includes(folder), file);
  }
});

const QUERIES: [query: string, first: RegExp, marked: string][] = [
  ["proxy buffering", /^Deploy > Behind nginx$/, "proxy"],
  ["cache ttl", / > cacheTtlSeconds$/, "cacheTtlSeconds"],
  ["runDoctor", /^@x\/propelauth-mcp\/doctor > runDoctor$/, "runDoctor"],
  ["caching and revocation", /^@x\/propelauth-mcp > Caching and revocation$/, "revocation"],
  ["a whole server", / > A whole server$/, "server"],
  ["outcomes", /> Outcomes$/, "Outcomes"],
  ["differences from", /> Differences from FastMCP/, "Differences"],
  ["troubleshoot", /^Troubleshoot$/, "Troubleshoot"],
];

for (const width of WIDTHS) {
  test(`the search ranks titles first and marks the place, at ${width} pixels`, () =>
    visit("/setup.html", width, "light", async (page) => {
      for (const [query, first, marked] of QUERIES) {
        const [found = ""] = await search(page, query);
        assert.match(found, first, query);
        const marks = await page.locator(".result").first().locator("mark").allInnerTexts();
        assert(marks.some((mark) => mark.includes(marked)), `${query}: ${marks}`);
        await page.keyboard.press("Escape");
      }
    }));
}

test("the search takes arrow keys and Enter, and leads to the section", () =>
  visit("/setup.html", 1280, "dark", async (page) => {
    const selected = page.locator(".result.selected .titles");
    const [first, second] = await search(page, "cache ttl");
    const read = async () => (await selected.innerText()).split("\n").at(-1);
    assert.equal(await read(), first?.split(" > ").at(-1));
    await page.keyboard.press("ArrowDown");
    assert.equal(await read(), second?.split(" > ").at(-1));
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL(
      /\/api\/propelauth-mcp\.html#TokenIntrospectionOverrides-cacheTtlSeconds$/,
    );
    const box = await page.locator("#TokenIntrospectionOverrides-cacheTtlSeconds").boundingBox();
    assert(box && box.y >= 0 && box.y < 300, `the section is at ${box?.y}`);
  }));

test("on a phone the list of pages and that of sections fold away", () =>
  visit("/setup.html", 375, "light", async (page) => {
    const list = page.locator(".VPSidebar");
    const rightEdge = async () => {
      const box = await list.boundingBox();
      return box === null ? 0 : box.x + box.width;
    };
    assert(await rightEdge() <= 0, "the list is open at first");
    await page.getByRole("button", { name: "Menu" }).click();
    await list.getByRole("heading", { name: "Run" }).waitFor();
    await list.getByRole("link", { name: "Deploy" }).click();
    await page.waitForURL("**/deploy.html");
    while (await rightEdge() > 0) await page.waitForTimeout(50);
    const sections = page.getByRole("button", { name: "On this page" });
    await sections.click();
    await page.locator(".VPLocalNavOutlineDropdown .items a", { hasText: "nginx" }).click();
    await page.waitForURL("**/deploy.html#behind-nginx");
  }));

test("on a laptop a guide shows groups, sections, colours, and the next page", () =>
  visit("/scopes.html", 1280, "light", async (page) => {
    const list = page.locator(".VPSidebar");
    for (const group of ["Start", "Build", "Run", "API", "Project"]) {
      await list.getByRole("heading", { name: group, exact: true }).waitFor();
    }
    await page.locator(".VPDocAsideOutline").getByRole("link", { name: "Hierarchy" }).click();
    await page.waitForURL("**/scopes.html#hierarchy");
    const colours = await page.evaluate(`new Set([...document.querySelectorAll(
      "div.language-ts pre.shiki span span"
    )].map((span) => getComputedStyle(span).color)).size`);
    assert(Number(colours) > 3, `${colours} colours`);
    const pager = page.locator(".VPDocFooter");
    assert.match(await pager.locator(".prev").innerText(), /Migrate/);
    await pager.locator(".next").click();
    await page.waitForURL("**/organizations.html");
  }));

test("a block of code is copied as it is", () =>
  visit("/index.html", 1280, "light", async (page) => {
    const block = page.locator("div.language-ts").first();
    await block.hover();
    await block.getByRole("button", { name: "Copy" }).click();
    const copied = String(await page.evaluate("navigator.clipboard.readText()"));
    const readme = await readFile(new URL("README.md", root), "utf8");
    assert(readme.includes(`\`\`\`ts\n${copied.trimEnd()}\n\`\`\``), copied);
  }));

test("a link to a source leads to the line", () =>
  visit("/api/propelauth-mcp/doctor.html", 1280, "dark", async (page) => {
    await page.getByRole("link", { name: "Source" }).first().click();
    await page.waitForURL(/\/files\/src\/[\w/]+\.ts\.html#L\d+$/);
    const line = page.locator(new URL(page.url()).hash);
    assert.match(await line.innerText(), /^export /);
    const box = await line.boundingBox();
    assert(box && box.y >= 0 && box.y < 300, `the line is at ${box?.y}`);
  }));

/** A page of each kind. */
const KINDS = [
  "/index.html",
  "/setup.html",
  "/api/propelauth-mcp.html",
  "/files/examples/server.ts.html",
];

for (const width of WIDTHS) {
  for (const scheme of SCHEMES) {
    test(`guides and API look alike at ${width} pixels, ${scheme}`, async () => {
      const looks: unknown[] = [];
      for (const path of KINDS) {
        await visit(path, width, scheme, async (page) => {
          looks.push(
            await page.evaluate(`["body", ".VPDoc h1", ".VPDoc pre"].map((selector) => {
              const { color, backgroundColor, fontFamily } =
                getComputedStyle(document.querySelector(selector));
              return [selector, color, backgroundColor, fontFamily];
            })`),
          );
          const [paper = 0] = String(
            await page.evaluate("getComputedStyle(document.body).backgroundColor"),
          ).match(/\d+/g)?.map(Number) ?? [];
          assert.equal(paper < 128, scheme === "dark", `${path}: ${paper}`);
        });
      }
      for (const look of looks) assert.deepEqual(look, looks[0]);
    });
  }
}

test("a table on a phone breaks no name", () =>
  visit("/index.html", 375, "light", async (page) => {
    const broken = await page.evaluate(`[...document.querySelectorAll("td code")].filter((code) =>
      /^\\w+$/.test(code.textContent) && code.getClientRects().length > 1
    ).map((code) => code.textContent)`);
    assert.deepEqual(broken, []);
  }));

test("no page is wider than a small phone or has a dead link", () =>
  visit("/index.html", 320, "light", async (page) => {
    const pages = FILES.filter((file) => file.endsWith(".html") && !/^files|^404/.test(file));
    assert(pages.length > 30);
    const ids = new Map<string, string[]>();
    const links: [path: string, link: string][] = [];
    for (const path of [...pages, "files/examples/server.ts.html"]) {
      await page.goto(`${origin}/${path}`);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert(Number(width) <= 320, `${path} is ${width} pixels wide`);
      ids.set(path, await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id)));
      const shown = await page.locator("a").evaluateAll((all) => all.map(String));
      links.push(...shown.map((link): [string, string] => [path, link]));
    }
    for (const [path, link] of links) {
      if (!link.startsWith(origin)) continue;
      const { pathname, hash } = new URL(link);
      const target = pathname.slice(1) || "index.html";
      assert(FILES.includes(target), `${path} links to ${link}`);
      const known = ids.get(target);
      const isThere = hash === "" || known?.includes(decodeURIComponent(hash.slice(1)));
      assert(isThere ?? true, `${path} links to ${link}`);
    }
  }));
