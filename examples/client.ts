// A client that logs in with OAuth and asks the server who is calling: `deno task client`.
import { parseArgs } from "node:util";
import {
  auth,
  Client,
  computeScopeUnion,
  InsufficientScopeError,
  ProtocolError,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { openBrowser } from "./client/browser.ts";
import { type Callback, listenForCallback } from "./client/callback.ts";
import { explain, printable, Problem, wrap } from "./client/problem.ts";
import { LoginProvider } from "./client/provider.ts";
import { createSender, explainRefusal, explainToolError, type Sender } from "./client/refusal.ts";

const HELP = `Logs in to an MCP server with OAuth, and asks it who is calling.

Usage: deno task client [URL] [options]

  URL                   the MCP endpoint (http://127.0.0.1:8000/mcp)
  --login-as EMAIL      log in without a browser; local PropelAuth only
  --call TOOL           call a tool; logs in again if it needs more scopes
  --with JSON           the arguments of that tool, such as '{"title":"Q4"}'
  --timeout SECONDS     how long to wait for the login (120)
  --callback-port PORT  where the browser comes back to (a free port)
  --help                this text`;

/** Standard output and standard error: `console`, or a double of it. */
export interface Terminal {
  log(text: string): void;
  error(text: string): void;
}

interface Arguments {
  serverUrl: URL;
  loginAs: string | undefined;
  tool: { name: string; arguments: Record<string, unknown> } | undefined;
  timeoutSeconds: number;
  callbackPort: number;
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        "login-as": { type: "string" },
        "call": { type: "string" },
        "with": { type: "string", default: "{}" },
        "timeout": { type: "string", default: "120" },
        "callback-port": { type: "string", default: "0" },
        "help": { type: "boolean" },
      },
    });
  } catch (error) {
    throw new Problem(`${describeMisuse(error)}. See --help`);
  }
}

/** The first sentence of the parser's message; the rest is about arguments that look like options. */
function describeMisuse(error: unknown): string {
  return error instanceof Error ? error.message.split(". ")[0] ?? "" : String(error);
}

/** Reads the command line; `undefined` if it asks for help. */
function readArguments(args: string[]): Arguments | undefined {
  const { values, positionals } = parseOptions(args);
  if (values.help) return undefined;
  const [url = "http://127.0.0.1:8000/mcp", another] = positionals;
  if (another !== undefined) throw new Problem(`Give one URL alone: ${another} is too much`);
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new Problem(`${url} must begin with http:// or https://`);
  }
  const timeoutSeconds = Number(values.timeout);
  if (!(timeoutSeconds > 0 && timeoutSeconds < 86_400)) {
    throw new Problem("--timeout must be a number of seconds");
  }
  const callbackPort = Number(values["callback-port"]);
  if (!Number.isInteger(callbackPort) || callbackPort < 0 || callbackPort > 65_535) {
    throw new Problem("--callback-port must be a port number");
  }
  const tool = values.call === undefined
    ? undefined
    : { name: values.call, arguments: readObject("--with", values.with) };
  const loginAs = values["login-as"];
  return { serverUrl: new URL(url), loginAs, tool, timeoutSeconds, callbackPort };
}

function readObject(name: string, json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Reported below.
  }
  throw new Problem(`${name} must be a JSON object`);
}

interface Connection {
  client: Client;
  /** Logs in again, for scopes in addition to those that are granted. */
  stepUp(scope: string | undefined): Promise<void>;
}

/** The login, the requests, and how an error of them is explained. */
interface Session {
  readonly terminal: Terminal;
  readonly provider: LoginProvider;
  readonly sender: Sender;
  readonly explain: (error: unknown) => string;
}

function createSession(serverUrl: URL, redirectUrl: string, terminal: Terminal): Session {
  const provider = new LoginProvider(
    redirectUrl,
    (step, text) => report(terminal, step, text),
  );
  const sender = createSender(serverUrl);
  const explainStatus = (status: number): string =>
    explainRefusal(status, sender.lastRefusal(), serverUrl, provider.tokens() !== undefined);
  return {
    terminal,
    provider,
    sender,
    explain: (error) => explain(error, { serverUrl, redirectUrl, explainStatus }),
  };
}

/** Connects, with a login if the server requires one. */
async function connect(args: Arguments, callback: Callback, session: Session): Promise<Connection> {
  const { terminal, provider, sender, explain } = session;
  const createTransport = () =>
    new StreamableHTTPClientTransport(args.serverUrl, {
      authProvider: provider,
      fetch: sender.fetch,
      onInsufficientScope: "throw",
    });
  const client = new Client(
    { name: "propelauth-example-client", version: "1.0.0" },
    { versionNegotiation: { mode: "auto" } },
  );
  let transport = createTransport();
  async function completeLogin(authorizationUrl: URL): Promise<void> {
    await logIn(args, session, authorizationUrl, callback, async (parameters) => {
      try {
        await transport.finishAuth(parameters);
      } catch (error) {
        throw new Problem(explain(error));
      }
    });
    report(terminal, "Logged in", `scopes: ${provider.tokens()?.scope ?? "none"}`);
  }
  try {
    await client.connect(transport);
  } catch (error) {
    const { authorizationUrl } = provider;
    if (!UnauthorizedError.isInstance(error) || authorizationUrl === undefined) throw error;
    await completeLogin(authorizationUrl);
    transport = createTransport();
    await client.connect(transport);
  }
  return {
    client,
    async stepUp(needed) {
      const scope = computeScopeUnion(provider.tokens()?.scope, needed);
      const { serverUrl } = args;
      // A refresh cannot add scopes, so log in again.
      const fresh = { forceReauthorization: true, fetchFn: sender.fetch };
      await auth(provider, { serverUrl, ...(scope !== undefined && { scope }), ...fresh });
      if (provider.authorizationUrl) await completeLogin(provider.authorizationUrl);
    },
  };
}

async function logIn(
  { loginAs, timeoutSeconds }: Arguments,
  { terminal, provider }: Session,
  authorizationUrl: URL,
  callback: Callback,
  finish: (parameters: URLSearchParams) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const tooLate = new Problem(
    `No user logged in within ${timeoutSeconds} s. Start again; --timeout gives more time`,
  );
  const timer = setTimeout(() => stop.abort(tooLate), timeoutSeconds * 1000);
  const answered = callback.receive(provider.loginState, finish, stop.signal);
  const started = loginAs === undefined
    ? askForLogin(terminal, authorizationUrl)
    : logInWithoutBrowser(terminal, authorizationUrl, loginAs);
  await Promise.all([answered, started]).finally(() => clearTimeout(timer));
}

function askForLogin(terminal: Terminal, authorizationUrl: URL): void {
  terminal.log(`\nLog in at this address, which opens in your browser:\n\n${authorizationUrl}\n`);
  openBrowser(authorizationUrl);
}

async function logInWithoutBrowser(
  terminal: Terminal,
  authorizationUrl: URL,
  email: string,
): Promise<void> {
  report(terminal, "Logging in", email);
  const { authorizeAs } = await import("@x/propelauth-local");
  try {
    const response = await fetch(await authorizeAs(authorizationUrl.href, email));
    await response.body?.cancel();
  } catch (error) {
    throw new Problem(error instanceof Error ? error.message : String(error));
  }
}

/** Calls a tool; if it needs more scopes, asks the user for them, once. */
async function call(
  terminal: Terminal,
  { client, stepUp }: Connection,
  tool: NonNullable<Arguments["tool"]>,
): Promise<void> {
  let result: Awaited<ReturnType<Client["callTool"]>>;
  try {
    result = await client.callTool(tool);
  } catch (error) {
    if (ProtocolError.isInstance(error)) throw new Problem(`Cannot call it: ${error.message}`);
    if (!InsufficientScopeError.isInstance(error)) throw error;
    report(terminal, "Step-up", `${tool.name} needs ${error.requiredScope}`);
    await stepUp(error.requiredScope);
    result = await client.callTool(tool);
  }
  for (const part of result.content) {
    if (part.type === "text") report(terminal, result.isError ? "Failed" : "Result", part.text);
  }
  if (!result.isError) return;
  const texts = result.content.map((part) => part.type === "text" ? part.text : "");
  throw new Problem(explainToolError(tool.name, texts.join("\n")));
}

/** Prints the server, its tools and the caller. */
async function ask(terminal: Terminal, client: Client): Promise<void> {
  const server = client.getServerVersion();
  report(
    terminal,
    "Connected",
    `${server?.name} ${server?.version}, MCP ${client.getNegotiatedProtocolVersion()}`,
  );
  const start = performance.now();
  // MCP 2026-07-28 has no ping; discovery is as cheap.
  await (client.getProtocolEra() === "modern" ? client.discover() : client.ping());
  report(terminal, "Ping", `${Math.ceil(performance.now() - start)} ms`);
  const { tools } = await client.listTools();
  report(terminal, "Tools", tools.map(({ name }) => name).join(", ") || "none");
  if (!tools.some(({ name }) => name === "whoami")) return;
  const { content } = await client.callTool({ name: "whoami" });
  for (const part of content) if (part.type === "text") reportCaller(terminal, part.text);
}

/** Prints the answer of `whoami`: a JSON object from the example servers, any text from others. */
function reportCaller(terminal: Terminal, text: string): void {
  try {
    for (const [name, value] of Object.entries<unknown>(JSON.parse(text))) {
      report(terminal, "whoami", `${name}: ${Array.isArray(value) ? value.join(" ") : value}`);
    }
  } catch {
    report(terminal, "whoami", text);
  }
}

function report(terminal: Terminal, step: string, text: string): void {
  terminal.log(`${step.padEnd(11)} ${printable(text)}`);
}

async function main(args: Arguments, terminal: Terminal): Promise<void> {
  await using callback = listenForCallback(args.callbackPort);
  report(terminal, "Connecting", args.serverUrl.href);
  const session = createSession(args.serverUrl, callback.redirectUrl, terminal);
  try {
    const connection = await connect(args, callback, session);
    await ask(terminal, connection.client);
    if (args.tool !== undefined) await call(terminal, connection, args.tool);
    await connection.client.close();
  } catch (error) {
    throw new Problem(session.explain(error));
  }
}

/** Runs the client with the arguments of a command line. Returns the exit code. */
export async function runClient(commandLine: string[], terminal: Terminal): Promise<number> {
  try {
    const args = readArguments(commandLine);
    if (args === undefined) terminal.log(HELP);
    else await main(args, terminal);
    return 0;
  } catch (error) {
    terminal.error(wrap(error instanceof Error ? error.message : String(error)));
    return 1;
  }
}

if (import.meta.main) Deno.exitCode = await runClient(Deno.args, console);
