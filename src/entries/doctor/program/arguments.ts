/**
 * The arguments of the program. Pure: no clock, no network.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** The text of `--help`. */
export const HELP = `Finds out why clients cannot connect to an MCP server behind PropelAuth.

Usage: doctor [server URL] [options]

  server URL         the MCP endpoint that clients use (SERVER_URL + /mcp)
  --env FILE         read the variables from a file, not from the environment
  --token            read an access token, or an API key, from standard input,
                     and try it
  --origin ORIGIN    the origin of the pages that call (that of the server URL)
  --operations FILE  compare the rules in a JSON file (the option operations)
                     with the lists that the server sends; needs a token
  --allow-http       accept http beyond loopback, as dangerouslyAllowHttp does
  --timeout SECONDS  how long each answer may take (10)
  --json             print the report as JSON
  --help             this text

Variables: PROPELAUTH_AUTH_URL, PROPELAUTH_INTROSPECTION_CLIENT_ID,
PROPELAUTH_INTROSPECTION_CLIENT_SECRET, SERVER_URL, PROPELAUTH_REQUIRED_SCOPES,
PROPELAUTH_API_KEY for servers that take API keys, and PROPELAUTH_TOKEN, an
access token or API key to try. A token is never an argument: others on the
machine can read those. Ends with 0 when no check failed, else 1.
`;
const NEVER_ARGUMENT =
  "\nA token is never an argument: --token reads it from standard input. See --help";

/** The arguments are wrong; the message says how to give them. */
export class UsageError extends Error {}

/** The arguments by name. */
export interface Arguments {
  readonly url: string | undefined;
  readonly envPath: string | undefined;
  readonly token: boolean;
  readonly origin: string | undefined;
  readonly timeoutSeconds: number;
  readonly operationsPath: string | undefined;
  readonly allowHttp: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/**
 * Reads the arguments. The error for a wrong one does not repeat it: it may be a token.
 *
 * @param args The arguments that the user typed.
 * @returns The arguments by name.
 * @throws {UsageError} One is unknown, malformed, or given where it cannot be.
 */
export function readArguments(args: readonly string[]): Arguments {
  // Node reads this option even after the program, and ends when the file is missing.
  if (args.some((arg) => /^--env-file(=|$)/.test(arg))) {
    throw new UsageError(
      "--env-file is an option of Deno and Node, before the program.\n" +
        "After the program use --env FILE. See --help",
    );
  }
  const { values, positionals } = parse(args);
  const [url] = positionals;
  if (positionals.length > 1) {
    throw new UsageError(
      `There is an argument too many beside the server URL.${NEVER_ARGUMENT}`,
    );
  }
  if (url !== undefined && !/^https?:\/\//i.test(url)) {
    throw new UsageError(
      "The server URL must begin with https:// or http://: received " +
        `${url.length} characters.${NEVER_ARGUMENT}`,
    );
  }
  return {
    url,
    envPath: values.env,
    token: values.token,
    origin: values.origin,
    timeoutSeconds: Number(values.timeout),
    operationsPath: values.operations,
    allowHttp: values["allow-http"],
    json: values.json,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "env": { type: "string" },
        "token": { type: "boolean", default: false },
        "origin": { type: "string" },
        "operations": { type: "string" },
        "allow-http": { type: "boolean", default: false },
        "timeout": { type: "string", default: "10" },
        "json": { type: "boolean", default: false },
        "help": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    // The message repeats the name of the option alone: its value may be a token.
    const message = error instanceof Error ? error.message : "";
    const [, option = "This"] = /'(-{1,2}[\w-]{1,16})(?=[' =])/.exec(message) ?? [];
    throw new UsageError(
      option === "--token"
        ? `--token takes no value.${NEVER_ARGUMENT}`
        : `${option} is not an option, or is used wrongly. See --help`,
    );
  }
}
