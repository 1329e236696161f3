/** The local PropelAuth as a process of its own, beside a server of one's own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { createPropelAuth } from "@x/propelauth-mcp";
import { freePort } from "../support/ports.ts";
import { inFolder } from "./support.ts";

const fromSource = /\.ts$/.test(import.meta.url);

/** Starts the program. */
function start(args: readonly string[]) {
  const file = new URL(`process.${fromSource ? "ts" : "js"}`, import.meta.url);
  const runtime = fromSource ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...runtime, fileURLToPath(file), ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const giveUp = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const output = { stdout: "", stderr: "" };
  const ended = once(child, "close").then(([code]) => {
    clearTimeout(giveUp);
    return { code, ...output };
  });
  const running = new Promise<void>((resolve) => {
    // Two pipes: which of them is read first differs between runtimes.
    const add = (name: "stdout" | "stderr") => (text: string) => {
      output[name] += text;
      const printed = args.includes("--env") || /^SERVER_URL=.*\n/m.test(output.stdout);
      if (printed && /Ctrl-C stops/.test(output.stderr)) resolve();
    };
    child.stdout.setEncoding("utf8").on("data", add("stdout"));
    child.stderr.setEncoding("utf8").on("data", add("stderr"));
  });
  return { ended, output, child, running: Promise.race([running, ended]) };
}

/** Not `child.kill()`, after which Deno gives no exit code. */
function kill({ pid }: { pid?: number | undefined }, signal: string): void {
  process.kill(pid ?? assert.fail(), signal);
}

/** Whether a server with these variables takes the credentials: its answer about a random token. */
async function statusOf(variables: Record<string, string | undefined>): Promise<number> {
  const auth = createPropelAuth({
    authUrl: variables["PROPELAUTH_AUTH_URL"] ?? "",
    introspectionClientId: variables["PROPELAUTH_INTROSPECTION_CLIENT_ID"] ?? "",
    introspectionClientSecret: variables["PROPELAUTH_INTROSPECTION_CLIENT_SECRET"] ?? "",
    baseUrl: variables["SERVER_URL"] ?? "",
  });
  const url = auth.resourceMetadata.resource;
  const request = new Request(url, { headers: { Authorization: "Bearer nobody-issued-this" } });
  return (await auth.handler(() => new Response("unreachable"))(request)).status;
}

test("runLocalPropelAuth() prints the four variables that a server needs, and ends at SIGINT", async () => {
  const { child, ended, output, running } = start(["--port", "0"]);
  await running;
  const variables = parseEnv(output.stdout);
  assert.deepEqual(Object.keys(variables), [
    "PROPELAUTH_AUTH_URL",
    "PROPELAUTH_INTROSPECTION_CLIENT_ID",
    "PROPELAUTH_INTROSPECTION_CLIENT_SECRET",
    "SERVER_URL",
  ]);
  assert.equal(variables["SERVER_URL"], "http://127.0.0.1:8000");
  // 401: the credentials are right, and the token is not.
  assert.equal(await statusOf(variables), 401);
  kill(child, "SIGINT");
  const { code, stderr } = await ended;
  assert.equal(code, 0);
  assert.match(
    stderr,
    /\nUsers: owner@acme\.example, member@acme\.example, admin@globex\.example\n/,
  );
});

test("runLocalPropelAuth() writes the variables to a file of one's own, and removes it", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "local.env");
    // As a process leaves it that was killed.
    const older = "# Written by propelauth-local, which removes this file when it ends.\nOLDER=1\n";
    writeFileSync(path, older, { mode: 0o644 });
    const { child, ended, running } = start([
      ...["--port", "0", "--env", path, "--server-url", "http://localhost:9100/"],
    ]);
    await running;
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const variables = parseEnv(readFileSync(path, "utf8"));
    assert.equal(variables["SERVER_URL"], "http://localhost:9100");
    assert.equal(await statusOf(variables), 401);
    kill(child, "SIGTERM");
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, stdout, existsSync(path)], [0, "", false]);
    assert.match(stderr, /start your server with --env-file=\S+local\.env\./);
  });
});

test("runLocalPropelAuth() runs on when its output is no longer read", async () => {
  await inFolder(async (folder) => {
    const [path, state] = [join(folder, "local.env"), join(folder, "gone", "state.json")];
    mkdirSync(join(folder, "gone"));
    const { child, ended, running } = start(["--port", "0", "--env", path, "--state", state]);
    await running;
    child.stdout.destroy();
    child.stderr.destroy();
    // From now on each registration has it write a line: the state cannot be written.
    rmSync(join(folder, "gone"), { recursive: true });
    const { PROPELAUTH_AUTH_URL: authUrl } = parseEnv(readFileSync(path, "utf8"));
    for (const redirect of ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"]) {
      const body = JSON.stringify({ redirect_uris: [redirect] });
      const response = await fetch(`${authUrl}/oauth/2.1/register`, { method: "POST", body });
      await response.body?.cancel();
      assert.equal(response.status, 201);
    }
    kill(child, "SIGTERM");
    assert.deepEqual([(await ended).code, existsSync(path)], [0, false]);
  });
});

test("runLocalPropelAuth() leaves the file to another program that has written it since", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "local.env");
    const { child, ended, running } = start(["--port", "0", "--env", path]);
    await running;
    writeFileSync(path, "another");
    kill(child, "SIGHUP");
    assert.equal((await ended).code, 0);
    assert.equal(readFileSync(path, "utf8"), "another");
  });
});

test("runLocalPropelAuth() refuses to replace a file that it did not write", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, ".env");
    writeFileSync(path, "PROPELAUTH_AUTH_URL=https://auth.example.com\n");
    const { code, stdout, stderr } = await start(["--port", "0", "--env", path]).ended;
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /\nThe file of --env is there already, and not of this program: choose/);
    assert.equal(readFileSync(path, "utf8"), "PROPELAUTH_AUTH_URL=https://auth.example.com\n");
  });
});

const REFUSED: [args: string[], says: RegExp][] = [
  [["--prot", "8001"], /^Unknown option '--prot'\. See --help\n$/],
  [["--port", "many"], /^--port must be a whole number\. See --help\n$/],
  [["--port", "70000"], /^Cannot start the local PropelAuth: --port must be a whole number from 0/],
  [["--token-seconds", "0"], /: --token-seconds must be a whole number from 1 to/],
  [["--user", "nobody"], /: --user must be an e-mail address: received "nobody"\n$/],
  [
    ["--env", "/nowhere/local.env", "--port", "0"],
    /\nThe file of --env cannot be written \(ENOENT\)/,
  ],
];

for (const [args, says] of REFUSED) {
  test(`runLocalPropelAuth() ends with 1 and a sentence when it is given ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await start(args).ended;
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, says);
  });
}

test("runLocalPropelAuth() answers a request that comes as soon as it listens", async () => {
  const port = await freePort();
  const { child, ended, running } = start(["--port", String(port)]);
  let isOver = false;
  let status: number | undefined;
  const ask = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    await response.body?.cancel();
    return response.status;
  };
  /** Asks again while nothing listens, and waits for the first answer. */
  async function askAtOnce(): Promise<void> {
    // Refused, or never answered and closed in the end.
    while (!isOver && status === undefined) status = await ask().catch(() => undefined);
  }
  const asked = askAtOnce();
  await running;
  // Many later requests are answered before a first one that hangs.
  for (let later = 0; later < 50 && status === undefined; later++) assert.equal(await ask(), 200);
  isOver = true;
  const first = status;
  kill(child, "SIGTERM");
  await ended;
  await asked;
  assert.equal(first, 200);
});
