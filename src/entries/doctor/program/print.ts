/**
 * Prints a report for people, each check as soon as it is made. Pure: no clock, no network.
 *
 * @module
 */

import { type Check, type CheckGroup, CHECKS, type CheckStatus, type Report } from "../report.ts";

/** The headings above the checks of each group. */
export const HEADINGS: Readonly<Record<CheckGroup, string>> = {
  settings: "Settings",
  propelauth: "PropelAuth",
  server: "Server",
  token: "Token",
};
const MARKS: Readonly<Record<CheckStatus, readonly [mark: string, colour: number]>> = {
  ok: ["✓", 32],
  warning: ["!", 33],
  failed: ["✗", 31],
  skipped: ["–", 2],
};
const TITLE_WIDTH = Math.max(...Object.values(CHECKS).map(([, title]) => title.length));
const SEEN_INDENT = 2 + 2 + TITLE_WIDTH + 2;
const REMEDY_INDENT = 6;
const CLEAR_LINE = "\r\x1b[2K";

/** The page to print on. */
interface Page {
  readonly write: (text: string) => void;
  /** The longest line, in characters. */
  readonly columns: number;
  readonly colour: boolean;
  /** Whether it is a terminal, on which a line can be cleared. */
  readonly interactive: boolean;
}

/** Prints a report check by check. */
interface Printer {
  onStart(title: string): void;
  onCheck(check: Check): void;
  /** Prints the checks that wait to be put together, and the sum. */
  end(report: Report): void;
  /** Clears the line that names the check under way. */
  clear(): void;
}

/** Creates a printer for a page. */
export function createPrinter({ write, columns, colour, interactive }: Page): Printer {
  const paint = (code: number, text: string): string =>
    colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  let group: CheckGroup | undefined;
  let waiting: Check[] = [];

  const clear = (): void => {
    if (interactive) write(CLEAR_LINE);
  };

  function print({ group: next, title, status, seen, remedy }: Check): void {
    clear();
    // On a terminal the command stands above, often over several lines.
    const gap = group === undefined && !interactive ? "" : "\n";
    if (next !== group) write(`${gap}${paint(1, HEADINGS[next])}\n`);
    group = next;
    const [mark, code] = MARKS[status];
    const lines = wrap(seen, columns - SEEN_INDENT).join(`\n${" ".repeat(SEEN_INDENT)}`);
    const shown = status === "skipped" ? paint(code, lines) : lines;
    write(`  ${paint(code, mark)} ${title.padEnd(TITLE_WIDTH)}  ${shown}\n`);
    if (remedy === undefined) return;
    const advice = wrap(remedy, columns - REMEDY_INDENT).join(`\n${" ".repeat(REMEDY_INDENT)}`);
    write(`${" ".repeat(REMEDY_INDENT - 2)}→ ${advice}\n`);
  }

  /** Prints checks in a row that were skipped for the same reason as one line. */
  function flush(): void {
    const [first, ...others] = waiting;
    waiting = [];
    if (first === undefined) return;
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    print({ ...first, seen: `not checked${more}: ${first.seen}` });
  }

  return {
    clear,
    onStart(title) {
      if (interactive) write(`${CLEAR_LINE}  ${paint(2, `… ${title}`)}`);
    },
    onCheck(check) {
      const [first] = waiting;
      if (first?.group !== check.group || first.seen !== check.seen) flush();
      if (check.status === "skipped") waiting.push(check);
      else {
        flush();
        print(check);
      }
    },
    end({ ok, checks }) {
      flush();
      clear();
      write(`\n${paint(ok ? 32 : 31, ok ? "Fine." : "Not fine.")} ${sum(checks)}\n`);
    },
  };
}

/** Counts the outcomes, in words. */
function sum(checks: readonly Check[]): string {
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  const all = checks.length;
  if (count("ok") === all) return `All ${all} checks passed.`;
  const warnings = count("warning");
  const parts = [
    [count("failed"), "failed"],
    [warnings, warnings === 1 ? "warning" : "warnings"],
    [count("skipped"), "not made"],
  ].flatMap(([number, what]) => number === 0 ? [] : [`${number} ${what}`]);
  return `${count("ok")} of ${all} checks passed; ${parts.join(", ")}.`;
}

/** Breaks text at spaces; a word that is longer than a line keeps a line to itself, whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
