/**
 * The program: its arguments, its output, its exit code.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { parseArgs, parseEnv } from "node:util";
import { REQUIRED_VARIABLES } from "../environment.ts";
import type { World } from "../world.ts";
import { composeDiagnosis } from "./diagnose.ts";
import type { DiagnoseOptions } from "./options.ts";
import { createPrinter } from "./print.ts";
import { type Input, readToken } from "./read_token.ts";
import type { Report } from "./report.ts";

const HELP = `Finds out why clients cannot connect to an MCP server behind PropelAuth.

Usage: doctor [server URL] [options]

  server URL         the MCP endpoint that clients use (SERVER_URL + /mcp)
  --env-file FILE    read the variables from a file, not from the environment
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
const HINT = "No variable is set. --env-file FILE reads them from a file.\n";
const DEFAULT_COLUMNS = 80;
const MIN_COLUMNS = 50;

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the program needs of the machine. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly world: World;
}

/** A use that cannot be meant. */
class UsageError extends Error {}

/**
 * Runs the program.
 *
 * @param args What the user typed.
 * @param machine The environment, the streams, the clock and the network.
 * @returns The exit code. Never rejects.
 */
export async function runProgram(args: readonly string[], machine: Machine): Promise<number> {
  const { stdout, stderr } = machine;
  try {
    const flags = readArguments(args);
    if (flags.help) {
      stdout.write(HELP);
      return 0;
    }
    const options = await readOptions(flags, machine);
    return await report(options, flags.json, machine);
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : "The doctor failed"}\n`);
    return 1;
  }
}

async function report(options: DiagnoseOptions, json: boolean, machine: Machine): Promise<number> {
  const { env, stdout, world } = machine;
  if (json) {
    const found = await composeDiagnosis(options, {}, world);
    stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return found.ok ? 0 : 1;
  }
  const interactive = stdout.isTTY === true;
  const columns = Math.min(stdout.columns || DEFAULT_COLUMNS, DEFAULT_COLUMNS);
  const printer = createPrinter({
    write: (text) => stdout.write(text),
    columns: Math.max(columns, MIN_COLUMNS),
    colour: interactive && !tryRead(env, "NO_COLOR"),
    interactive,
  });
  try {
    const { onStart, onCheck } = printer;
    const found = await composeDiagnosis({ ...options, onStart, onCheck }, {}, world);
    printer.end(found);
    if (nothingIsSet(found)) stdout.write(HINT);
    return found.ok ? 0 : 1;
  } catch (error) {
    printer.clear();
    throw error;
  }
}

/** Then the variables are probably somewhere else. */
function nothingIsSet({ checks }: Report): boolean {
  const seen = checks.filter(({ group, status }) => group === "settings" && status === "failed");
  return seen.length === REQUIRED_VARIABLES.length &&
    seen.every((check) => check.seen.endsWith("is missing or blank"));
}

/** Deno asks for leave to read each variable; without it this one does not matter. */
function tryRead(env: Machine["env"], name: string): string | undefined {
  try {
    return env[name];
  } catch {
    return undefined;
  }
}

interface Flags {
  readonly url: string | undefined;
  readonly envFile: string | undefined;
  readonly token: boolean;
  readonly origin: string | undefined;
  readonly timeoutSeconds: number;
  readonly json: boolean;
  readonly help: boolean;
}

function readArguments(args: readonly string[]): Flags {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "env-file": { type: "string" },
        "token": { type: "boolean", default: false },
        "origin": { type: "string" },
        "timeout": { type: "string", default: "10" },
        "json": { type: "boolean", default: false },
        "help": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    // The option's name alone: what was typed behind it may be a token.
    const option = /'(-{1,2}[\w-]+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const what = option === undefined ? "This" : option.split("=")[0];
    throw new UsageError(`${what} is no option, or is not used so. See --help`);
  }
  const { values, positionals } = parsed;
  if (positionals.length > 1) {
    throw new UsageError("One server URL is enough. A token is never an argument. See --help");
  }
  return {
    url: positionals[0],
    envFile: values["env-file"],
    token: values.token,
    origin: values.origin,
    timeoutSeconds: Number(values.timeout),
    json: values.json,
    help: values.help,
  };
}

async function readOptions(flags: Flags, machine: Machine): Promise<DiagnoseOptions> {
  const { url, envFile, origin, timeoutSeconds } = flags;
  const env = envFile === undefined ? machine.env : readEnvFile(envFile);
  const token = flags.token
    ? await readToken(machine.stdin, (text) => machine.stderr.write(text))
    : tryRead(env, "PROPELAUTH_TOKEN")?.trim();
  return {
    env,
    timeoutSeconds,
    ...(url !== undefined && { serverUrl: url }),
    ...(origin !== undefined && { origin }),
    ...(token && { token }),
  };
}

function readEnvFile(path: string): Readonly<Record<string, string | undefined>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    // Deno names its permission, Node a code.
    const why = error instanceof Error ? "code" in error ? error.code : error.name : "";
    throw new UsageError(`The file of --env-file cannot be read: ${why}`);
  }
  return { ...parseEnv(text) };
}
