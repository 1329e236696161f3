import { spawnSync } from "node:child_process";
import { startRedis } from "../../tests/system/redis/redis_server.ts";
import type { Figure } from "../figure.ts";
import { pathOf } from "../project.ts";
import { startProgram } from "../start_program.ts";

const TOKENS = 3_000;

/**
 * Measures protected calls per second with tokens that are new to the process, of 32 callers with a
 * PropelAuth that takes 25 ms: for a process that has to ask, and one that finds the answers in Redis.
 */
export async function measureSharedCache(): Promise<Figure[]> {
  const what = "PropelAuth of 25 ms, 32 callers, each token new to the process";
  if (spawnSync("redis-server", ["--version"]).status !== 0) {
    return [{ what, measured: "needs redis-server" }];
  }
  const redis = await startRedis();
  const propelAuth = await startProgram("programs/propelauth.ts", RESOURCE);
  try {
    const run = (redisUrl: string) => measureProcess(propelAuth.line, redisUrl);
    const alone = await run("");
    const first = await run(redis.url);
    const second = await run(redis.url);
    return [
      { what, measured: `${alone.toFixed(0)} calls/s` },
      { what: "the first process of those that share", measured: `${first.toFixed(0)} calls/s` },
      { what: "a second process that never saw them", measured: `${second.toFixed(0)} calls/s` },
      { what: "the second process / one alone", measured: (second / alone).toFixed(1) },
    ];
  } finally {
    await propelAuth.stop();
    await redis.close();
  }
}

const RESOURCE = "https://mcp.example.com/mcp";

async function measureProcess(authUrl: string, redisUrl: string): Promise<number> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-A",
      pathOf("programs/second_process.ts"),
      authUrl,
      redisUrl,
      `${TOKENS}`,
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("The process failed");
  return Number(new TextDecoder().decode(stdout));
}
