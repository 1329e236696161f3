/**
 * The program: starts a local PropelAuth, hands out the four variables, and waits for the end.
 *
 * @module
 */

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { CANNOT_START } from "../options/check_option.ts";
import type { LocalPropelAuth } from "../options/local_propelauth.ts";
import { startLocalPropelAuth } from "../start.ts";
import { type Arguments, HELP, readArguments, UsageError } from "./arguments.ts";

/** The parts of the machine that the program uses. */
interface Machine {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Resolves when the program has to end: at a signal. */
  readonly ended: Promise<void>;
}

/** The first line of the file of `--env`, by which the program knows a file that it may replace. */
const MARK = "# Written by propelauth-local, which removes this file when it ends.\n";

/** The flag of an option, where it is not the option's name in other letters. */
const FLAGS: Readonly<Record<string, string>> = {
  accessTokenExpiresInSeconds: "--token-seconds",
  refreshTokenExpiresInSeconds: "--refresh-token-seconds",
  introspectionClientId: "--client-id",
  introspectionClientSecret: "--client-secret",
  stateFile: "--state",
  users: "--user",
  scopes: "--scope",
  resources: "--resource",
};

/**
 * Runs the program until it is stopped.
 *
 * @param args The arguments that the user typed.
 * @param machine The streams, and when to end.
 * @returns The exit code. Never rejects.
 */
export async function runProgram(args: readonly string[], machine: Machine): Promise<number> {
  const { stdout, stderr, ended } = machine;
  try {
    const given = readArguments(args);
    if (given.help) {
      stdout.write(HELP);
      return 0;
    }
    const local = await startLocalPropelAuth({
      log: (line) => void stderr.write(`${line}\n`),
      ...given.options,
    });
    try {
      await handOut(given, local, machine);
    } finally {
      await local.close();
    }
    return 0;
  } catch (error) {
    stderr.write(`${error instanceof Error ? inFlags(error) : "It failed"}\n`);
    return 1;
  }

  async function handOut(given: Arguments, local: LocalPropelAuth, { stdout }: Machine) {
    const variables = describeVariables(given, local);
    const text = MARK + variables;
    const path = given.envPath;
    if (path === undefined) stdout.write(variables);
    else writeOwnFile(path, text);
    stderr.write(describeUse(given, local));
    await ended;
    // Another program may have written its own since.
    if (path !== undefined && existsSync(path) && readFileSync(path, "utf8") === text) rmSync(path);
  }
}

function describeVariables({ serverUrl, options }: Arguments, local: LocalPropelAuth): string {
  const variables = {
    PROPELAUTH_AUTH_URL: local.authUrl,
    PROPELAUTH_INTROSPECTION_CLIENT_ID: local.introspectionClientId,
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: local.introspectionClientSecret,
    SERVER_URL: serverUrl.replace(/\/+$/, ""),
    ...(options.backendApiKey !== undefined && { PROPELAUTH_API_KEY: options.backendApiKey }),
  };
  return Object.entries(variables).map(([name, value]) => `${name}=${value}\n`).join("");
}

function describeUse({ envPath }: Arguments, local: LocalPropelAuth): string {
  const start = envPath === undefined
    ? "Start your server with the variables above."
    : `The variables are in ${envPath}: start your server with --env-file=${envPath}.`;
  return [
    `Users: ${local.users.map(({ email }) => email).join(", ")}`,
    `Scopes: ${local.scopes.join(", ") || "none"}`,
    `${start} Ctrl-C stops the local PropelAuth.\n`,
  ].join("\n");
}

/** Writes a file that only its owner can read. The user's own `.env` must not be lost. */
function writeOwnFile(path: string, text: string): void {
  try {
    if (existsSync(path) && !readFileSync(path, "utf8").startsWith(MARK)) {
      throw new UsageError(
        "The file of --env is there already, and not of this program: choose another",
      );
    }
    // The mode applies to new files only.
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const why = error instanceof Error ? "code" in error ? error.code : error.name : "";
    const remedy = why === "NotCapable" ? ": start Deno with --allow-read and --allow-write" : "";
    throw new UsageError(`The file of --env cannot be written (${why})${remedy}`);
  }
}

/** The error's sentence, with the flag in place of the option that it sets. */
function inFlags({ message }: Error): string {
  return message.replace(
    new RegExp(`^(${CANNOT_START}: )(\\w+)(\\[\\]\\.\\w+)? must`),
    (_all, start, option: string) => {
      const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return `${start}${FLAGS[option] ?? `--${flag}`} must`;
    },
  );
}
