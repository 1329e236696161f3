/**
 * A user at a terminal, for programs whose login begins with a key.
 *
 * @module
 */
import type { Command } from "./driver.ts";

/** A text that the program prints, and the keys that the user presses then. */
export type Answer = readonly [prompt: RegExp, keys: string];

/** How long the user waits for each text. */
const SECONDS = 40;
const POLL_SECONDS = 0.1;
/** A program may read keys only a moment after it printed its prompt. */
const PAUSE_SECONDS = 0.5;
const PRINTED_LENGTH = 300;

/**
 * Runs a command line at a terminal, and ends it once every text was printed.
 *
 * @param command Its `program` is a line for a shell; it has no arguments.
 * @param answers The texts in their order, with the keys for each.
 * @param failure What the program prints when it gives up.
 * @throws {Error} When the program gives up, ends, or does not print a text in time: with that
 * message, or the end of what the program printed.
 */
export async function typeAnswers(
  command: Command,
  answers: readonly Answer[],
  failure: RegExp,
): Promise<void> {
  const process = new Deno.Command("script", {
    // A terminal without a size has no columns.
    args: ["-qec", `stty cols 120 rows 50; ${command.program}`, "/dev/null"],
    cwd: command.cwd,
    env: { TERM: "xterm-256color", ...command.env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  let printed = "";
  let readTo = 0;
  let ended = false;
  const read = (async () => {
    for await (const part of process.stdout.pipeThrough(new TextDecoderStream())) printed += part;
    ended = true;
  })();
  try {
    for (const [prompt, keys] of answers) {
      const until = Date.now() + 1000 * SECONDS;
      for (;;) {
        const text = plain(printed.slice(readTo));
        if (prompt.test(text)) break;
        const [message] = failure.exec(text) ?? [];
        if (message !== undefined) throw new Error(message);
        if (ended || Date.now() > until) throw new Error(plain(printed).slice(-PRINTED_LENGTH));
        await sleep(POLL_SECONDS);
      }
      readTo = printed.length;
      await sleep(PAUSE_SECONDS);
      await keyboard.write(new TextEncoder().encode(keys)).catch(() => {});
    }
  } finally {
    try {
      // `script` hangs up, which ends the program.
      process.kill("SIGTERM");
    } catch {
      // It has already ended.
    }
    await process.status;
    await keyboard.close().catch(() => {});
    await read;
  }
}

/** The text without the sequences that control a terminal. */
function plain(text: string): string {
  return text
    // deno-lint-ignore no-control-regex -- each sequence begins with the escape character.
    .replace(/\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}
