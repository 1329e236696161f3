/**
 * Clients that people use, as they are: the MCP Inspector's command line and mcp-remote log in to
 * the example servers, on Deno from source and on Node from the packed package, and call a tool.
 * Only the user at the browser is played, by `authorizeAs`.
 *
 * Needs what `.ci/tools` installs and what `.ci/pack` makes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { authorizeAs, startLocalPropelAuth } from "@x/propelauth-local";
import { start } from "../programs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tools = join(root, ".ci/tools/node_modules");
const served = join(root, ".ci/out/node/package/tests/clients/serve_on_node.js");
/** The oldest Node that the packages promise to run on, and one that the Inspector wants. */
const oldNode = join(tools, "node20/bin/node");
const node = join(tools, "node22/bin/node");
const inspector = join(tools, "@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const mcpRemote = join(tools, "mcp-remote/dist/proxy.js");
assert(existsSync(node) && existsSync(oldNode), "first: npm ci --prefix .ci/tools");
assert(existsSync(served), "first: .ci/pack");

const local = await startLocalPropelAuth({ log: () => {} });
const folder = await mkdtemp(join(tmpdir(), "clients-"));
after(async () => {
  await local.close();
  await rm(folder, { recursive: true });
});
const user = local.users[0] ?? assert.fail();

/** Starts the example on one runtime, and runs a test against it. */
interface Server {
  readonly server: string;
  readonly eras: readonly ("legacy" | "modern")[];
  readonly run: (env: Record<string, string>, act: () => Promise<void>) => Promise<void>;
}

const onDeno = (example: string): Server["run"] => async (env, act) => {
  await using program = start("serve", [], { example: `examples/${example}.ts`, env });
  await program.until(/MCP endpoint: /);
  await act();
};

const onNode = (example: string): Server["run"] => async (env, act) => {
  const child = spawn(oldNode, [served, `${example}.js`], { env });
  try {
    await find(child.stdout, /MCP endpoint: /);
    await act();
  } finally {
    child.kill();
  }
};

const SERVERS: Server[] = [
  { server: "server.ts on Deno", run: onDeno("server"), eras: ["legacy", "modern"] },
  { server: "server_v1.ts on Deno", run: onDeno("server_v1"), eras: ["legacy"] },
  { server: "server.ts on Node", run: onNode("server"), eras: ["legacy", "modern"] },
  { server: "server_v1.ts on Node", run: onNode("server_v1"), eras: ["legacy"] },
];

for (const { server, run, eras } of SERVERS) {
  /** Runs a test with the URL of the server, a free port and an empty home. */
  const serving = async (
    act: (url: string, callbackPort: number, env: Record<string, string>) => Promise<void>,
  ): Promise<void> => {
    const [port, callbackPort] = await findPorts();
    const home = await mkdtemp(join(folder, "home-"));
    const origin = `http://127.0.0.1:${port}`;
    await run({
      PROPELAUTH_AUTH_URL: local.authUrl,
      PROPELAUTH_INTROSPECTION_CLIENT_ID: local.introspectionClientId,
      PROPELAUTH_INTROSPECTION_CLIENT_SECRET: local.introspectionClientSecret,
      SERVER_URL: origin,
      // No PATH, hence no browser.
    }, () => act(`${origin}/mcp`, callbackPort, { HOME: home, PATH: "/nowhere" }));
  };

  for (const era of eras) {
    test(
      `the Inspector logs in and calls a tool, ${era} era: ${server}`,
      { timeout: 60_000 },
      () =>
        serving(async (url, port, env) => {
          const child = spawn(node, [
            ...[inspector, "--cli", url, "--transport", "http", "--protocol-era", era],
            ...["--method", "tools/call", "--tool-name", "whoami", "--format", "json"],
            ...["--callback-url", `http://127.0.0.1:${port}/oauth/callback`],
          ], {
            env: { ...env, MCP_AUTO_OPEN_ENABLED: "true", MCP_INSPECTOR_SECRET_STORE: "memory" },
          });
          try {
            const ended = once(child, "close");
            const printed = find(child.stdout, /\{"result".*(?=\n)/);
            await logIn(child.stderr);
            assertCaller(JSON.parse(await printed).result);
            assert.deepEqual(await ended, [0, null]);
          } finally {
            child.kill();
          }
        }),
    );
  }

  test(
    `mcp-remote logs in, and remembers it: ${server}`,
    { timeout: 60_000 },
    () =>
      serving(async (url, port, env) => {
        const args = [mcpRemote, url, String(port), "--host", "127.0.0.1"];
        const whoami = async (onStarted: (stderr: Readable) => Promise<unknown>): Promise<void> => {
          const transport = new StdioClientTransport({ command: node, args, env, stderr: "pipe" });
          const client = new Client({ name: "behind-mcp-remote", version: "1.0.0" });
          try {
            const connected = client.connect(transport);
            const { stderr } = transport;
            assert(stderr instanceof Readable);
            await Promise.all([connected, onStarted(stderr)]);
            assertCaller(await client.callTool({ name: "whoami" }));
          } finally {
            await client.close();
          }
        };
        await whoami(logIn);
        // With its tokens in its home it needs nobody at a browser.
        await whoami(() => Promise.resolve());
      }),
  );
}

/** Does what the user does: opens the address that the client prints, and is sent back to it. */
async function logIn(stderr: Readable): Promise<void> {
  const url = await find(stderr, /http\S+\/oauth\/2\.1\/authorize\?\S+(?=\s)/);
  const back = await fetch(await authorizeAs(url, user.email));
  assert.equal(back.status, 200, await back.text());
}

/** The tool `whoami` names the user who logged in. */
function assertCaller(result: unknown): void {
  const { content } = result as { content: { text: string }[] };
  const { user: id, email, scopes } = JSON.parse(content[0]?.text ?? "");
  assert.deepEqual([id, email], [user.id, user.email]);
  assert.deepEqual(scopes, local.scopes);
}

/** Waits for text on a stream; says what came instead when that ends without it. */
async function find(stream: Readable, pattern: RegExp): Promise<string> {
  let text = "";
  return await new Promise((resolve, reject) => {
    stream.on("data", (part) => {
      text += part;
      const [found] = pattern.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    stream.on("end", () => reject(new Error(`ended without ${pattern}: ${text}`)));
  });
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
