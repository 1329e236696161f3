import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createPrinter } from "../../../src/entries/doctor/program/print.ts";
import { runProgram } from "../../../src/entries/doctor/program/program.ts";
import type { Check } from "../../../src/entries/doctor/report.ts";
import { withSetup } from "./setup.ts";

const WORLD = { fetch, now: () => Date.now() / 1000, startTimer: () => () => {} };
const TOKEN = "token-that-nobody-may-see";

interface Terminal {
  readonly env?: Record<string, string>;
  /** The pieces that standard input gives. */
  readonly input?: readonly string[];
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Runs the program as a shell would. */
async function run(args: readonly string[], terminal: Terminal = {}) {
  const { env = {}, input = [], isTTY = false, columns } = terminal;
  let stdout = "";
  let stderr = "";
  const raw: boolean[] = [];
  const code = await runProgram(args, {
    env,
    world: WORLD,
    stdin: {
      isTTY,
      setRawMode: (on) => raw.push(on),
      async *[Symbol.asyncIterator]() {
        for (const text of input) yield await Promise.resolve(new TextEncoder().encode(text));
      },
    },
    stdout: { isTTY, ...(columns && { columns }), write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
  });
  // Escape characters become visible, so that expressions can name them.
  return { code, stdout: stdout.replaceAll("\x1b", "␛"), stderr, raw };
}

test("runDoctor() prints its usage in 80 columns when it is asked for help", async () => {
  const { code, stdout, stderr } = await run(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /Usage: doctor \[server URL\] \[options\]/);
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
});

test("runDoctor() prints a green report and ends with 0 when the set-up is fine", async () => {
  await withSetup({}, async ({ env, token, serverUrl }) => {
    const variables = { ...env, PROPELAUTH_TOKEN: token };
    const { code, stdout, stderr } = await run([serverUrl], { env: variables });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Settings\n {2}✓ Auth URL {11}http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(stdout, /\n\nFine\. All 29 checks passed\.\n$/);
    for (const secret of [token, env["PROPELAUTH_INTROSPECTION_CLIENT_SECRET"] ?? ""]) {
      assert(!stdout.includes(secret));
    }
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    assert(!stdout.includes("␛"));
  });
});

test("runDoctor() ends with 1 when a check failed, and names the remedy", async () => {
  const { code, stdout } = await run([]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /\n {2}✗ Client id {10}PROPELAUTH_INTROSPECTION_CLIENT_ID is missing or blank\n {4}→ Set it: /,
  );
  assert.match(
    stdout,
    /\n {2}– Reachable {10}not checked \(and 7 more\): there is no usable Auth URL\n/,
  );
  assert.match(
    stdout,
    /\n\nNot fine\. 1 of 28 checks passed; 4 failed, 23 not made\.\nNo variable is set\. --env FILE .+\.\n$/,
  );
  const { stdout: oneIsSet } = await run([], { env: { SERVER_URL: "http://127.0.0.1:9" } });
  assert.match(oneIsSet, /not made\.\n$/);
});

test("runDoctor() prints JSON alone when --json is given", async () => {
  const { code, stdout, stderr } = await run(["--json"], { isTTY: true });
  assert.deepEqual([code, stderr], [1, ""]);
  const { ok, checks } = JSON.parse(stdout);
  assert.equal(ok, false);
  assert.deepEqual(checks[0], {
    id: "auth_url",
    group: "settings",
    title: "Auth URL",
    status: "failed",
    seen: "PROPELAUTH_AUTH_URL is missing or blank",
    remedy: "Set it: PropelAuth dashboard > Frontend or Backend Integration > Auth URL.",
  });
});

test("runDoctor() shows the check under way on a terminal, in colour unless NO_COLOR is set", async () => {
  await withSetup({}, async ({ env }) => {
    const coloured = await run([], { env, isTTY: true });
    assert.match(coloured.stdout, /\r␛\[2K {2}␛\[2m… Credentials␛\[0m\r␛\[2K/);
    assert.match(coloured.stdout, /␛\[32m✓␛\[0m Credentials/);
    const plain = await run([], { env: { ...env, NO_COLOR: "1" }, isTTY: true });
    assert.match(plain.stdout, /\r␛\[2K {2}… Credentials\r␛\[2K/);
    assert(!/␛\[\d*m/.test(plain.stdout));
    const visible = plain.stdout.replace(/[^\n]*\r␛\[2K/g, "");
    assert.match(visible, /\n {2}✓ Credentials/);
    assert(!visible.includes("…"));
  });
});

test("runDoctor() breaks lines at 64 columns when the terminal is as narrow", async () => {
  const { stdout } = await run([], { isTTY: true, columns: 64, env: { NO_COLOR: "1" } });
  for (const line of stdout.replace(/[^\n]*\r␛\[2K/g, "").split("\n")) {
    assert(line.length <= 64, line);
  }
});

test("runDoctor() compares the rules of a file with what the server lists", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  const path = join(folder, "operations.json");
  const args = ["--operations", path];
  try {
    await withSetup({}, async ({ env, token }) => {
      const given = { env: { ...env, PROPELAUTH_TOKEN: token } };
      writeFileSync(path, '{ "tools": { "whoamii": ["read:user_data"] } }');
      const { code, stdout } = await run(args, given);
      assert.equal(code, 0);
      assert.match(stdout, /! Operations {9}nothing is listed for the rule of tools whoamii\n/);
      assert.match(stdout, /nearest is whoami\.\n\nFine\. 29 of 30 checks passed; 1 warning\.\n$/);
      writeFileSync(path, '{ "tool": {} }');
      assert.match(
        (await run(args, given)).stderr,
        /operations\.tool must be .+did you mean tools/,
      );
      writeFileSync(path, "[]");
      assert.match((await run(args, given)).stderr, /^The file of --operations must have a JSON/);
      rmSync(path);
      assert.match(
        (await run(args, given)).stderr,
        /^The file of --operations cannot be read: ENO/,
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("runDoctor() accepts http beyond loopback with --allow-http alone", async () => {
  const url = "http://mcp.invalid:9100/mcp";
  const env = { PROPELAUTH_AUTH_URL: "http://propelauth.invalid:8001" };
  const { stderr } = await run([url], { env });
  assert.match(stderr, /^Cannot diagnose: serverUrl must be an https URL, since .+: received/);
  const refused = await run([], { env });
  assert.match(refused.stdout, /✗ Auth URL [^✗]+ Here\s+--allow-http\s+does\s+the\s+same\.\n/);
  const { stdout } = await run([url, "--allow-http", "--timeout", "5"], { env });
  assert.match(stdout, /✓ Auth URL {11}http:\/\/propelauth\.invalid:8001\n/);
});

const GIVEN: Record<string, Terminal> = {
  "as a line": { input: [`${TOKEN}\n`] },
  "in pieces, with its scheme": { input: ["Bea", `rer  ${TOKEN.slice(0, 5)}`, TOKEN.slice(5)] },
  "typed at a terminal": { input: [...TOKEN, "\r", "no more"], isTTY: true },
  "typed with corrections": { input: ["xy", "\x7f\x7f", TOKEN, "z\b\r"], isTTY: true },
};

for (const [how, terminal] of Object.entries(GIVEN)) {
  test(`runDoctor() reads a token from standard input: ${how}`, async () => {
    const asked: string[] = [];
    await withSetup({
      propelAuth: async (request, pass) => {
        asked.push(await request.clone().text());
        return await pass();
      },
    }, async ({ env }) => {
      const { code, stdout, stderr, raw } = await run(["--token"], { ...terminal, env });
      assert.equal(code, 1);
      assert(asked.some((body) => body.includes(`token=${TOKEN}&`)));
      assert.match(stdout, /At PropelAuth {6}inactive: expired, revoked/);
      assert(!(stdout + stderr).includes(TOKEN.slice(0, 12)));
      assert.deepEqual(raw, terminal.isTTY ? [true, false] : []);
    });
  });
}

const NEVER_ARGUMENT =
  "\\nA token is never an argument: --token reads it from standard input\\. See --help\\n$";

const REFUSED: Record<string, [args: string[], input: string[], message: RegExp]> = {
  "an unknown option": [
    ["--tok=" + TOKEN],
    [],
    /^--tok is not an option, or is used wrongly\. See --help\n$/,
  ],
  "a token behind the option": [
    ["--token=" + TOKEN],
    [],
    new RegExp(`^--token takes no value\\.${NEVER_ARGUMENT}`),
  ],
  "a token as an argument": [
    ["--token", TOKEN],
    [],
    new RegExp(
      `^The server URL must begin with https:// or http://: received 25 characters\\.${NEVER_ARGUMENT}`,
    ),
  ],
  "a token as an argument, and one that is read": [
    ["--token", TOKEN],
    [`${TOKEN}\n`],
    /received 25 characters\./,
  ],
  "two arguments": [
    ["https://h/mcp", TOKEN],
    [],
    new RegExp(`^There is an argument too many beside the server URL\\.${NEVER_ARGUMENT}`),
  ],
  "a token behind the option, and a server URL": [
    ["https://h/mcp", "--token", TOKEN],
    [],
    new RegExp(NEVER_ARGUMENT),
  ],
  "a token in the query": [
    [`https://h/mcp?token=${TOKEN}`],
    [],
    /received "https:\/\/h\/mcp\?\*\*\*"\n$/,
  ],
  "an option of Deno and Node": [
    ["--env-file", TOKEN],
    [],
    /^--env-file is an option of Deno and Node, before the program\.\nAfter the program use --env FILE\. See --help\n$/,
  ],
  "an option of Deno and Node in one word": [
    [`--env-file=${TOKEN}`],
    [],
    /^--env-file is an option of Deno and Node, /,
  ],
  "two words for a token": [["--token"], ["two words\n"], /token must be one access token/],
  "no token": [["--token"], ["\n"], /^No token was given on standard input\n$/],
  "an endless token": [["--token"], Array(40).fill("x".repeat(1024)), /at most 16 KiB/],
  "a word for a deadline": [["--timeout", "soon"], [], /timeoutSeconds must be a number/],
  "a file that is not there": [
    ["--env", "/nowhere/.env"],
    [],
    /^The file of --env cannot be read: ENOENT\n$/,
  ],
};

for (const [what, [args, input, message]] of Object.entries(REFUSED)) {
  test(`runDoctor() refuses ${what}, and does not repeat it`, async () => {
    const { code, stdout, stderr } = await run(args, { input });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, message);
    assert(!stderr.includes(TOKEN));
  });
}

test("runDoctor() ends with 1 when a user at a terminal presses Ctrl-C", async () => {
  const { code, stderr, raw } = await run(["--token"], { input: ["abc", "\x03"], isTTY: true });
  assert.equal(code, 1);
  assert.match(stderr, /\nNo token was given on standard input\n$/);
  assert.deepEqual(raw, [true, false]);
});

test("runDoctor() reads the variables of a file alone when --env is given", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  try {
    await withSetup({}, async ({ env, token }) => {
      const file = join(folder, "env");
      const lines = Object.entries({ ...env, PROPELAUTH_TOKEN: token }).map((pair) =>
        pair.join("=")
      );
      writeFileSync(file, `# comment\n${lines.join("\n")}\n`);
      const other = { PROPELAUTH_REQUIRED_SCOPES: "none:such", PROPELAUTH_TOKEN: TOKEN };
      const { code, stdout } = await run(["--env", file], { env: other });
      assert.equal(code, 0, stdout);
      assert.match(stdout, /All 29 checks passed/);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("runDoctor() names --allow-env when the runtime lets it read no variable", async () => {
  const env = new Proxy<Record<string, string>>({}, {
    get() {
      throw new Error("NotCapable");
    },
  });
  const { code, stdout } = await run([], { env, isTTY: true });
  assert.equal(code, 1);
  assert.match(
    stdout,
    /PROPELAUTH_AUTH_URL may not be read\n {4}→ Start the program with --allow-env\./,
  );
  assert.match(stdout, /PROPELAUTH_REQUIRED_SCOPES may not be read/);
});

test("createPrinter() keeps a word that is longer than a line whole", () => {
  let text = "";
  const printer = createPrinter({
    write: (more) => void (text += more),
    columns: 80,
    colour: false,
    interactive: false,
  });
  const url = `https://${"a".repeat(90)}.example`;
  const check: Check = {
    id: "resource",
    group: "server",
    title: "Resource",
    status: "warning",
    seen: `it is ${url} now`,
    remedy: "Do it.",
  };
  printer.onCheck(check);
  printer.end({ ok: true, checks: [check] });
  assert.equal(
    text,
    `Server
  ! Resource           it is
                       ${url}
                       now
    → Do it.

Fine. 0 of 1 checks passed; 1 warning.
`,
  );
});
