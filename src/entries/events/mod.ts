/**
 * Prints events: readable lines on a terminal, JSON lines everywhere else.
 *
 * @example A server that prints its events
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { consoleEvents } from "@x/propelauth-mcp/events";
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 *   onEvent: consoleEvents(),
 * });
 * const handler = auth.handler(() => new Response("for callers only"));
 * assert.equal((await handler(new Request("https://mcp.example.com/mcp"))).status, 401);
 * ```
 *
 * @module
 */

import process from "node:process";
import { formatJson, formatTextLines } from "./lines.ts";
import { type EventLevel, levelOf } from "./levels.ts";
import { requireCall, writeToConsole } from "./require_call.ts";
import type { EventListener } from "../../events/events.ts";
import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import {
  describe,
  requireBoolean,
  requireFunction,
  requireMembers,
  requireNumber,
} from "../../lib/check_option.ts";

export { formatJson, formatText } from "./lines.ts";

/** How events are printed. */
export interface ConsoleEventsOptions {
  /**
   * `text`: for people. `json`: for machines, one object a line.
   *
   * @default {"text" when standard error is a terminal, else "json"}
   */
  format?: "text" | "json";
  /**
   * Whether text has colours. JSON never has.
   *
   * @default {true, unless standard error is no terminal or NO_COLOR is set}
   */
  color?: boolean;
  /**
   * The lowest level that is printed. `warn` leaves out successes, `error` prints only faults that an
   * operator has to act on.
   *
   * @default {"info"}
   */
  level?: "info" | "warn" | "error";
  /**
   * The width at which text is broken between words, at least 20. JSON never is broken.
   *
   * @default {the width of the terminal; without one, lines are not broken}
   */
  columns?: number;
  /**
   * Receives each line, without a line break.
   *
   * @default {console.error, which writes to standard error}
   */
  write?: (line: string) => void;
}

const LEVELS: readonly EventLevel[] = ["info", "warn", "error"];

/**
 * Creates a listener for the option `onEvent` that prints each event as one line.
 *
 * A line never holds a token or a secret, and is printable ASCII but for its colours and its mark:
 * nothing that a client chose can add a line or steer a terminal. The listener never throws.
 *
 * @param options How events are printed.
 * @returns The listener.
 * @throws {TypeError} An option is unknown or breaks its rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { consoleEvents } from "@x/propelauth-mcp/events";
 * const lines: string[] = [];
 * const listener = consoleEvents({ format: "json", write: (line) => lines.push(line) });
 * listener({ code: "shared_cache_recovered", message: "It can be used again.", occurredAt: 0 });
 * assert.equal(JSON.parse(lines[0] ?? "").level, "info");
 * ```
 */
export function consoleEvents(options: ConsoleEventsOptions = {}): EventListener {
  const { format, color, level, columns, write } = refuseAs(
    "Cannot create consoleEvents",
    () => resolveConsoleOptions(options),
  );
  const least = LEVELS.indexOf(level);
  const print = (line: string): void => {
    const returned: unknown = write(line);
    // A rejection that nothing handles would end the process.
    if (returned instanceof Promise) returned.catch(() => {});
  };
  return (event) => {
    try {
      if (LEVELS.indexOf(levelOf(event)) < least) return;
      if (format === "json") return print(formatJson(event));
      for (const line of formatTextLines(event, color, columns())) print(line);
    } catch {
      // A log that cannot be written is no reason to refuse a request.
    }
  };
}

const NAMES: readonly (keyof ConsoleEventsOptions)[] = [
  "format",
  "color",
  "level",
  "columns",
  "write",
];

/** The options, checked. `columns`: the width now, since a terminal can be resized. */
type ResolvedConsoleOptions =
  & Required<Omit<ConsoleEventsOptions, "columns">>
  & { columns: () => number };

function resolveConsoleOptions(options: ConsoleEventsOptions): ResolvedConsoleOptions {
  requireCall(options, "consoleEvents", "consoleEvents()", "No event is printed");
  requireMembers("options", options, NAMES);
  const onTerminal = process.stderr?.isTTY === true;
  const {
    format = onTerminal ? "text" : "json",
    color = onTerminal && !isColorUnwanted(),
    level = "info",
    write = writeToConsole,
  } = options;
  if (format !== "text" && format !== "json") {
    throw new BrokenRule("format", '"text" or "json"', describe(format));
  }
  if (!LEVELS.includes(level)) {
    throw new BrokenRule("level", '"info", "warn" or "error"', describe(level));
  }
  requireBoolean("color", color);
  requireFunction("write", write);
  const { columns } = options;
  if (columns !== undefined) requireNumber("columns", columns, "a number >= 20", (n) => n >= 20);
  const width = (): number => columns ?? (onTerminal && process.stderr.columns || Infinity);
  return { format, color, level, columns: width, write };
}

/** See https://no-color.org. Deno says it without a permission, and would ask for one otherwise. */
function isColorUnwanted(): boolean {
  const deno: unknown = Reflect.get(globalThis, "Deno");
  if (typeof deno === "object" && deno !== null && "noColor" in deno) return deno.noColor === true;
  return (process.env["NO_COLOR"] ?? "") !== "";
}
