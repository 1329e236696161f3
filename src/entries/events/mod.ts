/**
 * Prints events: readable lines on a terminal, JSON lines everywhere else.
 *
 * @example A server that tells what it does
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
 * const refusal = await auth.authenticate(new Request("https://mcp.example.com/mcp"));
 * assert(refusal instanceof Response);
 * ```
 *
 * @module
 */

import process from "node:process";
import { formatJson, formatText, levelOf } from "./lines.ts";
import type { EventLevel } from "../../events/messages.ts";
import type { EventListener } from "../../events/events.ts";
import { describe } from "../../lib/check_option.ts";

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
   * The least that is printed. `warn` leaves out what is well, `error` leaves only what somebody
   * has to look at.
   *
   * @default {"info"}
   */
  level?: "info" | "warn" | "error";
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
 * listener({ code: "breaker_closed", message: "PropelAuth answers again.", occurredAt: 0 });
 * assert.equal(JSON.parse(lines[0] ?? "").level, "info");
 * ```
 */
export function consoleEvents(options: ConsoleEventsOptions = {}): EventListener {
  const { format, color, level, write } = resolveOptions(options);
  const least = LEVELS.indexOf(level);
  return (event) => {
    try {
      if (LEVELS.indexOf(levelOf(event)) < least) return;
      write(format === "json" ? formatJson(event) : formatText(event, color));
    } catch {
      // A log that cannot be written is no reason to refuse a request.
    }
  };
}

const NAMES: readonly (keyof ConsoleEventsOptions)[] = ["format", "color", "level", "write"];

function resolveOptions(options: ConsoleEventsOptions): Required<ConsoleEventsOptions> {
  const onTerminal = process.stderr?.isTTY === true;
  const {
    format = onTerminal ? "text" : "json",
    color = onTerminal && !isColorUnwanted(),
    level = "info",
    write = writeToConsole,
  } = options;
  for (const name of Object.keys(options)) {
    mustHold(NAMES.some((known) => known === name), name, `one of ${NAMES.join(", ")}`, name);
  }
  mustHold(format === "text" || format === "json", "format", '"text" or "json"', format);
  mustHold(typeof color === "boolean", "color", "true or false", color);
  mustHold(LEVELS.includes(level), "level", '"info", "warn" or "error"', level);
  mustHold(typeof write === "function", "write", "a function", write);
  return { format, color, level, write };
}

function mustHold(holds: boolean, name: string, rule: string, received: unknown): void {
  if (holds) return;
  const given = describe(received);
  throw new TypeError(`Cannot create consoleEvents: ${name} must be ${rule}: received ${given}`);
}

/** See https://no-color.org. Deno says it without a permission, and would ask for one otherwise. */
function isColorUnwanted(): boolean {
  const deno: unknown = Reflect.get(globalThis, "Deno");
  if (typeof deno === "object" && deno !== null && "noColor" in deno) return deno.noColor === true;
  return (process.env["NO_COLOR"] ?? "") !== "";
}

/** Not `process.stderr.write`: on Node a closed pipe would then end the process. */
function writeToConsole(line: string): void {
  // deno-lint-ignore no-console -- printing is what this entry is for
  console.error(line);
}
