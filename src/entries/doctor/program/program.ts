/**
 * The program: its output, its exit code.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { REQUIRED_VARIABLES } from "../../../options/environment.ts";
import { isObject, parseJson } from "../../../lib/json.ts";
import type { World } from "../../../lib/world.ts";
import type { OperationRules } from "../../../operations/operations.ts";
import { type Arguments, HELP, readArguments, UsageError } from "./arguments.ts";
import { composeDiagnosis } from "../diagnose.ts";
import { type DiagnoseOptions, resolveDiagnoseOptions } from "../options.ts";
import { createPrinter } from "./print.ts";
import { type Input, readToken } from "./read_token.ts";
import type { Report } from "../report.ts";

const HINT = "No variable is set. --env FILE reads them from a file.\n";
const DEFAULT_COLUMNS = 80;
const MIN_COLUMNS = 50;

/** A stream that text is written to. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The parts of the machine that the program uses. */
interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly world: World;
}

/**
 * Runs the program.
 *
 * @param args The arguments that the user typed.
 * @param machine The environment, the streams, the clock and the network.
 * @returns The exit code. Never rejects.
 */
export async function runProgram(args: readonly string[], machine: Machine): Promise<number> {
  const { stdout, stderr } = machine;
  try {
    const given = readArguments(args);
    if (given.help) {
      stdout.write(HELP);
      return 0;
    }
    const options = await readOptions(given, machine);
    return await report(options, given.json, machine);
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

/** True when all required variables are missing: they are probably in a file. */
function nothingIsSet({ checks }: Report): boolean {
  const seen = checks.filter(({ group, status }) => group === "settings" && status === "failed");
  return seen.length === REQUIRED_VARIABLES.length &&
    seen.every((check) => check.seen.endsWith("is missing or blank"));
}

/** Deno asks for permission to read each variable; without it these variables count as unset. */
function tryRead(env: Machine["env"], name: string): string | undefined {
  try {
    return env[name];
  } catch {
    return undefined;
  }
}

async function readOptions(given: Arguments, machine: Machine): Promise<DiagnoseOptions> {
  const { url, envPath, origin, timeoutSeconds, operationsPath, allowHttp } = given;
  const options: DiagnoseOptions = {
    timeoutSeconds,
    overrides: {
      ...(allowHttp && { dangerouslyAllowHttp: true }),
      ...(operationsPath !== undefined && { operations: readOperations(operationsPath) }),
    },
    ...(url !== undefined && { serverUrl: url }),
    ...(origin !== undefined && { origin }),
  };
  const env = envPath === undefined ? machine.env : readEnvFile(envPath);
  // Checked before the user has to type a token.
  resolveDiagnoseOptions(options);
  const token = given.token
    ? await readToken(machine.stdin, (text) => machine.stderr.write(text))
    : tryRead(env, "PROPELAUTH_TOKEN")?.trim();
  return { ...options, env, ...(token && { token }) };
}

function readEnvFile(path: string): Readonly<Record<string, string | undefined>> {
  return { ...parseEnv(readText("--env", path)) };
}

/** The rules; `resolveDiagnoseOptions` or the settings refuse them when they are not rules. */
function readOperations(path: string): OperationRules {
  const operations = parseJson(readText("--operations", path));
  if (isObject(operations)) return operations;
  throw new UsageError("The file of --operations must have a JSON object");
}

function readText(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // Deno names its permission, Node a code.
    const why = error instanceof Error ? "code" in error ? error.code : error.name : "";
    const remedy = why === "NotCapable" ? ". Start Deno with --allow-read" : "";
    throw new UsageError(`The file of ${option} cannot be read: ${why}${remedy}`);
  }
}
