/**
 * Installs the projects of `examples/frameworks`, and starts and calls the servers in them.
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
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/ports.ts";
import { root } from "../../support/root.ts";
import {
  environment,
  exerciseClients,
  exerciseGate,
  exerciseOutage,
  exerciseTokens,
  type Shortcomings,
} from "./exercise.ts";

/** The folder of the repository. */
export const ROOT: string = fileURLToPath(root);
const OUT = join(ROOT, ".ci/out/frameworks");
const installed = (path: string): string => join(ROOT, ".ci/tools/node_modules", path);
/** The Node that runs the servers: Nest 12 needs it. */
export const NODE: string = installed("node24/bin/node");
export const BUN: string = installed(".bin/bun");
export const WORKERD: string = installed("workerd/bin/workerd");
/** The longest that a server takes to start and to be called. */
const SERVE_SECONDS = 90;

/** A server of an example. */
export interface Framework extends Shortcomings {
  /** The name in the title of its test. */
  readonly name: string;
  /** Commands that run first, in the project's folder. */
  readonly build?: readonly (readonly [program: string, ...args: string[]])[];
  /** The command that serves, in the project's folder. */
  readonly serve: (port: number) => readonly [program: string, ...args: string[]];
  /** The folder to run in, below the project's. */
  readonly folder?: string;
  /** Environment variables in addition to those that every example reads. */
  readonly env?: Readonly<Record<string, string>>;
  /** The path of its MCP endpoint. */
  readonly path?: string;
}

/** Runs a program to its end; fails with its output. */
export async function run(
  cwd: string,
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, CI: "1", NEXT_TELEMETRY_DISABLED: "1", ...env },
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
  { folder = "", serve, env }: Framework,
  port: number,
  act: (origin: string) => Promise<void>,
): Promise<void> {
  const origin = `http://127.0.0.1:${port}`;
  const [program, ...args] = serve(port);
  const child = spawn(program, args, {
    cwd: join(project, folder),
    env: { ...process.env, ...environment(origin), PORT: String(port), HOST: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A program such as `next` starts others, which have to end with it.
    detached: true,
  });
  const closed = once(child, "close");
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => text += part);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const ended = closed.then(() => assert.fail("it ended"));
    const late = new Promise((_resolve, reject) => {
      const fail = () => reject(new Error(`it was not done after ${SERVE_SECONDS} s`));
      timer = setTimeout(fail, 1000 * SERVE_SECONDS);
    });
    await Promise.race([untilListening(port).then(() => act(origin)), ended, late]);
  } catch (error) {
    throw new Error(`The server printed ${text}`, { cause: error });
  } finally {
    clearTimeout(timer);
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await closed;
  }
}

/** Declares the tests of a framework. */
export function testFramework(project: Promise<string>, framework: Framework): void {
  test(`behind the gate: ${framework.name}`, async () => {
    const folder = await project;
    const port = await freePort();
    // Without a PropelAuth: credentials need not be there where an app is built.
    const env = { ...framework.env, PORT: String(port) };
    for (const command of framework.build ?? []) {
      await run(join(folder, framework.folder ?? ""), command, env);
    }
    await serving(folder, framework, port, async (origin) => {
      const url = origin + (framework.path ?? "/mcp");
      if (framework.hook === "takes tokens alone") return await exerciseTokens(url);
      await exerciseGate(url);
      await exerciseClients(url, framework);
    });
  });
}

/**
 * Declares the test of a framework's own hook while PropelAuth is away.
 *
 * @param status The status that a caller with a token gets; never 401, or it would drop the token.
 */
export function testOutage(project: Promise<string>, framework: Framework, status: number): void {
  test(`${framework.name} answers ${status} while PropelAuth is away`, async () => {
    const env = { PROPELAUTH_AUTH_URL: `http://127.0.0.1:${await freePort()}` };
    await serving(await project, { ...framework, env }, await freePort(), async (origin) => {
      await exerciseOutage(`${origin}/mcp`, status);
    });
  });
}
