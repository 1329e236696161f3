/**
 * The file that outlives a restart: readable by its owner alone, replaced as a whole.
 *
 * @module
 */

import process from "node:process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isRecord } from "../options/check_option.ts";
import type { StoredEntries } from "./store.ts";

const VERSION = 1;

/** What the file holds. */
export interface State {
  /** Clients, grants, tokens and sessions. */
  readonly entries: StoredEntries;
  /** The signing key, as a JSON Web Key. */
  readonly key?: Record<string, unknown>;
  /** The generated credentials. */
  readonly introspectionClientId?: string;
  readonly introspectionClientSecret?: string;
}

/**
 * Reads the file.
 *
 * @param path Its path.
 * @returns What it holds; an empty state when there is no such file.
 * @throws {TypeError} It cannot be read, or is none that {@linkcode writeState} wrote.
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
    // Not JSON: told below, without the parser's excerpt of what may be secret.
  }
  throw unusable(path);
}

/**
 * Replaces the file by a new one, so that a reader sees the old state or the new one.
 *
 * @param path Its path.
 * @param state What it is to hold.
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
  const reason = cause instanceof Error ? cause.message : "its content is none";
  const rule = "a file that the local PropelAuth wrote and can write, or a path where none is yet";
  return new TypeError(
    `Cannot start the local PropelAuth: stateFile must be ${rule}: received ` +
      `${JSON.stringify(path)}: ${reason}`,
    { cause },
  );
}
