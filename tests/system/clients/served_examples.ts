/**
 * The parts that the tests of real clients share: the example servers on Deno from source and on Node from the
 * packed package, a local PropelAuth, and the user at the browser, played by `authorizeAs`.
 *
 * Needs what `.ci/tools` installs and what `.ci/pack` makes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { Readable } from "node:stream";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { authorizeAs, type LocalConsentChoice, startLocalPropelAuth } from "@x/propelauth-local";
import { freePort } from "../../support/ports.ts";
import { start, variablesOf } from "../../support/programs.ts";
import { root } from "../../support/root.ts";

const ROOT = fileURLToPath(root);
/** The project that has the other programs. */
export const tools: string = join(ROOT, ".ci/tools");
const installed = (path: string): string => join(tools, "node_modules", path);
const served = join(ROOT, ".ci/out/node/package/tests/system/clients/serve_on_node.js");
/** The oldest Node that the packages promise to run on. */
const oldNode = installed("node20/bin/node");
/** One that the Inspector wants. */
export const node: string = installed("node22/bin/node");
assert(existsSync(node) && existsSync(oldNode), "first: npm ci --prefix .ci/tools");
assert(existsSync(served), "first: .ci/pack");

/** The PropelAuth that all servers of a file ask. */
export const local = await startLocalPropelAuth({ log: () => {} });
const folder = await mkdtemp(join(tmpdir(), "clients-"));
after(async () => {
  await local.close();
  await rm(folder, { recursive: true });
});
const user = local.users[0] ?? assert.fail();

/** All that clients find on their PATH: no browser, above all. */
const bin = join(folder, "bin");
await mkdir(bin);
await symlink(node, join(bin, "node"));
for (const name of ["claude", "codex"]) await symlink(installed(`.bin/${name}`), join(bin, name));
for (const name of ["bash", "npx", "script", "sh"]) {
  const places = (process.env["PATH"] ?? "").split(delimiter).map((place) => join(place, name));
  const found = places.find((place) => existsSync(place)) ?? assert.fail(`there is no ${name}`);
  await symlink(found, join(bin, name));
}

/** Starts the example on one runtime, and runs a test against it. */
export interface Server {
  readonly server: string;
  readonly eras: readonly ("legacy" | "modern")[];
  readonly run: (env: Record<string, string>, act: () => Promise<void>) => Promise<void>;
}

/** Starts an example on Deno, from source. */
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

export const SERVERS: readonly Server[] = [
  { server: "server.ts on Deno", run: onDeno("server"), eras: ["legacy", "modern"] },
  { server: "server_v1.ts on Deno", run: onDeno("server_v1"), eras: ["legacy"] },
  { server: "server.ts on Node", run: onNode("server"), eras: ["legacy", "modern"] },
  { server: "server_v1.ts on Node", run: onNode("server_v1"), eras: ["legacy"] },
];

/** The example whose tools need scopes, with a PropelAuth whose users may decline each of them. */
export const withScopes: Server["run"] = async (env, act) => {
  const names = ["read:reports", "write:reports", "admin:org"];
  await using choosy = await startLocalPropelAuth({
    log: () => {},
    scopes: names.map((name) => ({ name, optional: true })),
  });
  await onDeno("scopes")({
    ...env,
    PROPELAUTH_AUTH_URL: choosy.authUrl,
    PROPELAUTH_INTROSPECTION_CLIENT_ID: choosy.introspectionClientId,
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: choosy.introspectionClientSecret,
  }, act);
};

/** The example that takes API keys beside access tokens. */
export const withApiKeys: Server["run"] = (env, act) =>
  onDeno("machines")({ ...env, PROPELAUTH_API_KEY: local.backendApiKey }, act);

/**
 * Starts an example, and runs a test with the URL of its MCP endpoint, a free port for the client,
 * and the client's environment: an empty home, and no browser.
 */
export async function serving(
  run: Server["run"],
  act: (url: string, callbackPort: number, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const [port, callbackPort] = await Promise.all([freePort(), freePort()]);
  const home = await mkdtemp(join(folder, "home-"));
  const origin = `http://127.0.0.1:${port}`;
  await run(
    variablesOf(local, origin),
    () => act(`${origin}/mcp`, callbackPort, { HOME: home, PATH: bin }),
  );
}

/**
 * Does what the user does: opens the address that the client prints, and is sent back to it.
 *
 * @param printed What the client prints.
 * @param choice What the user consents to; when absent, to everything.
 * @returns That address.
 */
export async function logIn(printed: Readable, choice?: LocalConsentChoice): Promise<URL> {
  // deno-lint-ignore no-control-regex -- a terminal's link ends with BEL.
  const address = /http[^\s\x07]+\/oauth\/2\.1\/authorize\?[^\s\x07]+(?=[\s\x07])/;
  const url = await find(printed, address);
  const back = await fetch(await authorizeAs(url, user.email, choice));
  assert.equal(back.status, 200, await back.text());
  return new URL(url);
}

/** Runs a line that logs in at a terminal; gives the address that the user was sent to. */
export async function runLogin(
  line: string,
  env: Record<string, string>,
  choice?: LocalConsentChoice,
): Promise<URL> {
  const options = { env, cwd: env["HOME"] ?? "." };
  const login = spawn("script", ["-qec", line, "/dev/null"], options);
  try {
    const ended = once(login, "close");
    const asked = await logIn(login.stdout, choice);
    assert.deepEqual(await ended, [0, null]);
    return asked;
  } finally {
    login.kill();
  }
}

/** The tool `whoami` names the user who logged in. */
export function assertCaller(result: unknown): void {
  const { content } = result as { content: { text: string }[] };
  const { user: id, email, scopes } = JSON.parse(content[0]?.text ?? "");
  assert.deepEqual([id, email], [user.id, user.email]);
  assert.deepEqual(scopes, local.scopes);
}

/** Waits for text on a stream; says what came instead when that ends without it. */
export async function find(stream: Readable, pattern: RegExp): Promise<string> {
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
