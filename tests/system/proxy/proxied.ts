/**
 * Starts an MCP server, `examples/proxy.ts` before it, and calls the server's tool through both.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/index"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type LocalUser, startLocalPropelAuth } from "@x/propelauth-local";
import { variablesOf } from "../../support/programs.ts";
import { freePort } from "../../support/ports.ts";

/** A program that serves MCP at `/mcp` of a port. */
export interface Upstream {
  readonly program: string;
  readonly args: (port: number) => string[];
  readonly cwd?: string;
}

const START_SECONDS = 60;

/** Waits until a program listens; a program cannot say it in one way for all languages. */
async function untilListening(port: number): Promise<void> {
  const end = Date.now() + START_SECONDS * 1000;
  while (Date.now() < end) {
    const socket = connect(port, "127.0.0.1");
    const [listens] = await Promise.race([
      once(socket, "connect").then(() => [true]),
      once(socket, "error").then(() => [false]),
    ]).catch(() => [false]);
    socket.destroy();
    if (listens) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`No program listens on port ${port} after ${START_SECONDS} s`);
}

function startProcess(program: string, args: string[], options: Deno.CommandOptions) {
  const process = new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  })
    .spawn();
  return {
    async [Symbol.asyncDispose]() {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has already ended.
      }
      await process.status;
    },
  };
}

/** Calls `whoami` through the proxy with a client of each SDK major; returns the two texts. */
export async function callThroughProxy(upstream: Upstream): Promise<{
  user: LocalUser;
  texts: unknown[];
}> {
  await using local = await startLocalPropelAuth({ log: () => {} });
  const [user] = local.users;
  assert(user !== undefined);
  const [inner, outer] = [await freePort(), await freePort()];
  await using _server = startProcess(upstream.program, upstream.args(inner), {
    ...(upstream.cwd !== undefined && { cwd: upstream.cwd }),
  });
  await using _proxy = startProcess(Deno.execPath(), [
    "run",
    "--quiet",
    "--no-check",
    "--allow-all",
    "examples/proxy.ts",
  ], {
    env: {
      ...variablesOf(local, `http://127.0.0.1:${outer}`),
      UPSTREAM_URL: `http://127.0.0.1:${inner}/mcp`,
    },
  });
  await Promise.all([untilListening(inner), untilListening(outer)]);
  const url = new URL(`http://127.0.0.1:${outer}/mcp`);
  assert.equal((await fetch(url, { method: "POST" })).status, 401);
  const token = await local.mintToken({ subject: user.id, scopes: [], resource: url.href });
  const options = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
  const info = { name: "test", version: "1.0.0" };
  const v1 = new ClientV1(info);
  const transport = new TransportV1(url, options);
  await v1.connect(transport as Parameters<typeof v1.connect>[0]);
  const v2 = new Client(info, { versionNegotiation: { mode: "auto" } });
  await v2.connect(new StreamableHTTPClientTransport(url, options));
  const texts: unknown[] = [];
  for (const client of [v1, v2]) {
    const { content } = await client.callTool({ name: "whoami", arguments: {} });
    texts.push(Array.isArray(content) ? content[0]?.text : content);
    await client.close();
  }
  return { user, texts };
}
