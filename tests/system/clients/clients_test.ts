/**
 * Clients that people use, as they are: the MCP Inspector's command line and mcp-remote log in to
 * the example servers, on Deno from source and on Node from the packed package, and call a tool.
 * Only the user at the browser is played, by `authorizeAs`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { block } from "../../support/guides.ts";
import { assertCaller, find, logIn, node, SERVERS, serving, tools } from "./served_examples.ts";

const inspector = join(
  tools,
  "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
);
/** The configuration that docs/connect.md gives to Claude Desktop. */
const { command, args: bridge }: { command: string; args: string[] } =
  JSON.parse(block("connect.md", "json", "mcp-remote")).mcpServers.reports;

for (const { server, run, eras } of SERVERS) {
  for (const era of eras) {
    test(
      `the Inspector logs in and calls a tool, ${era} era: ${server}`,
      { timeout: 60_000 },
      () =>
        serving(run, async (url, port, env) => {
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
      serving(run, async (url, port, env) => {
        const args = bridge.map((arg) =>
          arg.replace(/^http.+/, url).replace(/^3334$/, String(port))
        );
        const whoami = async (onStarted: (stderr: Readable) => Promise<unknown>): Promise<void> => {
          // Here `npx` finds the version that is pinned.
          const transport = new StdioClientTransport({
            command,
            args,
            env,
            cwd: tools,
            stderr: "pipe",
          });
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
        await whoami(async (stderr) => {
          const asked = await logIn(stderr);
          // The address that docs/connect.md has PropelAuth allow.
          const back = asked.searchParams.get("redirect_uri");
          assert.equal(back, `http://localhost:${port}/oauth/callback`);
        });
        // With its tokens in its home it needs nobody at a browser.
        await whoami(() => Promise.resolve());
      }),
  );
}
