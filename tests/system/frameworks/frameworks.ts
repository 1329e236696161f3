/**
 * Installs the projects of `examples/frameworks`, starts a server of one, and does to it what clients
 * do: they find the login, log in, call, and ask for a scope that a tool needs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type LocalUserWithId, startLocalPropelAuth } from "@x/propelauth-local";
import { AUTO, Login, type Session, V1 } from "../../end_to_end/logins.ts";
import { freePort } from "../../support/ports.ts";
import { root } from "../../support/root.ts";

/** The folder of the repository. */
export const ROOT: string = fileURLToPath(root);
const OUT = join(ROOT, ".ci/out/frameworks");
const installed = (path: string): string => join(ROOT, ".ci/tools/node_modules", path);
/** The Node that runs the servers: Nest 12 needs it. */
export const NODE: string = installed("node24/bin/node");
export const BUN: string = installed(".bin/bun");
export const WORKERD: string = installed("workerd/bin/workerd");
/** The longest that a test takes: it builds, starts and calls. */
const TEST_SECONDS = 180;

/** A server of an example. */
export interface Framework {
  /** The name in the title of its test. */
  readonly name: string;
  /** Commands that run first, in the project's folder. */
  readonly build?: readonly (readonly [program: string, ...args: string[]])[];
  /** The command that serves, in the project's folder. */
  readonly serve: (port: number) => readonly [program: string, ...args: string[]];
  /** The folder to run in, below the project's. */
  readonly folder?: string;
  /** The path of its MCP endpoint. */
  readonly path?: string;
  /** Absent when clients of both SDK majors can call it. */
  readonly clients?: "v2";
  /**
   * How the framework's own hook falls short, where the handler is not in front: clients find the
   * login and get no challenge for scopes, or do not even find the login.
   */
  readonly hook?: "finds the login" | "takes tokens alone";
}

const local = await startLocalPropelAuth({ log: () => {} });
after(() => local.close());

/** Runs a program to its end; fails with its output. */
export async function run(
  cwd: string,
  [program, ...args]: readonly [string, ...string[]],
): Promise<void> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...environment("http://127.0.0.1:1"), CI: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => text += part);
  const [code] = await once(child, "close");
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${text}`);
}

/**
 * Copies a project into `.ci/out`, installs what its lock names, and the package as it is packed.
 *
 * @param name The folder in `examples/frameworks`.
 * @returns The folder of the copy.
 */
export async function installProject(name: string): Promise<string> {
  const source = join(ROOT, "examples/frameworks", name);
  const folder = join(OUT, name);
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  const lock = readFileSync(join(source, "package-lock.json"), "utf8");
  const stamp = join(folder, "node_modules/.installed.json");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
    await run(folder, ["npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error"]);
    writeFileSync(stamp, lock);
  }
  const tarball = join(folder, "node_modules/propelauth-mcp.tgz");
  await run(ROOT, [
    ...[Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--no-source-maps"] as const,
    ...["--output", tarball],
  ]);
  const own = join(folder, "node_modules/@x/propelauth-mcp");
  mkdirSync(own, { recursive: true });
  await run(own, ["tar", "-xzf", tarball, "--strip-components", "1"]);
  return folder;
}

function environment(origin: string): Record<string, string> {
  return {
    PROPELAUTH_AUTH_URL: local.authUrl,
    PROPELAUTH_INTROSPECTION_CLIENT_ID: local.introspectionClientId,
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: local.introspectionClientSecret,
    SERVER_URL: origin,
  };
}

/** Waits until something listens on a port: frameworks say so in many ways, and some in none. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const listens = await once(socket, "connect").then(() => true, () => false);
    socket.destroy();
    if (listens) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Starts a server, calls it, and ends it. */
async function serving(
  project: string,
  { folder = "", serve }: Framework,
  act: (origin: string) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const [program, ...args] = serve(port);
  const child = spawn(program, args, {
    cwd: join(project, folder),
    env: { ...process.env, ...environment(origin), PORT: String(port), HOST: "127.0.0.1" },
    stdio: ["ignore", "pipe", "pipe"],
    // A program such as `next` starts others, which have to end with it.
    detached: true,
  });
  const closed = once(child, "close");
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => text += part);
  try {
    const ended = closed.then(() => assert.fail("it ended before it listened"));
    await Promise.race([untilListening(port), ended]);
    await act(origin);
  } catch (error) {
    throw new Error(`The server printed ${text}`, { cause: error });
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await closed;
  }
}

/** The two users of the clients that call at the same time. */
const [OWNER, MEMBER] = ["owner@acme.example", "member@acme.example"].map((
  email,
): LocalUserWithId => local.users.find((user) => user.email === email) ?? assert.fail(email)) as [
  LocalUserWithId,
  LocalUserWithId,
];

const text = (content: unknown): string => JSON.stringify(content);

/** The tool `whoami` names the user. */
async function assertCaller(session: Session, user: LocalUserWithId): Promise<void> {
  assert.match(text(await session.call("whoami")), new RegExp(user.id));
}

/** Checks the refusal, the metadata and the preflight. */
async function exerciseGate(url: string): Promise<void> {
  const { origin, pathname } = new URL(url);
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource${pathname}`;
  const refused = await fetch(url, { method: "POST", headers: { Origin: origin } });
  await refused.body?.cancel();
  assert.equal(refused.status, 401);
  const challenge = refused.headers.get("WWW-Authenticate") ?? "";
  assert(challenge.startsWith(`Bearer resource_metadata="${metadataUrl}"`), challenge);
  assert.equal((await (await fetch(metadataUrl)).json()).resource, url);
  const preflight = await fetch(url, { method: "OPTIONS", headers: { Origin: origin } });
  assert.equal(preflight.status, 204);
  const allowed = preflight.headers.get("Access-Control-Allow-Origin") ?? "";
  assert([origin, "*"].includes(allowed), allowed);
}

/** Logs in as two users at the same time, calls as both, and asks for a scope as the first. */
async function exerciseClients(url: string, { clients, hook }: Framework): Promise<void> {
  const login = new Login(OWNER.email);
  const other = clients === "v2" ? AUTO : V1;
  const [owner, member] = await Promise.all([
    // The owner consents to nothing that is optional.
    AUTO.connect(url, login, { choice: { scopes: [] } }),
    other.connect(url, new Login(MEMBER.email)),
  ]);
  assert.deepEqual(await owner.list(), ["whoami"]);
  const calls = Array.from({ length: 5 }, () => [
    assertCaller(owner, OWNER),
    assertCaller(member, MEMBER),
  ]);
  await Promise.all(calls.flat());
  if (hook === undefined) {
    await assert.rejects(owner.call("write_report"), AUTO.Unauthorized);
    assert(login.asked.split(" ").includes("write:reports"), login.asked);
    await owner.finishAuth(await login.answer());
    assert.match(text(await owner.call("write_report")), /written/);
  } else {
    // As the framework likes: an error of the protocol, or a result that is one.
    const answer = await owner.call("write_report").catch(String);
    assert.doesNotMatch(text(answer), /written/);
    assert.equal(login.logins, 1);
  }
  await Promise.all([owner.close(), member.close()]);
}

/** Calls with tokens that the clients already have: the framework sends no challenge. */
async function exerciseTokens(url: string): Promise<void> {
  const initialize = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "test", version: "1.0.0" },
    },
  };
  const refused = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
    body: JSON.stringify(initialize),
  });
  await refused.body?.cancel();
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("WWW-Authenticate"), null);
  await Promise.all([OWNER, MEMBER].map(async (user) => {
    const token = await local.mintToken({ subject: user.id, scopes: [], resource: url });
    const login = { ...new Login(user.email), tokens: () => ({ access_token: token }) };
    const session = await V1.connect(url, login as Login);
    await assertCaller(session, user);
    await session.close();
  }));
}

/** Declares the test of a framework. */
export function testFramework(project: Promise<string>, framework: Framework): void {
  test(`behind the gate: ${framework.name}`, { timeout: 1000 * TEST_SECONDS }, async () => {
    const folder = await project;
    for (const command of framework.build ?? []) {
      await run(join(folder, framework.folder ?? ""), command);
    }
    await serving(folder, framework, async (origin) => {
      const url = origin + (framework.path ?? "/mcp");
      if (framework.hook === "takes tokens alone") return await exerciseTokens(url);
      await exerciseGate(url);
      await exerciseClients(url, framework);
    });
  });
}
