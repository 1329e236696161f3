/** `deno task client`, with `deno task dev` and with servers that fail in various ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { createPropelAuth, type PropelAuth, type PropelAuthOptions } from "@x/propelauth-mcp";
import {
  authorizeAs,
  type LocalConsentChoice,
  type LocalPropelAuth,
  startLocalPropelAuth,
} from "@x/propelauth-local";
import { runClient } from "../../examples/client.ts";
import * as reports from "../../examples/scopes.ts";
import { createServer } from "../../examples/server.ts";
import { IntrospectionError } from "../../src/oauth/errors.ts";
import { buildRefusal } from "../../src/oauth/refusal_response.ts";
import { command } from "../support/guides.ts";
import { freePort } from "../support/ports.ts";
import { type Outcome, parseTask, type Program, run, start } from "../support/programs.ts";

/** Joins the lines of the client's message; no line but a single word may be wider than 80 columns. */
function unwrap(stderr: string): string {
  for (const line of stderr.split("\n")) assert(line.length <= 80 || !line.includes(" "), line);
  return stderr.replace(/\n(?=.)/g, " ");
}

/** The origin of a server that cannot be reached: no program listens on this port. */
const NOBODY = "http://127.0.0.1:9";

interface Running extends AsyncDisposable {
  readonly origin: string;
}

/** Serves on a free port of loopback. */
function serve(
  handler: (request: Request, origin: string) => Response | Promise<Response>,
): Running {
  const stop = new AbortController();
  const listen = { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} };
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
    listen,
    (request) => handler(request, origin),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return {
    origin,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

/** Serves examples/server.ts, with options. */
function serveExample(
  local: LocalPropelAuth,
  options: Partial<PropelAuthOptions> = {},
  spoil?: () => Response,
): Running {
  return serveAuth(local, options, createServer, spoil);
}

/** Serves a server of ours; `spoil` answers the calls that have a token, in place of the server. */
function serveAuth(
  local: LocalPropelAuth,
  options: Partial<PropelAuthOptions>,
  create: (auth: PropelAuth) => (request: Request) => Promise<Response>,
  spoil?: () => Response,
): Running {
  const { authUrl, introspectionClientId, introspectionClientSecret } = local;
  let handler: (request: Request) => Promise<Response>;
  return serve((request, baseUrl) => {
    if (spoil !== undefined && request.headers.has("Authorization")) return spoil();
    handler ??= create(createPropelAuth({
      authUrl,
      introspectionClientId,
      introspectionClientSecret,
      baseUrl,
      ...options,
    }));
    return handler(request);
  });
}

/** Answers every introspection request in the same way. */
const always = (status: number, body = "") => ({
  tokenIntrospectionOverrides: { fetch: () => Promise.resolve(new Response(body, { status })) },
});

/** Asserts that no token was printed: tokens are longer than anything else that is printed. */
function assertNoToken({ stdout, stderr }: Outcome): void {
  assert.doesNotMatch((stdout + stderr).replace(/http\S+/g, ""), /[\w-]{40}/);
}

/**
 * Runs the client in this process, which takes a tenth of the time of a process of its own. Not for a
 * login without `--login-as`: that would open a browser.
 */
async function runHere(args: string[]): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const code = await runClient(args, {
    log: (text) => void (stdout += `${text}\n`),
    error: (text) => void (stderr += `${text}\n`),
  });
  return { code, stdout, stderr };
}

test("the client logs in to `deno task dev` as each of its users", async () => {
  await using dev = start("dev", ["--port", "0", "--auth-port", "0"]);
  const banner = await dev.until(/[^]+Inspector[^]+\/mcp\n/);
  const url = /MCP URL +(\S+)/.exec(banner)?.[1] ?? "";
  const authUrl = /Auth URL +(\S+)/.exec(banner)?.[1] ?? "";
  const emails = [...banner.matchAll(/^ {2}(\S+@\S+) /gm)].map(([, email = ""]) => email);
  assert.equal(emails.length, 3);
  for (const email of emails) {
    const line = command("connect.md", "deno task client ");
    const here = line.replace("https://mcp.example.com/mcp", url)
      .replace("8976", String(await freePort()));
    const [task, args] = parseTask(here);
    const outcome = await run(task, [...args, "--login-as", email]);
    assertNoToken(outcome);
    assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
    const steps = outcome.stdout.split("\n").map((line) => line.split(/ {2,}/));
    const [connecting, found, registered, loggingIn, loggedIn, connected, ping, tools, ...caller] =
      steps;
    assert.deepEqual(connecting, ["Connecting", url]);
    assert.deepEqual(found, ["Found", `${authUrl}/oauth/2.1`]);
    assert.equal(registered?.[0], "Registered");
    assert.deepEqual(loggingIn, ["Logging in", email]);
    assert.match(loggedIn?.join() ?? "", /^Logged in,scopes: read:user_data /);
    assert.match(connected?.join() ?? "", /^Connected,My PropelAuth.+MCP 2026-07-28$/);
    assert.match(ping?.join() ?? "", /^Ping,\d+ ms$/);
    assert.deepEqual(tools, ["Tools", "whoami, echo"]);
    assert.deepEqual(caller[1], ["whoami", `email: ${email}`]);
    assert.deepEqual(caller[2], ["whoami", `client: ${registered?.[1]}`]);
  }
});

/** Starts a client without browser; returns it and where the user is to log in. */
async function startLogin(url: string, ...args: string[]): Promise<[Program, string]> {
  const client = start("client", [url, ...args]);
  return [client, await client.until(/http\S+authorize\S+(?=\n)/)];
}

test("the client prints where to log in, and tells its own login from others", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  await using server = serveExample(local);
  const [client, loginUrl] = await startLogin(`${server.origin}/mcp`);
  await using _client = client;
  const callback = await authorizeAs(loginUrl, "owner@acme.example");

  const forged = new URL(callback);
  forged.searchParams.set("state", "forged");
  const turnedAway = await fetch(forged);
  assert.equal(turnedAway.status, 400);
  assert.match(await turnedAway.text(), /<h1>Another login<\/h1>/);
  const elsewhere = await fetch(new URL("/favicon.ico", callback));
  assert.equal(elsewhere.status, 404);
  await elsewhere.body?.cancel();

  const page = await fetch(callback);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<h1>You are logged in<\/h1>\s*<p>You can close this tab/);
  const outcome = await client.outcome;
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
  assert.match(outcome.stdout, /whoami +email: owner@acme\.example\n/);
  assertNoToken(outcome);
});

test("the client says so when the login is denied, in the browser too", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  await using server = serveExample(local);
  const [client, loginUrl] = await startLogin(`${server.origin}/mcp`);
  await using _client = client;
  const page = await fetch(await authorizeAs(loginUrl, "owner@acme.example", { deny: true }));
  assert.equal(page.status, 400);
  assert.match(await page.text(), /<h1>The login failed<\/h1>\s*<p>The login was denied\./);
  const { code, stderr } = await client.outcome;
  assert.deepEqual([code, stderr], [
    1,
    "The login was denied. Start again, and allow this client\n",
  ]);
});

test("the client trusts no answer of another issuer, and shows none of its text", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  await using server = serveExample(local);
  const [client, loginUrl] = await startLogin(`${server.origin}/mcp`);
  await using _client = client;
  const callback = await authorizeAs(loginUrl, "owner@acme.example", { deny: true });
  callback.searchParams.set("iss", "https://evil.example");
  callback.searchParams.set("error_description", "<script>pay()</script>");
  const page = await fetch(callback);
  assert.match(await page.text(), /<p>The login was answered by someone else than PropelAuth\./);
  const { code, stderr } = await client.outcome;
  assert.equal(code, 1);
  assert.match(unwrap(stderr), /^The login was answered by someone else than PropelAuth\. .+\n$/);
});

test("the client escapes what the redirect brings", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  await using server = serveExample(local);
  const [client, loginUrl] = await startLogin(`${server.origin}/mcp`);
  await using _client = client;
  const callback = await authorizeAs(loginUrl, "owner@acme.example", { deny: true });
  callback.searchParams.set("error", "server_error");
  callback.searchParams.set("error_description", "<b>\x1b[31mred\r\n");
  const page = await fetch(callback);
  assert.match(await page.text(), /server_error, &#60;b&#62; \[31mred /);
  assert.equal(
    (await client.outcome).stderr,
    "PropelAuth refused the login: server_error, <b> [31mred \n",
  );
});

test("the client waits no longer than --timeout", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  await using server = serveExample(local);
  const { code, stderr } = await run("client", [`${server.origin}/mcp`, "--timeout", "0.01"]);
  assert.deepEqual([code, stderr], [
    1,
    "No user logged in within 0.01 s. Start again; --timeout gives more time\n",
  ]);
});

const SECOND_LOGINS = [
  { when: "the user allows", choice: {}, code: 0, ends: /\nResult +Added Q4\n$/, says: /^$/ },
  {
    when: "the user declines again",
    choice: { scopes: [] },
    code: 1,
    ends: /\nLogged in +scopes: read:reports\n$/,
    says: /^The login grants too little: \S+ needs the scope write:reports\. .+\n$/,
  },
  {
    when: "the user denies",
    choice: { deny: true },
    code: 1,
    ends: /\nLog in at this address[^]+authorize\S+\n+$/,
    says: /^The login was denied\. .+\n$/,
  },
];

for (const { when, choice, code, ends, says } of SECOND_LOGINS) {
  test(`the client asks for the scopes of a tool, once: ${when}`, async () => {
    await using local = await startLocalPropelAuth({ log: () => {} });
    await using server = serveAuth(local, reports.SCOPES, reports.createServer);
    const url = `${server.origin}/mcp`;
    const tool = ["--call", "add_report", "--with", '{"title":"Q4"}'];
    const [client, firstLogin] = await startLogin(url, ...tool);
    await using _client = client;
    const visit = async (loginUrl: string, choice: LocalConsentChoice) => {
      await (await fetch(await authorizeAs(loginUrl, "member@acme.example", choice))).text();
    };
    await visit(firstLogin, { scopes: [] });
    const asking = await client.until(
      /Step-up +add_report needs write:reports\n[^]+authorize\S+(?=\n)/,
    );
    await visit(/http\S+$/.exec(asking)?.[0] ?? "", choice);
    const outcome = await client.outcome;
    assertNoToken(outcome);
    assert.match(outcome.stdout, ends);
    assert.match(unwrap(outcome.stderr), says);
    assert.equal(outcome.code, code);
  });
}

const CALLS = [
  {
    args: ["--call", "echo"],
    stdout: /\nFailed +Input validation error: .+\n$/,
    stderr: "echo refuses its arguments. --with gives it others\n",
  },
  {
    args: ["--call", "shout"],
    stdout: /\nwhoami +scopes: .+\n$/,
    stderr: "Cannot call it: Tool shout not found\n",
  },
  { args: ["--call", "echo", "--with", '{"message":"Hi"}'], stdout: /\nResult +Hi\n$/, stderr: "" },
];

for (const { args, stdout, stderr } of CALLS) {
  test(`the client says how a call ended: ${args.join(" ")}`, async () => {
    await using local = await startLocalPropelAuth({ log: () => {} });
    await using server = serveExample(local);
    const url = `${server.origin}/mcp`;
    const outcome = await runHere([url, "--login-as", "owner@acme.example", ...args]);
    assert.deepEqual([outcome.code, outcome.stderr], [stderr === "" ? 0 : 1, stderr]);
    assert.match(outcome.stdout, stdout);
  });
}

interface AfterLogin {
  readonly when: string;
  readonly options?: Partial<PropelAuthOptions>;
  readonly path?: string;
  /** Answers the calls that have a token, in place of the server. */
  readonly spoil?: () => Response;
  readonly says: RegExp;
}

/** The challenge of a gate that saw no token. */
const NO_TOKEN = { "WWW-Authenticate": 'Bearer resource_metadata="http://127.0.0.1:9/metadata"' };
const RPC_ERROR = { jsonrpc: "2.0", id: null, error: { code: -32603, message: "out of disk" } };

const CHALLENGE = { resourceMetadataUrl: "https://mcp.example.com/metadata", challengeScopes: [] };

const AFTER_LOGIN: AfterLogin[] = [
  {
    when: "the server refuses the token",
    options: always(200, '{"active":false}'),
    says: /^The login worked, but \S+\/mcp refuses the token\. Check .+SERVER_URL.+\n$/,
  },
  {
    when: "the token does not arrive",
    spoil: () => new Response(null, { status: 401, headers: NO_TOKEN }),
    says: /^The login worked, but the token did not reach the gate of \S+\. .+Authorization.+\n$/,
  },
  {
    when: "the server cannot reach PropelAuth",
    // The server itself would wait for PropelAuth for some seconds before it says so.
    spoil: () => buildRefusal(new IntrospectionError("timeout"), CHALLENGE),
    says: /^The server cannot reach PropelAuth now \(503\)\. Try again in a moment\n$/,
  },
  {
    when: "the server is not available, and its gate did not say so",
    spoil: () => new Response("Service Unavailable", { status: 503 }),
    says: /^\S+\/mcp is not available \(503\), and its gate did not say so\. .+proxy in front.+\n$/,
  },
  {
    when: "the server's credentials are wrong",
    options: always(401),
    says: /^The server cannot verify tokens \(500\)\. Check its PropelAuth introspection cred.+\n$/,
  },
  {
    when: "the MCP server throws",
    spoil: () => new Response("Internal Server Error", { status: 500 }),
    says:
      /^The MCP server itself failed \(500\), and its gate did not\. Look at the server's log\n$/,
  },
  {
    when: "the MCP server fails, and says why",
    spoil: () => Response.json(RPC_ERROR, { status: 500 }),
    says: /^The MCP server itself failed \(500\).+ log: out of disk\n$/,
  },
  {
    when: "a proxy gets no answer",
    spoil: () => new Response("Bad Gateway", { status: 502 }),
    says: /^A proxy in front of \S+ gets no answer from it \(502\)\. Start the server\n$/,
  },
  {
    when: "the user may not grant enough",
    options: { requiredScopes: ["admin:org"] },
    says: /^The login grants too little: \S+ needs the scope admin:org\. Log in as .+\n$/,
  },
  {
    when: "the endpoint is another organization's",
    options: { mcpPath: "/o/{orgId}/mcp" },
    path: "/o/another/mcp",
    says:
      /^The login worked, but the server refuses this user: .+another organization; log in .+\n$/,
  },
  {
    when: "the gate refuses something else than the token",
    spoil: () => Response.json(RPC_ERROR, { status: 403 }),
    says: /^\S+\/mcp refuses this client \(403\): out of disk\n$/,
  },
  {
    when: "a firewall refuses the client",
    spoil: () => new Response("<h1>Forbidden</h1>", { status: 403 }),
    says: /^Something in front of \S+ refuses this client \(403\)\. It is not the gate: .+\n$/,
  },
];

for (const { when, options, path = "/mcp", spoil, says } of AFTER_LOGIN) {
  test(`the client says what to do when after the login ${when}`, async () => {
    await using local = await startLocalPropelAuth({ log: () => {} });
    await using server = serveExample(local, options, spoil);
    const args = [server.origin + path, "--login-as", "member@acme.example"];
    const { code, stdout, stderr } = await runHere(args);
    assert.equal(code, 1);
    assert.match(stdout, /\nLogged in /);
    assert.match(unwrap(stderr), says);
  });
}

const REFUSALS: [tool: string, says: RegExp][] = [
  ["role", /^role refuses this user's role\. Log in as a user with another role\n$/],
  ["org", /^org refuses this organization\. Log in again, and choose another one\n$/],
  ["scope", /^scope needs a scope that this login did not grant\. .+\n$/],
  ["broken", /^broken failed, as it says above\. Look at the server's log\n$/],
];

for (const [tool, says] of REFUSALS) {
  test(`the client says what to do when a tool throws: ${tool}`, async () => {
    await using local = await startLocalPropelAuth({ log: () => {} });
    await using server = serveAuth(local, {}, (auth) =>
      auth.handler(createMcpHandler(() => {
        const mcp = new McpServer({ name: "refusing", version: "1.0.0" });
        mcp.registerTool("role", {}, () => (auth.requireRole("Nobody"), { content: [] }));
        mcp.registerTool("org", {}, () => (auth.requireOrg("nowhere"), { content: [] }));
        mcp.registerTool("scope", {}, () => (auth.requireScopes("admin:org"), { content: [] }));
        mcp.registerTool("broken", {}, () => {
          throw new Error("out of disk");
        });
        return mcp;
      })));
    const args = [`${server.origin}/mcp`, "--login-as", "member@acme.example", "--call", tool];
    const { code, stdout, stderr } = await runHere(args);
    assert.equal(code, 1);
    assert.match(stdout, /\nFailed +(The access token was refused: |out of disk)/);
    assert.match(unwrap(stderr), says);
  });
}

/** A server that wants a login, and a PropelAuth with one fault, both at one origin. */
function faulty(request: Request, origin: string): Response {
  const [, first, fault = ""] = new URL(request.url).pathname.split("/");
  const issuer = `${origin}/as/${fault}`;
  switch (first) {
    case "page":
      return new Response("<h1>Hello</h1>", { headers: { "Content-Type": "text/html" } });
    case "silent":
      return new Response(null, { status: 401 });
    case "mcp": {
      const place = fault === "lost"
        ? `${NOBODY}/.well-known/oauth-protected-resource/mcp`
        : `${origin}/metadata/${fault}`;
      const challenge = `Bearer resource_metadata="${place}"`;
      return new Response(null, { status: 401, headers: { "WWW-Authenticate": challenge } });
    }
    case "metadata":
      return Response.json({
        resource: fault === "renamed"
          ? `${origin.replace("127.0.0.1", "localhost")}/mcp/renamed`
          : `${origin}/mcp/${fault}`,
        authorization_servers: [fault === "gone" ? `${NOBODY}/oauth/2.1` : issuer],
      });
    case ".well-known": {
      const [, , , , fault] = new URL(request.url).pathname.split("/");
      const metadata = {
        issuer: fault === "issuer" ? origin : `${origin}/as/${fault}`,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        response_types_supported: ["code"],
        ...(fault === "static" ? {} : { registration_endpoint: `${origin}/register` }),
      };
      if (fault !== "off" && request.url.includes("authorization-server/as/")) {
        return Response.json(metadata);
      }
      break;
    }
    case "register":
      return Response.json({ error: "invalid_redirect_uri" }, { status: 400 });
  }
  return new Response("Not found", { status: 404 });
}

const BEFORE_LOGIN = [
  { path: "page", says: /^\S+\/page is no MCP endpoint\. Check the path, .+\n$/ },
  { path: "elsewhere", says: /^\S+\/elsewhere is no MCP endpoint \(404\)\. Check the path, .+\n$/ },
  {
    path: "silent",
    says: /^The server wants a login, but publishes no metadata .+\(RFC 9728\)\. Hand .+\n$/,
  },
  { path: "mcp/gone", says: /^PropelAuth does not answer at \S+:9\. Check .+AUTH_URL\n$/ },
  {
    path: "mcp/lost",
    says:
      /^\S+ says that its own address is \S+:9, where no server answers\. Check .+SERVER_URL\n$/,
  },
  {
    path: "mcp/renamed",
    says:
      /^The server calls itself http:\/\/localhost:\d+\/mcp\/renamed, and .+ SERVER_URL to \S+1:\d+\n$/,
  },
  { path: "mcp/off", says: /^PropelAuth has no MCP endpoints at \S+\. Enable .+ Enable MCP\n$/ },
  { path: "mcp/static", says: /^PropelAuth lets no client register by itself\. Allow .+\n$/ },
  { path: "mcp/issuer", says: /^PropelAuth calls itself \S+, the server calls it .+"issuer".+\n$/ },
  {
    path: "mcp/refused",
    says: /^PropelAuth refused to register .+invalid_redirect_uri.+Allowed MCP Clients.+\n$/,
  },
];

for (const { path, says } of BEFORE_LOGIN) {
  test(`the client says what to do about a server like /${path}`, async () => {
    await using server = serve(faulty);
    const { code, stderr } = await runHere([`${server.origin}/${path}`]);
    assert.equal(code, 1);
    assert.match(unwrap(stderr), says);
  });
}

const ARGUMENTS = [
  { args: [`${NOBODY}/mcp`], says: /^No server answers at \S+:9\. .+ deno task dev\n$/ },
  {
    args: ["https://127.0.0.1:9/mcp"],
    says: /^No server answers at \S+:9\. .+ speaks http: write http:\/\/127\.0\.0\.1:9\/mcp\n$/,
  },
  {
    args: ["mcp.example.com"],
    says: /^mcp\.example\.com must begin with http:\/\/ or https:\/\/\n$/,
  },
  { args: ["--timeout", "soon"], says: /^--timeout must be a number of seconds\n$/ },
  { args: ["--callback-port", "x"], says: /^--callback-port must be a port number\n$/ },
  { args: ["--call", "t", "--with", "[1]"], says: /^--with must be a JSON object\n$/ },
  { args: ["--call", "t", "--with", "{"], says: /^--with must be a JSON object\n$/ },
  {
    args: ["http://127.0.0.1:1/mcp", "owner@acme.example"],
    says: /^Give one URL alone: owner@acme\.example is too much\n$/,
  },
  { args: ["--browser"], says: /^Unknown option '--browser'\. See --help\n$/ },
];

for (const { args, says } of ARGUMENTS) {
  test(`the client says what is wrong with ${args.join(" ")}`, async () => {
    const { code, stderr } = await runHere(args);
    assert.equal(code, 1);
    assert.match(unwrap(stderr), says);
  });
}

test("the client tells how it is used", async () => {
  const { code, stdout } = await run("client", ["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /Usage: deno task client \[URL\] \[options\]/);
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
});
