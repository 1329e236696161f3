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
  /** Clients, grants, tokens, sessions and API keys. */
  readonly entries: StoredEntries;
  /** The signing key, as a JSON Web Key. */
  readonly key?: Record<string, unknown>;
  /** The credentials, when they were generated. */
  readonly introspectionClientId?: string;
  readonly introspectionClientSecret?: string;
  readonly backendApiKey?: string;
}

/**
 * Reads the file.
 *
 * @param path Its path.
 * @returns Its content; an empty state when the file does not exist.
 * @throws {TypeError} The file cannot be read, or was not written by a local PropelAuth.
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
      const { entries, key, introspectionClientId, introspectionClientSecret, backendApiKey } =
        state;
      return {
        entries,
        ...(isRecord(key) ? { key } : {}),
        ...(typeof introspectionClientId === "string" ? { introspectionClientId } : {}),
        ...(typeof introspectionClientSecret === "string" ? { introspectionClientSecret } : {}),
        ...(typeof backendApiKey === "string" ? { backendApiKey } : {}),
      };
    }
  } catch {
    // Not JSON. The parser's error is dropped, because it quotes the file, which holds secrets.
  }
  throw unusable(path);
}

/** Writes the state to its file whenever it has changed. */
interface StateWriter {
  /** Writes the state at the end of the current step; several changes cause one write. */
  change(): void;
  /** Writes changes that are not in the file yet, such as those of a failed write. */
  flush(): void;
}

/**
 * Writes the state for the first time, and creates the writer of its changes. When a later write
 * fails, the state stays in memory, and every further change tries to write all of it.
 *
 * @param path The path of the file.
 * @param collect Returns the state.
 * @param log Receives a line when writing begins to fail, and when it works again.
 * @returns The writer. It never throws.
 * @throws {TypeError} The file or its folder cannot be written.
 */
export function createStateWriter(
  path: string,
  collect: () => State,
  log: (line: string) => void,
): StateWriter {
  let scheduled = false;
  let failed = false;
  const write = (): void => {
    scheduled = false;
    try {
      replaceFile(path, collect());
      if (failed) log(`Local PropelAuth: writes stateFile ${JSON.stringify(path)} again.`);
      failed = false;
    } catch (error) {
      if (!failed) {
        log(
          `Local PropelAuth: cannot write stateFile ${JSON.stringify(path)}: ${
            messageOf(error)
          }. ` +
            "The state is kept in memory, and the next change writes all of it.",
        );
      }
      failed = true;
    }
  };
  try {
    replaceFile(path, collect());
  } catch (cause) {
    throw unusable(path, cause);
  }
  return {
    change() {
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(write);
    },
    flush() {
      if (scheduled || failed) write();
    },
  };
}

/** Replaces the file in one step, so that a reader sees the old state or the new one. */
function replaceFile(path: string, state: State): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, JSON.stringify({ version: VERSION, ...state }), { mode: 0o600 });
  renameSync(temporary, path);
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
  const reason = cause === undefined ? "the file has other content" : messageOf(cause);
  const rule =
    "a file that the local PropelAuth wrote and can write, or a path without a file in " +
    "a folder that exists";
  const received = `${JSON.stringify(path)}: ${reason}`;
  return createRules(CANNOT_START).breach("stateFile", rule, received, cause);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
