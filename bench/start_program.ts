/** A program of `bench`, running in a process of its own. */
export interface Program {
  /** The line that it printed. */
  readonly line: string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a program that prints one line when it is ready, and exits when its standard input ends.
 *
 * @param file The program's path in this folder.
 * @param args The program's arguments.
 */
export async function startProgram(file: string, ...args: string[]): Promise<Program> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net=127.0.0.1", pathOf(file), ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  while (!printed.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`${file} does not start`);
    printed += value;
  }
  await reader.cancel();
  return {
    line: printed.trim(),
    async stop() {
      await child.stdin.close();
      await child.status;
    },
  };
}

/** The path of a file in this folder. */
export function pathOf(file: string): string {
  return new URL(file, import.meta.url).pathname;
}
