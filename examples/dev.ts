// An MCP server and a local stand-in for PropelAuth, no account needed: `deno task dev`.
// deno-lint-ignore-file no-console no-unversioned-import
import { parseArgs } from "node:util";
import { startLocalPropelAuth } from "jsr:@x/propelauth-local";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { apiKeys } from "jsr:@x/propelauth-mcp/api-keys";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";
import { describeRunning } from "./dev/banner.ts";
import { ENV_FILE, writeEnvFile } from "./dev/env_file.ts";
import * as machines from "./machines.ts";
import * as reports from "./scopes.ts";
import { createServer } from "./server.ts";

const HELP = `Starts an MCP server and a local stand-in for PropelAuth.

Usage: deno task dev [options]

  --port PORT       where the MCP server listens (8000)
  --auth-port PORT  where the stand-in listens (8001)
  --scopes          the server of examples/scopes.ts, whose tools need scopes
  --machines        the server of examples/machines.ts, which takes API keys too
  --help            this text

Clients and logins are kept in .local-propelauth.json; delete it to forget them.
While it runs, ${ENV_FILE} has its variables and a token: for
deno task doctor --env ${ENV_FILE}`;

const hostname = "127.0.0.1";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "port": { type: "string", default: "8000" },
      "auth-port": { type: "string", default: "8001" },
      "scopes": { type: "boolean" },
      "machines": { type: "boolean" },
      "help": { type: "boolean" },
    },
  });
  if (values.help) return console.log(HELP);

  const policy = values.scopes === true;
  const withApiKeys = values.machines === true;
  if (policy && withApiKeys) throw new TypeError("Choose one of --scopes and --machines");
  const port = readPort("--port", values.port);
  const authPort = readPort("--auth-port", values["auth-port"]);

  await using local = await startLocalPropelAuth({
    port: authPort,
    stateFile: ".local-propelauth.json",
    log: () => {},
  }).catch((error) => {
    throw explainPort(error, authPort, "--auth-port");
  });

  // Aborting ends open event streams too; a graceful shutdown would wait for them.
  const stop = new AbortController();
  // Also when an error ends this function: the process would not end before the server does.
  using _stopped = { [Symbol.dispose]: () => stop.abort() };
  const server = listen(port, stop.signal, (request) => handler(request));
  const auth = createPropelAuth({
    authUrl: local.authUrl,
    introspectionClientId: local.introspectionClientId,
    introspectionClientSecret: local.introspectionClientSecret,
    baseUrl: `http://${hostname}:${server.addr.port}`,
    scopesSupported: [...local.scopes],
    onEvent: consoleEvents(),
    ...(policy && reports.SCOPES),
    ...(withApiKeys && {
      ...machines.POLICY,
      apiKeys: apiKeys({ ...machines.API_KEYS, backendApiKey: local.backendApiKey }),
    }),
  });
  const example = withApiKeys ? machines : policy ? reports : { createServer };
  const handler = example.createServer(auth);

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => stop.abort());
  }
  const mcpUrl = auth.resourceMetadata.resource;
  using _file = await writeEnvFile(local, mcpUrl, { withApiKeys });
  const running = { ...local, mcpUrl, envFile: ENV_FILE, policy, withApiKeys };
  console.log(describeRunning(running, bold));
  await server.finished;
}

function listen(port: number, signal: AbortSignal, handler: Deno.ServeHandler) {
  try {
    return Deno.serve({ hostname, port, signal, onListen() {} }, handler);
  } catch (error) {
    throw explainPort(error, port, "--port");
  }
}

function readPort(name: string, value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new TypeError(`${name} must be a port number: received ${value}`);
}

function explainPort(error: unknown, port: number, option: string): unknown {
  const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  return inUse
    ? new Error(`Port ${port} is in use. Choose another: deno task dev ${option} PORT`)
    : error;
}

function bold(text: string): string {
  return Deno.noColor || !Deno.stdout.isTerminal() ? text : `\x1b[1m${text}\x1b[22m`;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  Deno.exitCode = 1;
}
