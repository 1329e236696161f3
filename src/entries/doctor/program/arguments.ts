/**
 * What the program can be told. Pure: no clock, no network.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What `--help` prints. */
export const HELP = `Finds out why clients cannot connect to an MCP server behind PropelAuth.

Usage: doctor [server URL] [options]

  server URL         the MCP endpoint that clients use (SERVER_URL + /mcp)
  --env FILE         read the variables from a file, not from the environment
  --token            read an access token from standard input, and try it
  --origin ORIGIN    the origin of the pages that call (that of the server URL)
  --timeout SECONDS  how long each answer may take (10)
  --json             print the report as JSON
  --help             this text

Variables: PROPELAUTH_AUTH_URL, PROPELAUTH_INTROSPECTION_CLIENT_ID,
PROPELAUTH_INTROSPECTION_CLIENT_SECRET, SERVER_URL, PROPELAUTH_REQUIRED_SCOPES
and PROPELAUTH_TOKEN, an access token to try. A token is never an argument:
others on the machine can read those. Ends with 0 when no check failed, else 1.
`;
const NEVER_ARGUMENT =
  "\nA token is never an argument: --token reads it from standard input. See --help";

/** A use that cannot be meant. */
export class UsageError extends Error {}

/** What was typed, read. */
export interface Arguments {
  readonly url: string | undefined;
  readonly envPath: string | undefined;
  readonly token: boolean;
  readonly origin: string | undefined;
  readonly timeoutSeconds: number;
  readonly json: boolean;
  readonly help: boolean;
}

/**
 * Reads what was typed. What cannot be meant is not repeated: it may be a token.
 *
 * @param args What the user typed.
 * @returns The same, by name.
 * @throws {UsageError} Something in it is unknown, or not used so.
 */
export function readArguments(args: readonly string[]): Arguments {
  // Node takes it even there, and ends when the file is missing.
  if (args.some((arg) => /^--env-file(=|$)/.test(arg))) {
    throw new UsageError(
      "--env-file is an option of Deno and Node, before the program.\n" +
        "Behind it, use --env FILE. See --help",
    );
  }
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "env": { type: "string" },
        "token": { type: "boolean", default: false },
        "origin": { type: "string" },
        "timeout": { type: "string", default: "10" },
        "json": { type: "boolean", default: false },
        "help": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    // The option's name alone: what was typed behind it may be a token.
    const message = error instanceof Error ? error.message : "";
    const [, option = "This"] = /'(-{1,2}[\w-]{1,16})(?=[' =])/.exec(message) ?? [];
    throw new UsageError(
      option === "--token"
        ? `--token takes no value.${NEVER_ARGUMENT}`
        : `${option} is no option, or is not used so. See --help`,
    );
  }
  const { values, positionals } = parsed;
  const [url] = positionals;
  if (positionals.length > 1) {
    throw new UsageError(
      `Something was given beside the server URL.${NEVER_ARGUMENT}`,
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
    json: values.json,
    help: values.help,
  };
}
