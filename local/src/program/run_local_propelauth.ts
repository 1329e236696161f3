/**
 * Runs the program on this process: its arguments, its streams and its signals.
 *
 * @module
 */

import process from "node:process";
import { runProgram } from "./program.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Its reader may be gone (`| head`, a script that read the first line): the server runs on. */
function ignoreClosedPipe(error: Error & { code?: unknown }): void {
  if (error.code !== "EPIPE" && error.code !== "ECONNRESET") throw error;
}

/**
 * Runs the program: starts a local PropelAuth beside your own server, prints the variables that the
 * server needs, and ends at Ctrl-C.
 *
 * @param args The arguments that the user typed; `["--help"]` prints them all.
 * @returns The exit code: 0 at the end, 1 when it could not start. Never rejects.
 *
 * @example On Node, as a file of two lines
 * ```ts ignore
 * import { runLocalPropelAuth } from "@x/propelauth-local";
 * process.exitCode = await runLocalPropelAuth(process.argv.slice(2));
 * ```
 */
export async function runLocalPropelAuth(args: readonly string[]): Promise<number> {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => end = resolve);
  for (const signal of SIGNALS) process.on(signal, end);
  for (const stream of [process.stdout, process.stderr]) {
    stream.off("error", ignoreClosedPipe).on("error", ignoreClosedPipe);
  }
  try {
    return await runProgram(args, { stdout: process.stdout, stderr: process.stderr, ended });
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
  }
}
