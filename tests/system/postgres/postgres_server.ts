/**
 * Starts a real PostgreSQL on loopback and in a folder of its own.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../../support/ports.ts";

/** A server under way. It keeps its port and its data over a restart. */
export interface PostgresServer {
  /** The URL for a role, of the database `postgres`. */
  url(role: string, password?: string): string;
  /** Ends it without a checkpoint: connections break at once. */
  kill(): Promise<void>;
  /** Starts it again, and waits until it answers. */
  start(): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

/** Debian has a folder for each version. */
const FOLDER = "/usr/lib/postgresql";

/** PostgreSQL does not run as root: the user that Debian's package makes runs it then. */
function findUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout)
  );
  return { ...(uid && { uid }), ...(gid && { gid }) };
}

/** Starts a server whose superuser is `postgres`, without a password. */
export async function startPostgres(): Promise<PostgresServer> {
  const [version] = readdirSync(FOLDER).filter((name) => /^\d+$/.test(name))
    .sort((one, other) => Number(other) - Number(one));
  const programs = join(FOLDER, version ?? "", "bin");
  const folder = mkdtempSync(join(tmpdir(), "postgres-test-"));
  const user = findUser();
  if (user.uid && user.gid) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const port = await freePort();
  run("initdb", ["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();

  function run(program: string, args: string[]): void {
    const done = spawnSync(join(programs, program), args, {
      cwd: folder,
      encoding: "utf8",
      ...user,
    });
    if (done.status !== 0) {
      throw new Error(`${program} failed: ${done.stderr}`, { cause: done.error });
    }
  }

  async function start(): Promise<void> {
    child = spawn(join(programs, "postgres"), [
      ...["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder],
      ...["-c", "fsync=off", "-c", "shared_buffers=8MB", "-c", "max_connections=20"],
    ], { cwd: folder, stdio: ["ignore", "ignore", "pipe"], ...user });
    exited = once(child, "exit");
    let log = "";
    await new Promise<void>((resolve, reject) => {
      child?.stderr?.on("data", (part) => {
        log += part;
        if (/ready to accept connections/.test(log)) resolve();
      });
      exited.then(() => reject(new Error(`PostgreSQL ended: ${log}`)));
    });
  }

  async function kill(): Promise<void> {
    if (child?.pid !== undefined && child.exitCode === null) process.kill(child.pid, "SIGQUIT");
    await exited;
  }

  await start();
  return {
    url: (role, password = "") => `postgres://${role}:${password}@127.0.0.1:${port}/postgres`,
    start,
    kill,
    async close() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}
