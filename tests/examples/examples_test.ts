/** The servers of `examples/`, and `deno task dev`, started as a user starts them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  auth,
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { authorizeAs, startLocalPropelAuth } from "@x/propelauth-local";
import type { Report } from "@x/propelauth-mcp/doctor";
import { command } from "../support/guides.ts";
import { freePort, occupyPort } from "../support/ports.ts";
import { parseTask, run, start, variablesOf } from "../support/programs.ts";

const SERVERS = ["examples/server.ts", "examples/server_v1.ts"];

const MISSING = `Cannot create PropelAuth: these environment variables are missing or blank:
  PROPELAUTH_AUTH_URL
    PropelAuth dashboard > Frontend or Backend Integration > Auth URL
  PROPELAUTH_INTROSPECTION_CLIENT_ID
    PropelAuth dashboard > MCP > Request Validation
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET
    PropelAuth dashboard > MCP > Request Validation, shown once at creation
  SERVER_URL
    where clients reach this server, such as https://mcp.example.com
Fill in .env, as .env.example shows. Without an account: deno task dev
`;

async function connect(url: string, token: string): Promise<Client> {
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { versionNegotiation: { mode: "auto" } },
  );
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  return client;
}

/** Calls both tools with a token; returns their results. */
async function callTools(url: string, token: string): Promise<unknown[]> {
  const client = await connect(url, token);
  const calls = [{ name: "whoami" }, { name: "echo", arguments: { message: "Hello" } }];
  const said = [];
  for (const call of calls) said.push((await client.callTool(call)).content);
  await client.close();
  return said;
}

for (const example of SERVERS) {
  test(`${example} names the missing variables, and the command that needs none`, async () => {
    assert.deepEqual(await run("serve", [], { example }), {
      code: 1,
      stdout: "",
      stderr: MISSING,
    });
  });

  test(`${example} serves its tools to users alone`, async () => {
    await using local = await startLocalPropelAuth({ log: () => {} });
    const [user] = local.users;
    assert(user !== undefined);
    const origin = `http://127.0.0.1:${await freePort()}`;
    const resource = `${origin}/mcp`;
    const env = variablesOf(local, origin);
    await using server = start("serve", [], { example, env });
    await server.until(/MCP endpoint: .+\n/);
    assert.equal((await fetch(resource, { method: "POST" })).status, 401);
    const token = await local.mintToken({
      subject: user.id,
      scopes: ["read:user_data"],
      resource,
      clientId: "a-client",
    });
    const caller = { user: user.id, email: user.email, client: "a-client" };
    assert.deepEqual(await callTools(resource, token), [
      [{ type: "text", text: JSON.stringify({ ...caller, scopes: ["read:user_data"] }) }],
      [{ type: "text", text: "Hello" }],
    ]);

    const second = await run("serve", [], { example, env });
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^AddrInUse: .+\n$/);
  });
}

test("examples/scopes.ts shows and serves what a caller's scopes allow", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  const origin = `http://127.0.0.1:${await freePort()}`;
  const resource = `${origin}/mcp`;
  const env = variablesOf(local, origin);
  await using server = start("serve", [], { example: "examples/scopes.ts", env });
  await server.until(/MCP endpoint: .+\n/);
  const add = { name: "add_report", arguments: { title: "Q4" } };
  const purge = { name: "purge_reports" };
  const as = async (subject: string, scopes: string[]) => {
    const client = await connect(resource, await local.mintToken({ subject, scopes, resource }));
    const call = async (params: Parameters<typeof client.callTool>[0]) =>
      JSON.stringify((await client.callTool(params)).content);
    const { tools } = await client.listTools();
    return { call, names: tools.map(({ name }) => name).join(" "), close: () => client.close() };
  };

  const reader = await as("member@acme.example", ["read:reports"]);
  assert.equal(reader.names, "list_reports add_report");
  assert.match(await reader.call({ name: "list_reports" }), /none/);
  await assert.rejects(reader.call(add), /write:reports/);
  await assert.rejects(reader.call(purge), /admin:org/);

  // A broader scope includes the narrower ones.
  const owner = await as("owner@acme.example", ["admin:org"]);
  assert.equal(owner.names, "list_reports add_report purge_reports");
  assert.match(await owner.call(add), /Added Q4/);
  assert.match(await owner.call({ name: "list_reports" }), /Q4/);
  assert.match(await owner.call(purge), /Deleted/);

  const member = await as("member@acme.example", ["admin:org"]);
  assert.match(await member.call(purge), /role of this user/);
  for (const { close } of [reader, owner, member]) await close();
});

test("`deno task dev --scopes` serves the example whose tools need scopes", async () => {
  await using dev = start("dev", ["--scopes", "--port", "0", "--auth-port", "0"]);
  const mcpUrl = labelled(await dev.until(WHOLE_BANNER), "MCP URL");
  const client = await connect(mcpUrl, await logIn(mcpUrl, "member@acme.example"));
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), ["list_reports", "add_report"]);
  await client.close();
});

/** Logs in with the SDK's own OAuth flow; returns the access token. */
async function logIn(serverUrl: string, email: string): Promise<string> {
  const redirectUrl = "http://127.0.0.1:1/callback";
  let client: StoredOAuthClientInformation | undefined;
  let tokens: StoredOAuthTokens | undefined;
  let discovery: OAuthDiscoveryState | undefined;
  let verifier = "";
  let loginUrl = "";
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl], token_endpoint_auth_method: "none" },
    state: () => "state",
    clientInformation: () => client,
    saveClientInformation: (information) => void (client = information),
    tokens: () => tokens,
    saveTokens: (received) => void (tokens = received),
    codeVerifier: () => verifier,
    saveCodeVerifier: (saved) => void (verifier = saved),
    discoveryState: () => discovery,
    saveDiscoveryState: (discovered) => void (discovery = discovered),
    redirectToAuthorization: (url) => void (loginUrl = url.href),
  };
  assert.equal(await auth(provider, { serverUrl }), "REDIRECT");
  const { searchParams } = await authorizeAs(loginUrl, email);
  const authorizationCode = searchParams.get("code") ?? "";
  const iss = searchParams.get("iss") ?? "";
  assert.equal(await auth(provider, { serverUrl, authorizationCode, iss }), "AUTHORIZED");
  return tokens?.access_token ?? "";
}

/** The value after a label in the banner of `deno task dev`. */
function labelled(banner: string, label: string): string {
  return new RegExp(`^ *${label} +(\\S+)$`, "m").exec(banner)?.[1] ?? "";
}

const WHOLE_BANNER = /[^]+Inspector[^]+\/mcp\n[^]+doctor --env \S+\n/;

test("`deno task dev` tells where it is and how to connect, and ends on SIGTERM", async () => {
  const [task, args] = parseTask(
    command("README.md", "npx -y deno@2.9.5 task -c examples/dev.json dev"),
  );
  await using dev = start(task, [...args, "--port", "0", "--auth-port", "0"]);
  const banner = await dev.until(WHOLE_BANNER);
  for (const line of banner.split("\n")) assert(line.length <= 80, line);
  const mcpUrl = labelled(banner, "MCP URL");
  const authUrl = labelled(banner, "Auth URL");
  assert.match(mcpUrl, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  for (
    const expected of [
      "  owner@acme.example ",
      "  member@acme.example    Member of Acme     all but admin:org\n",
      `  deno task client ${mcpUrl}\n`,
      `  deno task client ${mcpUrl} --login-as owner@acme.example\n`,
      "npx -y deno@2.9.5",
      `  claude mcp add --transport http local ${mcpUrl}\n`,
      "public https URL",
      `{"mcpServers":{"local":{"url":"${mcpUrl}"}}}`,
      `{"servers":{"local":{"type":"http","url":"${mcpUrl}"}}}`,
      `  npx @modelcontextprotocol/inspector ${mcpUrl}\n`,
      "  deno task doctor --env .local-propelauth.env\n",
    ]
  ) assert(banner.includes(expected), expected);

  const token = await logIn(mcpUrl, "owner@acme.example");
  const [caller] = await callTools(mcpUrl, token);
  assert.match(JSON.stringify(caller), /owner@acme\.example/);

  // A stream that is open must not keep it alive.
  const client = await connect(mcpUrl, token);
  const subscription = await client.listen({ toolsListChanged: true });
  dev.kill("SIGTERM");
  const { code, stderr } = await dev.outcome;
  assert.equal(code, 0);
  assert.match(stderr, /^\{"time":.+"code":"token_accepted",.+"source":"introspection"/m);
  assert(!stderr.includes(token));
  assert.equal(await subscription.closed, "remote");
  await client.close();
  for (const url of [mcpUrl, authUrl]) await assert.rejects(fetch(url), TypeError);
});

for (const option of ["--port", "--auth-port"]) {
  test(`\`deno task dev\` says so when the port of ${option} is in use`, async () => {
    await using occupied = await occupyPort();
    const other = await freePort();
    const ports = { "--port": other, "--auth-port": other, [option]: occupied.port };
    const { code, stdout, stderr } = await run("dev", Object.entries(ports).flat().map(String));
    assert.deepEqual({ code, stdout, stderr }, {
      code: 1,
      stdout: "",
      stderr: `Port ${occupied.port} is in use. Choose another: deno task dev ${option} PORT\n`,
    });
    await assert.rejects(fetch(`http://127.0.0.1:${other}`), TypeError);
  });
}

test("`deno task dev` ends, and names the file, when it cannot write its variables", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cwd}/.local-propelauth.env`);
    const { code, stdout, stderr } = await run("dev", ["--port", "0", "--auth-port", "0"], { cwd });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^The file \.local-propelauth\.env cannot be written: \w+\n$/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

test("`deno task dev` knows its clients and tokens again after a restart", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    const ports = ["--port", String(await freePort()), "--auth-port", String(await freePort())];
    let mcpUrl = "";
    let token = "";
    {
      await using dev = start("dev", ports, { cwd });
      mcpUrl = labelled(await dev.until(WHOLE_BANNER), "MCP URL");
      token = await logIn(mcpUrl, "owner@acme.example");
      dev.kill("SIGTERM");
      assert.equal((await dev.outcome).code, 0);
    }
    await using dev = start("dev", ports, { cwd });
    await dev.until(WHOLE_BANNER);
    const [caller] = await callTools(mcpUrl, token);
    assert.match(JSON.stringify(caller), /owner@acme\.example/);
    assert.deepEqual([...Deno.readDirSync(cwd)].map(({ name }) => name).sort(), [
      ".local-propelauth.env",
      ".local-propelauth.json",
    ]);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

test("`deno task dev` takes its file away when it ends, and not another's", async () => {
  const cwd = await Deno.makeTempDir();
  const ports = ["--port", "0", "--auth-port", "0"];
  const file = `${cwd}/.local-propelauth.env`;
  try {
    await using first = start("dev", ports, { cwd });
    await first.until(WHOLE_BANNER);
    await using second = start("dev", ports, { cwd });
    const mcpUrl = labelled(await second.until(WHOLE_BANNER), "MCP URL");
    // As when its terminal is closed.
    first.kill("SIGHUP");
    assert.equal((await first.outcome).code, 0);
    assert((await Deno.readTextFile(file)).includes(`SERVER_URL=${new URL(mcpUrl).origin}\n`));
    second.kill("SIGHUP");
    assert.equal((await second.outcome).code, 0);
    await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

test("`deno task doctor` is green beside `deno task dev`, and says so when that has ended", async () => {
  const cwd = await Deno.makeTempDir();
  const [task, args] = parseTask(command("doctor.md", "deno task doctor "));
  try {
    await using dev = start("dev", ["--port", "0", "--auth-port", "0"], { cwd });
    const mcpUrl = labelled(await dev.until(WHOLE_BANNER), "MCP URL");
    const file = `${cwd}/${args[1]}`;
    assert.equal((await Deno.stat(file)).mode, 0o100600);
    const { code, stdout, stderr } = await run(task, args, { cwd });
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, /\n\nFine\. All 28 checks passed\.\n$/);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    const token = /PROPELAUTH_TOKEN=(\S+)/.exec(await Deno.readTextFile(file))?.[1] ?? "";
    assert(token.length > 20 && !stdout.includes(token));

    const env = {
      PROPELAUTH_AUTH_URL: labelled(stdout, "✓ Auth URL"),
      PROPELAUTH_INTROSPECTION_CLIENT_ID: "another",
      PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "environment",
      SERVER_URL: new URL(mcpUrl).origin,
    };
    const wrong = await run("doctor", [mcpUrl, "--json", "--token"], { cwd, env, stdin: token });
    assert.deepEqual([wrong.code, wrong.stderr], [1, ""]);
    const { checks }: Report = JSON.parse(wrong.stdout);
    const odd = checks.filter(({ status }) => status !== "ok");
    assert.deepEqual(odd.map(({ id, status }) => [id, status]), [
      ["credentials", "failed"],
      ["token", "skipped"],
    ]);

    dev.kill("SIGTERM");
    assert.equal((await dev.outcome).code, 0);
    const ended = await run("doctor", args, { cwd });
    assert.deepEqual([ended.code, ended.stdout], [1, ""]);
    assert.equal(ended.stderr, "The file of --env cannot be read: ENOENT\n");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

test("`deno task dev` tells how it is used, and what is wrong with an option", async () => {
  const help = await run("dev", ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Usage: deno task dev \[options\]/);
  for (const line of help.stdout.split("\n")) assert(line.length <= 80, line);
  assert.deepEqual(await run("dev", ["--port", "http"]), {
    code: 1,
    stdout: "",
    stderr: "--port must be a port number: received http\n",
  });
});
