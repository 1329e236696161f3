/**
 * Starts the servers of `examples/frameworks/` with a local PropelAuth, and checks what all of them do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/index"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type LocalPropelAuth, startLocalPropelAuth } from "@x/propelauth-local";
import { freePort } from "../support/ports.ts";

let local: LocalPropelAuth;

/** Starts a local PropelAuth, which runs until the tests of the file have ended. */
export async function openLocal(): Promise<void> {
  const opened = await startLocalPropelAuth({ log: () => {} });
  after(() => opened.close());
  local = opened;
}

/** The environment variables that an example reads. */
export function environment(origin: string): Record<string, string> {
  return {
    PROPELAUTH_AUTH_URL: local.authUrl,
    PROPELAUTH_INTROSPECTION_CLIENT_ID: local.introspectionClientId,
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: local.introspectionClientSecret,
    SERVER_URL: origin,
  };
}

/** A server in a process of its own. */
export interface Program {
  readonly origin: string;
  /** Everything that it has printed so far. */
  readonly printed: () => string;
  /** Settles when it has ended, by itself or by `end()`. */
  readonly ended: Promise<unknown>;
  readonly end: (signal?: "SIGTERM" | "SIGKILL") => Promise<void>;
}

/**
 * Starts a server in a process of its own, and waits until it prints that it listens.
 *
 * @param program The executable.
 * @param args Returns the arguments for a port.
 * @param env Variables in addition to those that every example reads.
 */
export async function startProgram(
  program: string,
  args: (port: number) => string[],
  env: Record<string, string> = {},
): Promise<Program> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const child = spawn(program, args(port), {
    env: { ...process.env, ...environment(origin), PORT: String(port), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  let text = "";
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (part) => {
        text += part;
        if (/MCP endpoint|Listening on/.test(text)) resolve();
      });
    }
    closed.then(() => reject(new Error(`The program ended, and printed ${text}`)));
  });
  return {
    origin,
    printed: () => text,
    ended: closed,
    async end(signal = "SIGTERM") {
      child.kill(signal);
      await closed;
    },
  };
}

/**
 * Starts a server in a process of its own, exercises it and ends it.
 *
 * @param program The executable.
 * @param args Returns the arguments for a port.
 * @param root The status that it answers at its root.
 */
export async function exerciseProgram(
  program: string,
  args: (port: number) => string[],
  root: number,
): Promise<void> {
  const { origin, end } = await startProgram(program, args);
  try {
    await exercise(origin, fetch);
    assert.equal((await fetch(origin)).status, root);
  } finally {
    await end();
  }
}

/** The ids of the local PropelAuth's users. */
export function listUserIds(): string[] {
  return local.users.map(({ id }) => id);
}

/** Mints a token for a resource, without scopes. */
export async function mintToken(resource: string, subject: string): Promise<string> {
  return await local.mintToken({ subject, scopes: [], resource });
}

/** Calls `whoami` with a client of each SDK major. */
async function whoami(url: string, fetch: typeof globalThis.fetch): Promise<void> {
  const [userId = ""] = listUserIds();
  const token = await mintToken(url, userId);
  const options = { fetch, requestInit: { headers: { Authorization: `Bearer ${token}` } } };
  const info = { name: "test", version: "1.0.0" };
  const v1 = new ClientV1(info);
  const transport = new TransportV1(new URL(url), options);
  await v1.connect(transport as Parameters<typeof v1.connect>[0]);
  const v2 = new Client(info, { versionNegotiation: { mode: "auto" } });
  await v2.connect(new StreamableHTTPClientTransport(new URL(url), options));
  const calls = [await v1.callTool({ name: "whoami" }), await v2.callTool({ name: "whoami" })];
  await Promise.all([v1.close(), v2.close()]);
  assert.deepEqual(calls.map(({ content }) => content), [
    [{ type: "text", text: userId }],
    [{ type: "text", text: userId }],
  ]);
}

/** Checks the refusal, the metadata and the preflight of a server, and calls its tool. */
export async function exercise(origin: string, fetch: typeof globalThis.fetch): Promise<void> {
  const url = `${origin}/mcp`;
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`;
  const refused = await fetch(url, { method: "POST", headers: { Origin: origin } });
  assert.equal(refused.status, 401);
  const challenge = `Bearer resource_metadata="${metadataUrl}"`;
  assert.equal(refused.headers.get("WWW-Authenticate"), challenge);
  const metadata = await fetch(metadataUrl);
  assert.equal((await metadata.json()).resource, url);
  const preflight = await fetch(url, { method: "OPTIONS", headers: { Origin: origin } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("Access-Control-Allow-Origin"), origin);
  await whoami(url, fetch);
}
