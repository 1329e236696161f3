/**
 * Finds out why clients cannot connect: checks the settings, PropelAuth and the running server, and
 * says for each check what was seen and what to do.
 *
 * As a program: `deno run --allow-net --allow-env jsr:@x/propelauth-mcp/doctor [server URL]`; on
 * Node through {@linkcode runDoctor}. As a function: {@linkcode diagnose}.
 *
 * @module
 */

import process from "node:process";
import { REAL_WORLD } from "../../real_world.ts";
import { composeDiagnosis } from "./diagnose.ts";
import type { DiagnoseOptions } from "./options.ts";
import { runProgram } from "./program/program.ts";
import type { Report } from "./report.ts";

export type { DiagnoseOptions } from "./options.ts";
export type { Check, CheckGroup, CheckId, CheckStatus, Report } from "./report.ts";

/**
 * Diagnoses a set-up: reads the environment variables that `createPropelAuth.fromEnv` reads, asks
 * PropelAuth, then calls the server as a client does that has no token yet, with a random token, and
 * with your token if you give one.
 *
 * Changes nothing. No answer, however bad, makes it reject: it becomes a check that failed. The
 * report holds no token and no secret.
 *
 * @param options All are optional.
 * @returns The report.
 * @throws {TypeError} An option is unknown or breaks its rule.
 * @throws {RangeError} A number is out of its bounds.
 *
 * @example Nothing is set
 * ```ts
 * import assert from "node:assert/strict";
 * import { diagnose } from "@x/propelauth-mcp/doctor";
 * const { ok, checks } = await diagnose({ env: {} });
 * assert.equal(ok, false);
 * assert.equal(checks[0]?.seen, "PROPELAUTH_AUTH_URL is missing or blank");
 * ```
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Report> {
  return await composeDiagnosis(options, process.env, REAL_WORLD);
}

/** A reader of the report may close the pipe before its end, as `| head -1` does. */
function ignoreClosedPipe(error: Error & { code?: unknown }): void {
  if (error.code !== "EPIPE" && error.code !== "ECONNRESET") throw error;
}

/**
 * Runs the program: prints the report, line by line.
 *
 * @param args The arguments that the user typed; `["--help"]` prints them all.
 * @returns The exit code: 0 when no check failed, else 1. Never rejects.
 *
 * @example On Node, as a file of two lines
 * ```ts ignore
 * import { runDoctor } from "@x/propelauth-mcp/doctor";
 * process.exitCode = await runDoctor(process.argv.slice(2));
 * ```
 */
export async function runDoctor(args: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.off("error", ignoreClosedPipe).on("error", ignoreClosedPipe);
  }
  return await runProgram(args, {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    world: REAL_WORLD,
  });
}

if (import.meta.main) process.exitCode = await runDoctor(process.argv.slice(2));
