// A client that logs in with OAuth and asks the server who is calling: `deno task client`.
import {
  auth,
  Client,
  computeScopeUnion,
  InsufficientScopeError,
  ProtocolError,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { type Arguments, HELP, readArguments } from "./client/arguments.ts";
import { openBrowser } from "./client/browser.ts";
import { type Callback, listenForCallback } from "./client/callback.ts";
import { explain, printable, Problem, wrap } from "./client/problem.ts";
import { LoginProvider } from "./client/provider.ts";
import { createSender, explainRefusal, explainToolError, type Sender } from "./client/refusal.ts";

/** Standard output and standard error: `console`, or a double of it. */
export interface Terminal {
  log(text: string): void;
  error(text: string): void;
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
