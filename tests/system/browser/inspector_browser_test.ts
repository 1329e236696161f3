/**
 * The MCP Inspector's page in a real browser: started by the guide's own command, a user adds the
 * server, logs in by clicking and calls a tool. What is pressed is what the guide names.
 *
 * Needs what `.ci/tools` installs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startLocalPropelAuth } from "@x/propelauth-local";
import type { Page } from "playwright-core";
import { command, GUIDES } from "../../support/guides.ts";
import { start, variablesOf } from "../../support/programs.ts";
import { launchBrowser, logIn } from "./browser.ts";

const tools = fileURLToPath(new URL("../../../.ci/tools/", import.meta.url));
const installed = join(tools, "node_modules/@modelcontextprotocol/inspector");
const nodeFolder = join(tools, "node_modules/node22/bin");
assert(existsSync(installed) && existsSync(nodeFolder), "first: npm ci --prefix .ci/tools");

const guide = GUIDES.get("connect.md") ?? assert.fail();
const section = /^## MCP Inspector\n([^]*?)(?=^## )/m.exec(guide)?.[1] ?? assert.fail();
const stepUpRow = /^\| MCP Inspector +\|(.+)\|$/m.exec(guide)?.[1] ?? assert.fail();
const redirectRow = /^\| MCP Inspector, web +\| `(\S+)`/m.exec(guide)?.[1] ?? "";
/** Where the guide says that the Inspector comes back to, when no other port is asked for. */
const usual = new URL(redirectRow);
const COMMAND = command("connect.md", "npx @modelcontextprotocol/inspector");
/** The page's address as it is printed, with the token that the page needs. */
const ADDRESS = /http:\S+\?MCP_INSPECTOR_API_TOKEN=\S+/;

const local = await startLocalPropelAuth({ log: () => {} });
const user = local.users[0] ?? assert.fail();
const folder = await mkdtemp(join(tmpdir(), "inspector-"));
const browser = await launchBrowser();
after(async () => {
  await browser.close();
  await local.close();
  await rm(folder, { recursive: true });
});

const ERAS = [
  { era: "Legacy", protocol: "2025-11-25" },
  { era: "Modern", protocol: "2026-07-28" },
];

for (const { era, protocol } of ERAS) {
  test(
    `a user logs in and calls a tool in the Inspector's page, protocol era ${era}`,
    { timeout: 60_000 },
    async () => {
      const [port, pagePort] = await findPorts();
      const mcpUrl = `http://127.0.0.1:${port}/mcp`;
      await using server = startServer(port);
      await server.until(/MCP endpoint: /);
      await using inspector = await startInspector(COMMAND, { CLIENT_PORT: String(pagePort) });
      await using opened = await openPage(await inspector.until(ADDRESS));
      const { page, requests } = opened;

      await addServer(page, "reports", mcpUrl);
      if (era !== "Legacy") await chooseEra(page, "reports", era);
      await connectAs(page, "reports", user.email);
      await cardOf(page, "reports").getByText(`MCP ${protocol}`).waitFor();
      await callWhoami(page, [user.id, user.email, ...local.scopes]);

      const origin = usual.origin.replace(usual.port, String(pagePort));
      const login = requests.find((url) => url.startsWith(`${local.authUrl}/oauth/2.1/authorize?`));
      const asked = new URL(login ?? "").searchParams;
      assert.equal(asked.get("redirect_uri"), `${origin}${usual.pathname}`);
      assert.equal(asked.get("resource"), mcpUrl);
      // It is the Inspector's own Node that calls the server, as the guide says: the page never does.
      const origins = new Set(requests.map((url) => new URL(url).origin));
      assert.deepEqual(origins, new Set([origin, local.authUrl]));
    },
  );
}

test(
  "the command that `deno task dev` prints opens the Inspector's page, where a tool asks for more",
  { timeout: 60_000 },
  async () => {
    await using dev = start("dev", ["--scopes", "--port", "0", "--auth-port", "0"]);
    const banner = await dev.until(/[^]+inspector http\S+\n/);
    const printed = /npx @modelcontextprotocol\/inspector (\S+)/.exec(banner) ?? assert.fail();
    const [pagePort] = await findPorts();
    await using inspector = await startInspector(printed[0], { CLIENT_PORT: String(pagePort) });
    await using opened = await openPage(await inspector.until(ADDRESS));
    const { page } = opened;
    // Only then does the page have its final shape, without what edits servers.
    await page.getByText("Read-only session").waitFor();
    await connectAs(page, new URL(printed[1] ?? "").host, user.email, [
      "write:reports",
      "admin:org",
    ]);

    await page.getByText(named("Tools"), { exact: true }).click();
    await page.getByRole("button", { name: "add_report", exact: true }).click();
    await page.getByRole("textbox", { name: "title" }).fill("Second quarter");
    await page.getByRole("button", { name: named("Execute Tool") }).click();
    const dialog = page.getByRole("dialog", { name: "Additional permissions required" });
    for (const scope of [/^read:reports\s*already granted$/i, /^write:reports\s*new$/i]) {
      await dialog.getByRole("listitem").filter({ hasText: scope }).waitFor();
    }
    await dialog.getByRole("button", { name: named("Authorize") }).click();
    await page.getByRole("button", { name: "Allow" }).click();
    // It comes back to the tool as it was left.
    await page.getByRole("button", { name: named("Execute Tool") }).click();
    await page.getByText("Added Second quarter").waitFor();
  },
);

test("the Inspector wants the port and the Node that the guide names", async () => {
  const held = await hold(Number(usual.port));
  try {
    await using inspector = await startInspector(COMMAND, {});
    await inspector.until(new RegExp(`PORT IS IN USE at ${usual.origin}\n`));
    assert.equal(await inspector.ended, 1);
  } finally {
    held?.close();
  }
  const { engines } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.equal(`>=${/Node (\S+) or later/.exec(section)?.[1]}.0`, engines.node);
  named("PORT IS IN USE");
  named("CLIENT_PORT");
});

/** Takes care that the guide names what is pressed. */
function named(label: string): string {
  assert((section + stepUpRow).includes(label), `the guide does not name ${label}`);
  return label;
}

/** Starts the example, protected by the local PropelAuth. */
function startServer(port: number) {
  return start("serve", [], {
    example: "examples/server.ts",
    env: variablesOf(local, `http://127.0.0.1:${port}`),
  });
}

/** Runs a command where npx finds the pinned Inspector, in a home of its own. */
async function startInspector(command: string, env: Record<string, string>) {
  const child = spawn("sh", ["-c", command], {
    cwd: tools,
    env: {
      PATH: [nodeFolder, process.env["PATH"]].join(delimiter),
      HOME: await mkdtemp(join(folder, "home-")),
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
      MCP_AUTO_OPEN_ENABLED: "false",
      MCP_INSPECTOR_SECRET_STORE: "memory",
      // Two more that it listens on; any will do.
      MCP_SANDBOX_PORT: "0",
      MCP_APP_ORIGIN_PORT: "0",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that npx's children end with it.
    detached: true,
  });
  let text = "";
  let more = Promise.withResolvers<void>();
  const hear = (part = ""): void => {
    text += part;
    more.resolve();
    more = Promise.withResolvers();
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", hear);
  let open = true;
  const ended = once(child, "close").then(([code]): unknown => {
    open = false;
    hear();
    return code;
  });
  return {
    /** Its exit code, once it and its children have ended. */
    ended,
    /** Waits for text on either output. */
    async until(pattern: RegExp): Promise<string> {
      for (;;) {
        const [found] = pattern.exec(text) ?? [];
        if (found !== undefined) return found;
        assert(open, `the Inspector ended without ${pattern}: ${text}`);
        await more.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      if (open && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await ended;
    },
  };
}

/** Opens it as a user who has never been there, in a browser that reaches this machine alone. */
async function openPage(address: string) {
  const context = await browser.newContext();
  // The page's fonts are elsewhere; it does without.
  await context.route((url) => url.hostname !== "127.0.0.1", (route) => route.abort());
  const page = await context.newPage();
  const requests: string[] = [];
  const problems: string[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).hostname === "127.0.0.1") requests.push(request.url());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(address);
  return {
    page,
    requests,
    async [Symbol.asyncDispose]() {
      await context.close();
      assert.deepEqual(problems, []);
    },
  };
}

async function addServer(page: Page, id: string, url: string): Promise<void> {
  await page.getByRole("button", { name: named("Add Servers") }).click();
  await page.getByRole("menuitem", { name: named("Add manually") }).click();
  const dialog = page.getByRole("dialog", { name: "Add server" });
  await dialog.getByRole("textbox", { name: named("Server ID") }).fill(id);
  await dialog.getByRole("textbox", { name: named("Transport") }).click();
  await page.getByRole("option", { name: named("streamable-http") }).click();
  await dialog.getByRole("textbox", { name: named("URL") }).fill(url);
  await dialog.getByRole("button", { name: named("Add"), exact: true }).click();
}

/** Switches a server on, and logs in where that leads. */
async function connectAs(page: Page, id: string, email: string, declined?: readonly string[]) {
  const card = cardOf(page, id);
  await card.getByText("Disconnected", { exact: true }).waitFor();
  // The switch is an `input` below its picture: it is pressed by key, which works for a user too.
  await card.getByRole("switch").press("Space");
  await logIn(page, email, declined);
  await card.getByText(named("Connected"), { exact: true }).waitFor();
}

async function callWhoami(page: Page, expected: readonly string[]): Promise<void> {
  await page.getByText(named("Tools"), { exact: true }).click();
  await page.getByRole("button", { name: "echo", exact: true }).waitFor();
  await page.getByRole("button", { name: "whoami", exact: true }).click();
  await page.getByRole("button", { name: named("Execute Tool") }).click();
  for (const value of expected) {
    await page.getByText(JSON.stringify(value), { exact: true }).waitFor();
  }
}

/** The innermost element with both the switch and a button of a server. */
function cardOf(page: Page, id: string) {
  return page.locator("*")
    .filter({ has: page.getByRole("switch", { name: `"${id}"` }) })
    .filter({ has: page.getByRole("button", { name: "Copy", exact: true }) })
    .last();
}

async function chooseEra(page: Page, id: string, era: string): Promise<void> {
  await cardOf(page, id).getByRole("button", { name: named("Settings"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Server Settings" });
  await dialog.getByRole("textbox", { name: named("Protocol Era") }).click();
  await page.getByRole("option", { name: named(era) }).click();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "hidden" });
}

/** Holds a port; gives nothing when another program does so already. */
async function hold(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, usual.hostname), "listening");
    return server;
  } catch (error) {
    assert(error instanceof Error && "code" in error && error.code === "EADDRINUSE", String(error));
    return undefined;
  }
}

/** Ports that are free now, all different. */
async function findPorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(servers.map(async (server) => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    return (server.address() as AddressInfo).port;
  }));
  for (const server of servers) server.close();
  const [first = 0, second = 0] = ports;
  return [first, second];
}
