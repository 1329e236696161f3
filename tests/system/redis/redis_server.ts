/**
 * Starts a real Redis, or Valkey, on loopback and in a folder of its own.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../../support/ports.ts";

/** A server under way. It keeps its port over a restart, and nothing else. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Kills it: connections break at once. */
  kill(): Promise<void>;
  /** Starts it again, empty, and waits until it answers. */
  start(): Promise<void>;
  /** Has it answer nothing until {@linkcode RedisServer.resume}. */
  pause(): void;
  resume(): void;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

/** The servers of this machine: Redis always, Valkey where it is installed. */
export const PROGRAMS: readonly string[] = ["redis-server", "valkey-server"].filter((program) =>
  program === "redis-server" || spawnSync(program, ["--version"]).status === 0
);

/**
 * Starts a server that keeps nothing on disk.
 *
 * @param program `redis-server` or `valkey-server`.
 */
export async function startRedis(program = "redis-server"): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "redis-test-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let gone = true;

  async function start(): Promise<void> {
    child = spawn(program, [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
      ...["--save", "", "--appendonly", "no", "--loglevel", "warning"],
    ], { stdio: "ignore" });
    gone = false;
    exited = once(child, "exit").finally(() => gone = true);
    exited.catch(() => {});
    const failed = once(child, "error").then(([error]) => {
      throw new Error(`${program} does not start: Debian's package has it`, { cause: error });
    });
    failed.catch(() => {});
    await Promise.race([failed, untilAnswers(port)]);
  }

  /** By its id: the child's own `kill` counts any signal as its end. */
  function signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (child?.pid !== undefined && !gone) process.kill(child.pid, name);
  }

  async function kill(): Promise<void> {
    signal("SIGKILL");
    await exited;
  }

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    kill,
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    async close() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Asks until the server answers PING: it is at once, or never. */
async function untilAnswers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await ping(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Nothing answers on port ${port}`);
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("PING\r\n"));
    socket.on("error", () => resolve(false));
    socket.on("data", (data) => {
      resolve(data.toString().startsWith("+PONG"));
      socket.destroy();
    });
  });
}
