/**
 * Reads and writes the file that keeps the state over a restart. Only its owner can read it.
 *
 * @module
 */

import process from "node:process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { CANNOT_START, createRules, isRecord } from "../options/check_option.ts";
import type { StoredEntries } from "./store.ts";

const VERSION = 1;

/** The content of the file. */
export interface State {
  /** Clients, grants, tokens and sessions. */
  readonly entries: StoredEntries;
  /** The signing key, as a JSON Web Key. */
  readonly key?: Record<string, unknown>;
  /** The credentials, when they were generated. */
  readonly introspectionClientId?: string;
  readonly introspectionClientSecret?: string;
}

/**
 * Reads the file.
 *
 * @param path Its path.
 * @returns Its content; an empty state when the file does not exist.
 * @throws {TypeError} The file cannot be read, or {@linkcode writeState} did not write it.
 */
export function readState(path: string): State {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (isRecord(cause) && cause.code === "ENOENT") return { entries: {} };
    throw unusable(path, cause);
  }
  try {
    const state: unknown = JSON.parse(text);
    if (isRecord(state) && state.version === VERSION && isEntries(state.entries)) {
      const { entries, key, introspectionClientId, introspectionClientSecret } = state;
      return {
        entries,
        ...(isRecord(key) ? { key } : {}),
        ...(typeof introspectionClientId === "string" ? { introspectionClientId } : {}),
        ...(typeof introspectionClientSecret === "string" ? { introspectionClientSecret } : {}),
      };
    }
  } catch {
    // Not JSON. The parser's error is dropped, because it quotes the file, which holds secrets.
  }
  throw unusable(path);
}

/**
 * Replaces the file in one step, so that a reader sees the old state or the new one.
 *
 * @param path Its path.
 * @param state Its new content.
 * @throws {TypeError} The folder or the file cannot be written.
 */
export function writeState(path: string, state: State): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    rmSync(temporary, { force: true });
    writeFileSync(temporary, JSON.stringify({ version: VERSION, ...state }), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function isEntries(value: unknown): value is StoredEntries {
  return isRecord(value) &&
    Object.values(value).every((list) =>
      Array.isArray(list) &&
      list.every((entry) =>
        Array.isArray(entry) && typeof entry[0] === "string" && isRecord(entry[1]) &&
        (entry[2] === undefined || typeof entry[2] === "number")
      )
    );
}

function unusable(path: string, cause?: unknown): TypeError {
  const reason = cause instanceof Error ? cause.message : "the file has other content";
  const rule =
    "a file that the local PropelAuth wrote and can write, or a path without a file in " +
    "a folder that exists";
  const received = `${JSON.stringify(path)}: ${reason}`;
  return createRules(CANNOT_START).breach("stateFile", rule, received, cause);
}
