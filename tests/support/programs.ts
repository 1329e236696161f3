/**
 * Starts programs as the tasks in `deno.json` do, with exactly the same permissions, each in a folder of
 * its own and without a browser. It uses Deno's API, so tests that import it run on Deno only.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LocalPropelAuth } from "@x/propelauth-local";
import { root } from "./root.ts";

const { tasks } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));

/** Splits a command of a guide into the task that it starts and its arguments. */
export function parseTask(line: string): [task: string, args: string[]] {
  const [, task, rest = ""] =
    /^(?:deno|npx -y deno@[\d.]+) task (?:-c examples\/dev\.json )?([\w:]+)(?: (.+))?$/
      .exec(line) ?? [];
  if (task === undefined) throw new Error(`This command starts no task: ${line}`);
  return [task, rest.split(" ").filter((arg) => arg !== "")];
}

/** The variables of a server at `serverUrl` whose users log in at a local PropelAuth. */
export function variablesOf(
  { authUrl, introspectionClientId, introspectionClientSecret }: LocalPropelAuth,
  serverUrl: string,
): Record<string, string> {
  return {
    PROPELAUTH_AUTH_URL: authUrl,
    PROPELAUTH_INTROSPECTION_CLIENT_ID: introspectionClientId,
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: introspectionClientSecret,
    SERVER_URL: serverUrl,
  };
}

/** The exit code and the output of a program that has ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program. Disposing kills it if it still runs. */
export interface Program extends AsyncDisposable {
  readonly outcome: Promise<Outcome>;
  /** Waits for text on standard output and returns it; throws if the program ends without it. */
  until(pattern: RegExp): Promise<string>;
  kill(signal: Deno.Signal): void;
}

/**
 * Starts the program of a task.
 *
 * @param task The task in `deno.json`.
 * @param args The arguments after the task's name.
 * @param options The working folder, another program to run with the task's permissions, environment
 * variables, and the text for standard input.
 */
export function start(
  task: string,
  args: readonly string[],
  options: { cwd?: string; example?: string; env?: Record<string, string>; stdin?: string } = {},
): Program {
  // Deno runs a task in the folder of deno.json.
  const [, ...flags] = String(tasks[task].command).split(" ")
    .map((flag) => flag.replace(/=(?=examples\/)/, `=${fileURLToPath(root)}`));
  const example = new URL(options.example ?? flags.pop() ?? "", root);
  if (options.example !== undefined) flags.pop();
  const cwd = options.cwd ?? Deno.makeTempDirSync();
  const process = new Deno.Command(Deno.execPath(), {
    args: [...flags, fileURLToPath(example), ...args],
    cwd,
    clearEnv: true,
    // Without PATH no browser can be started.
    env: { ...homeOf(Deno.env), NO_COLOR: "1", DENO_NO_PROMPT: "1", ...options.env },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) void send(process.stdin, options.stdin);
  const stdout = collect(process.stdout);
  const stderr = collect(process.stderr);
  const outcome = Promise.all([process.status, stdout.whole, stderr.whole])
    .then(([{ code }, out, err]) => ({ code, stdout: out, stderr: err }));
  return {
    outcome,
    until: async (pattern) => {
      const found = await stdout.find(pattern);
      if (found !== undefined) return found;
      throw new Error(`${task} ended without ${pattern}: ${JSON.stringify(await outcome)}`);
    },
    kill: (signal) => process.kill(signal),
    async [Symbol.asyncDispose]() {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has already ended.
      }
      await outcome;
      if (options.cwd === undefined) await Deno.remove(cwd, { recursive: true });
    },
  };
}

async function send(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  await new Blob([text]).stream().pipeTo(stdin);
}

/** Runs the program of a task to its end. */
export async function run(...parameters: Parameters<typeof start>): Promise<Outcome> {
  await using program = start(...parameters);
  return await program.outcome;
}

/** The environment variables by which Deno finds its cache. */
function homeOf(env: { get(name: string): string | undefined }): Record<string, string> {
  const names = ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

function collect(stream: ReadableStream<Uint8Array>) {
  let text = "";
  let more = Promise.withResolvers<void>();
  let ended = false;
  const whole = (async () => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      more.resolve();
      more = Promise.withResolvers();
    }
    ended = true;
    more.resolve();
    return text;
  })();
  return {
    whole,
    async find(pattern: RegExp): Promise<string | undefined> {
      for (;;) {
        const [found] = pattern.exec(text) ?? [];
        if (found !== undefined || ended) return found;
        await more.promise;
      }
    },
  };
}
