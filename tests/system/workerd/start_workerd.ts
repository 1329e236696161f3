/**
 * Starts a Worker on workerd, beside a PropelAuth whose answers take their time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ACTIVE } from "../../support/harness.ts";
import { freePort } from "../../support/ports.ts";

const WORKERD = fileURLToPath(
  new URL("../../../.ci/tools/node_modules/workerd/bin/workerd", import.meta.url),
);
/** Milliseconds after which the backend answers, unless a token says otherwise. */
const ANSWER_MS = 600;
/** Milliseconds after which a client that got no answer gives up. */
const CLIENT_LIMIT_MS = 15_000;

export interface Workerd extends AsyncDisposable {
  /** Sends a request to the MCP endpoint, or to another path, and gives the status. */
  call(gate: string, token: string, path?: string): Promise<number>;
  /** The same, but resets the connection after so many milliseconds, long before an answer. */
  leave(gate: string, token: string, path?: string): Promise<void>;
  /** Waits until the backend got so many requests that the pattern matches. */
  until(pattern: RegExp, times: number): Promise<void>;
  /** The backend's requests so far, each a path and a token. */
  readonly asked: readonly string[];
  /** The log of the Worker. */
  readonly log: () => string;
  /** Whether the shared cache fails. */
  cacheFails: boolean;
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

/**
 * Starts workerd with a compatibility date.
 *
 * @param date The date.
 * @returns The running Worker.
 */
export async function startWorkerd(date: string): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  const asked: string[] = [];
  const kept = new Map<string, string>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const { pathname } = new URL(request.url ?? "", "http://backend");
    const token = pathname.endsWith("/introspect")
      ? new URLSearchParams(body).get("token") ?? ""
      : "";
    asked.push(`${pathname} ${token}`);
    if (pathname === "/tool") return void response.end("tool");
    if (pathname.startsWith("/cache/")) {
      // Less than the library waits for a shared cache.
      await sleep(150);
      if (request.method === "PUT" && !worker.cacheFails) kept.set(pathname, body);
      const value = kept.get(pathname);
      return void response.writeHead(worker.cacheFails ? 500 : value === undefined ? 404 : 200)
        .end(value);
    }
    if (token.startsWith("failing")) return void response.writeHead(500).end();
    await sleep(ANSWER_MS);
    const exp = Math.floor(Date.now() / 1000) + 600;
    response.end(JSON.stringify(token === "" ? { issuer: "x" } : { ...ACTIVE, exp }));
  }

  const backend = createServer((request, response) => void answer(request, response));
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  const address = backend.address();
  assert(typeof address === "object" && address !== null);
  const port = await freePort();
  const bundled = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform=browser", "--external", "node:*"],
      ...["-o", join(folder, "worker.js")],
      fileURLToPath(new URL("worker.ts", import.meta.url)),
    ],
  }).output();
  assert(bundled.success, new TextDecoder().decode(bundled.stderr));
  await writeFile(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "${date}",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [(name = "BACKEND", text = "http://127.0.0.1:${address.port}")],
  modules = [(name = "worker.js", esModule = embed "worker.js")],
);
`,
  );
  const workerd = spawn(WORKERD, ["serve", "--verbose", join(folder, "config.capnp")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [workerd.stdout, workerd.stderr]) stream.on("data", (part) => log += part);

  function send(gate: string, token: string, path: string) {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (part) => text += part).on("error", () => {});
    socket.on("connect", () => {
      const credentials = token === "" ? "" : `Authorization: Bearer ${token}\r\n`;
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: mcp.example.com\r\nx-case: ${gate}\r\n${credentials}` +
          "Connection: close\r\n\r\n",
      );
    });
    const status = new Promise<number>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), CLIENT_LIMIT_MS);
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(Number(text.split(" ")[1] ?? 0));
      });
    });
    return { socket, status };
  }

  const worker: Workerd = {
    asked,
    cacheFails: false,
    log: () => log,
    call: (gate, token, path = "/mcp") => send(gate, token, path).status,
    async leave(gate, token, path = "/mcp") {
      const before = asked.length;
      const { socket, status } = send(gate, token, path);
      // It leaves once its question is under way, or waits behind others.
      for (let i = 0; i < 20 && asked.length === before; i++) await sleep(10);
      await sleep(20);
      socket.resetAndDestroy();
      assert.equal(await status, 0, "the client that leaves was answered");
    },
    async until(pattern, times) {
      for (let i = 0; i < 500; i++) {
        if (asked.filter((one) => pattern.test(one)).length >= times) return;
        await sleep(10);
      }
      assert.fail(`The backend was not asked ${times} times for ${pattern}: ${asked}`);
    },
    async [Symbol.asyncDispose]() {
      workerd.kill("SIGKILL");
      backend.closeAllConnections();
      backend.close();
      await rm(folder, { recursive: true });
    },
  };
  for (let i = 0; await worker.call("joined", "") !== 401; i++) {
    assert(i < 100, `workerd does not answer: ${log}`);
    await sleep(50);
  }
  return worker;
}
