// The command line of `deno task client`.
import { parseArgs } from "node:util";
import { Problem } from "./problem.ts";

/** The text of `--help`. */
export const HELP = `Logs in to an MCP server with OAuth, and asks it who is calling.

Usage: deno task client [URL] [options]

  URL                   the MCP endpoint (http://127.0.0.1:8000/mcp)
  --login-as EMAIL      log in without a browser; local PropelAuth only
  --call TOOL           call a tool; logs in again if it needs more scopes
  --with JSON           the arguments of that tool, such as '{"title":"Q4"}'
  --timeout SECONDS     how long to wait for the login (120)
  --callback-port PORT  where the browser comes back to (a free port)
  --help                this text`;

/** The arguments by name. */
export interface Arguments {
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
export function readArguments(args: string[]): Arguments | undefined {
  const { values, positionals } = parseOptions(args);
  if (values.help) return undefined;
  const [url = "http://127.0.0.1:8000/mcp", another] = positionals;
  if (another !== undefined) throw new Problem(`Give one URL alone: ${another} is too much`);
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
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
