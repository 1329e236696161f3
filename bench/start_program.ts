import { pathOf } from "./project.ts";

/** A program of `bench`, running in a process of its own. */
export interface Program {
  /** The line that it printed when it was ready. */
  readonly line: string;
  /** Sends the program a line, and returns the one that it answers with. */
  readonly ask: (line: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a program of this folder on Deno, from its source.
 *
 * @param file The program's path in this folder.
 * @param args The program's arguments.
 */
export function startProgram(file: string, ...args: string[]): Promise<Program> {
  return startCommand([
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-net=127.0.0.1",
    pathOf(file),
    ...args,
  ]);
}

/**
 * Starts a program that prints one line when it is ready, and exits when its standard input ends.
 *
 * @param command The command and its arguments.
 * @param cwd The folder to start it in.
 */
export async function startCommand(
  [command = "", ...args]: readonly string[],
  cwd?: string,
): Promise<Program> {
  const child = new Deno.Command(command, {
    args,
    ...(cwd !== undefined && { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  let printed = "";
  async function readLine(): Promise<string> {
    while (!printed.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`${[command, ...args].join(" ")} has ended`);
      printed += value;
    }
    const [line = "", ...rest] = printed.split("\n");
    printed = rest.join("\n");
    return line.trim();
  }
  return {
    line: await readLine(),
    async ask(line: string): Promise<string> {
      await writer.write(new TextEncoder().encode(`${line}\n`));
      return await readLine();
    },
    async stop() {
      await writer.close();
      await child.status;
      await reader.cancel();
    },
  };
}
