/** The flags of the program. It runs on Deno alone, which has the sources of the package beside it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { HELP, readArguments } from "../../local/src/program/arguments.ts";
import { resolveOptions } from "../../local/src/options/resolve_options.ts";
import { createPropelAuth } from "@x/propelauth-mcp";
import { block, command, commands } from "../support/guides.ts";
import { root } from "../support/root.ts";

const FLAGS: [args: string[], options: Record<string, unknown>][] = [
  [[], {}],
  [["--port", "0"], { port: 0 }],
  [["--hostname", "localhost"], { hostname: "localhost" }],
  [["--hostname", "propelauth", "--dangerously-listen-beyond-loopback"], {
    hostname: "propelauth",
    dangerouslyListenBeyondLoopback: true,
  }],
  [["--issuer-form", "bare"], { issuerForm: "bare" }],
  [["--user", "a@b.example", "--user", "c@d.example,acme,Owner"], {
    users: [
      { email: "a@b.example" },
      { email: "c@d.example", orgId: "acme", orgName: "acme", orgRole: "Owner" },
    ],
  }],
  [["--scope", "a", "--optional-scope", "b", "--scope", "c"], {
    scopes: ["a", "c", { name: "b", optional: true }],
  }],
  [["--resource", "http://127.0.0.1:8000/mcp"], { resources: ["http://127.0.0.1:8000/mcp"] }],
  [["--token-seconds", "60"], { accessTokenExpiresInSeconds: 60 }],
  [["--refresh-token-seconds", "61"], { refreshTokenExpiresInSeconds: 61 }],
  [["--no-rotation"], { rotateRefreshTokens: false }],
  [["--no-registration"], { dynamicRegistration: false }],
  [["--no-resource-needed"], { requireResource: false }],
  [["--auto-consent-as", "owner@acme.example"], { autoConsentAs: "owner@acme.example" }],
  [["--client-id", "id", "--client-secret", "secret"], {
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
  }],
  [["--backend-api-key", "backend-key"], { backendApiKey: "backend-key" }],
  [["--state", "state.json"], { stateFile: "state.json" }],
];

for (const [args, options] of FLAGS) {
  test(`readArguments() reads ${args.join(" ") || "nothing"}`, () => {
    const given = readArguments(args);
    assert.deepEqual(given.options, { port: 8001, ...options });
    resolveOptions(given.options);
    assert.deepEqual([given.help, given.serverUrl, given.envPath], [
      false,
      "http://127.0.0.1:8000",
      undefined,
    ]);
  });
}

test("readArguments() has a flag for every option of startLocalPropelAuth(), and --help names it", () => {
  const reached = new Set(FLAGS.flatMap(([, options]) => Object.keys(options)));
  const source = Deno.readTextFileSync(new URL("local/src/options/resolve_options.ts", root));
  const [, list = ""] = /const OPTION_NAMES[^=]+= \[([^\]]+)\]/.exec(source) ?? [];
  const names = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual([...reached, "log"].sort(), names.sort());
  for (const [args] of FLAGS) {
    for (const flag of args.filter((arg) => arg.startsWith("--"))) {
      assert(HELP.includes(flag), flag);
    }
  }
  for (const line of HELP.split("\n")) assert(line.length <= 80, line);
});

/** Runs a command of this package's README in the repository, where its name leads to the sources. */
async function runCommand(line: string, ...more: string[]): Promise<string> {
  const [, ...args] = line.split(" ");
  const cwd = Deno.makeTempDirSync();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", `--config=${fileURLToPath(new URL("deno.json", root))}`, "--no-prompt"]
      .concat(args.slice(1), more),
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = setTimeout(() => child.kill("SIGKILL"), 60_000);
  try {
    let said = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += part;
      if (!said.includes("Ctrl-C stops")) continue;
      if (line.includes("--env")) said += Deno.readTextFileSync(`${cwd}/local.env`);
      child.kill("SIGTERM");
    }
    const stdout = await new Response(child.stdout).text();
    assert.deepEqual([...Deno.readDirSync(cwd)], []);
    return stdout + said;
  } finally {
    clearTimeout(stop);
    await child.status;
    Deno.removeSync(cwd, { recursive: true });
  }
}

const COMMANDS = commands("local/README.md", "deno run --ignore-env ");
assert.equal(COMMANDS.length, 3);
COMMANDS.push(command("README.md", "deno run --ignore-env "));

for (const line of COMMANDS) {
  test(`a README starts the local PropelAuth with the permissions that it needs: ${line}`, async () => {
    const isHelp = line.endsWith("--help");
    const said = await runCommand(line, ...(isHelp ? [] : ["--port", "0"]));
    if (isHelp) assert.equal(said, HELP);
    else assert.match(said, /^PROPELAUTH_AUTH_URL=http:\/\/127\.0\.0\.1:\d+\n[^]*^SERVER_URL=/m);
  });
}

test("the local PropelAuth names the permission that a host name needs", async () => {
  const said = await runCommand(COMMANDS[0] ?? "", "--port", "0", "--hostname", "localhost");
  assert.match(
    said,
    / on localhost cannot be listened on: .+; Deno needs --allow-net=localhost\n$/,
  );
});

test("docs/deploy.md's containers fit together, with http between them", () => {
  const compose = block("deploy.md", "yaml");
  const [, flags = ""] = /jsr:@x\/propelauth-local\n([^]+?)\n {4}ports:/.exec(compose) ?? [];
  const { options } = readArguments(flags.trim().split(/\s+/));
  const resolved = resolveOptions(options);
  const variable = (name: string) => new RegExp(`${name}: (.+)`).exec(compose)?.[1] ?? "";
  const authUrl = variable("PROPELAUTH_AUTH_URL");
  assert.equal(authUrl, `http://${resolved.hostname}:${resolved.port}`);
  assert(compose.includes(`\n  ${resolved.hostname}:\n`), "the name of the service");
  assert.equal(variable("PROPELAUTH_INTROSPECTION_CLIENT_ID"), resolved.introspectionClientId);
  assert.equal(
    variable("PROPELAUTH_INTROSPECTION_CLIENT_SECRET"),
    resolved.introspectionClientSecret,
  );
  const given = {
    authUrl,
    introspectionClientId: "local",
    introspectionClientSecret: "local-secret",
    baseUrl: variable("SERVER_URL"),
  };
  const [, option = ""] = /(\w+): isDevelopment/.exec(block("deploy.md", "ts", "isDevel")) ?? [];
  createPropelAuth({ ...given, [option]: true });
  assert.throws(() => createPropelAuth(given), { message: new RegExp(option) });
});

for (
  const args of [
    ["--scope", "a,b"],
    ["--optional-scope", "a,b"],
    ["--server-url", "mcp"],
    ["--issuer-form", "x"],
    ["--port", "-1"],
    ["8001"],
  ]
) {
  test(`readArguments() refuses ${args.join(" ")}`, () => {
    assert.throws(() => readArguments(args), { message: /See --help$/ });
  });
}
