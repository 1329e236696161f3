/**
 * A client in a process of its own. Scenarios send it commands as lines of JSON on standard input;
 * it answers each with a line that begins with `@@`.
 *
 * @module
 */

/** The answer to a command: text of the tool, or of the error that the library reports. */
export interface Reply {
  readonly ok: boolean;
  readonly text: string;
}

/** A client that scenarios command. */
export interface Driver extends AsyncDisposable {
  /** Opens an MCP session, with a login when it needs one. */
  connect(timeoutSeconds?: number): Promise<Reply>;
  list(): Promise<Reply>;
  call(tool: string): Promise<Reply>;
  close(): Promise<Reply>;
  /** The output of the process without its answers. */
  readonly printed: string;
}

/** How to start a process. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const SECONDS = 20;
/** How long a process may take to load: nothing that is measured. */
const START_SECONDS = 300;
/** The text of a reply when none came in time. */
export const HANGS = "hangs: no result and no error";

/** Starts the process of a client, and waits until it is loaded. Disposing ends it. */
export async function startDriver({ program, args, cwd, env }: Command): Promise<Driver> {
  const process = new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { ...env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = process.stdin.getWriter();
  let printed = "";
  let waiting: ((reply: Reply) => void) | undefined;
  const settle = (reply: Reply): void => {
    const resolve = waiting;
    waiting = undefined;
    resolve?.(reply);
  };
  const read = [
    lines(process.stdout, (line) => {
      if (line.startsWith("@@")) settle(JSON.parse(line.slice(2)));
      else printed += `${line}\n`;
    }),
    lines(process.stderr, (line) => void (printed += `${line}\n`)),
  ];
  let ended = false;
  let hangs = false;
  const status = process.status.then(async (result) => {
    await Promise.all(read);
    ended = true;
    settle({ ok: false, text: `the process ended with ${result.code}: ${printed.slice(-400)}` });
  });

  async function send(command: object, seconds = SECONDS): Promise<Reply> {
    if (ended) return { ok: false, text: "the process has ended" };
    if (hangs) return { ok: false, text: HANGS };
    const reply = new Promise<Reply>((resolve) => waiting = resolve);
    const timer = setTimeout(() => {
      // A later answer would be taken for that of the next command.
      hangs = true;
      settle({ ok: false, text: HANGS });
    }, 1000 * seconds);
    await stdin.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`)).catch(() => {});
    const result = await reply;
    clearTimeout(timer);
    return result;
  }

  // No driver knows this command. It replies with an error as soon as its library is loaded.
  await send({ command: "start" }, START_SECONDS);

  return {
    connect: (seconds) => send({ command: "connect" }, seconds),
    list: () => send({ command: "list" }),
    call: (tool) => send({ command: "call", tool, input: {} }),
    close: () => send({ command: "close" }),
    get printed() {
      return printed;
    },
    async [Symbol.asyncDispose]() {
      await stdin.close().catch(() => {});
      try {
        process.kill("SIGKILL");
      } catch {
        // It has already ended.
      }
      await status;
    },
  };
}

async function lines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const found = (rest + part).split("\n");
    rest = found.pop() ?? "";
    for (const line of found) take(line);
  }
  if (rest !== "") take(rest);
}
