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
import { EVENT_LEVELS, type EventLevel } from "./event_messages.ts";
import type { EventListener, PropelAuthEvent } from "./events.ts";
import { describe } from "./option_rules.ts";

/** The most characters of one value that came from outside, in a line. */
const MAX_VALUE_LENGTH = 200;

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

/**
 * Formats an event as one line of JSON.
 *
 * @param event The event.
 * @returns An object with `time`, `level`, `code`, `message` and the event's other members.
 */
export function formatJson(event: PropelAuthEvent): string {
  const { code, message, occurredAt, ...members } = event;
  const time = new Date(occurredAt * 1000).toISOString();
  const line = { time, level: levelOf(event), code, message, ...members };
  return escape(JSON.stringify(
    line,
    (name, value) => typeof value === "string" && name !== "message" ? cut(value) : value,
  ));
}

/**
 * Formats an event as one line for people.
 *
 * @param event The event.
 * @param color Whether to colour it.
 * @returns The time, a mark, the token's digest, what happened, and what to do about it.
 */
export function formatText(event: PropelAuthEvent, color: boolean): string {
  const level = levelOf(event);
  const paint = (code: number, text: string) => color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const time = new Date(event.occurredAt * 1000).toTimeString().slice(0, 8);
  const digest = "tokenDigest" in event ? event.tokenDigest ?? "" : "";
  const what = escape(summarize(event));
  const { mark, tint } = LOOKS[level];
  const said = level === "info" ? "" : ` ${paint(DIM, event.message)}`;
  return `${paint(DIM, time)} ${paint(tint, mark)} ${
    paint(DIM, escape(digest.slice(0, 12).padEnd(12)))
  } ${paint(tint, event.code.replaceAll("_", " "))}${what === "" ? "" : ` ${what}`}${said}`
    .trimEnd();
}

const DIM = 2;
const LOOKS: Readonly<Record<EventLevel, { mark: string; tint: number }>> = {
  info: { mark: "✓", tint: 32 },
  warn: { mark: "✗", tint: 33 },
  error: { mark: "!", tint: 31 },
};

/** What happened, in a few words: the members that matter to somebody who watches. */
function summarize(event: PropelAuthEvent): string {
  switch (event.code) {
    case "token_accepted": {
      const { subject = "nobody", clientId } = event;
      const from = event.source.replaceAll("_", " ");
      return `${cut(subject)} through ${cut(clientId)}, from ${from}${took(event)}`;
    }
    case "token_refused": {
      const { reason, expected, received } = event;
      const why = reason.replaceAll("_", " ");
      return expected === undefined ? `${why}.` : `${why}: expected ${expected}, got ${received}.`;
    }
    case "token_unverified":
      return `${event.reason.replaceAll("_", " ")}${took(event)}.`;
    case "introspection_completed":
      return `${event.active ? "active" : "inactive"}${took(event)}`;
    case "propelauth_unreachable":
    case "propelauth_misconfigured": {
      const { reason, status, detail } = event;
      const seen = status === undefined ? detail : `status ${status}`;
      const why = reason.replaceAll("_", " ");
      return `${why}${seen === undefined ? "" : `: ${seen}`}${took(event)}.`;
    }
    case "call_refused": {
      const { subject = "nobody", reason, expected, received } = event;
      const why = reason.replaceAll("_", " ");
      const needed = expected === undefined ? "" : `expected ${expected}, `;
      return `${cut(subject)}, ${why}: ${needed}got ${received ?? "nothing"}.`;
    }
    case "metadata_unavailable":
      return `${event.status === undefined ? event.detail : `status ${event.status}`}.`;
    case "breaker_opened":
      return `after ${event.failures} failures, next probe in ${event.retryAfterSeconds} s.`;
    case "session_refused":
      return `${cut(event.subject ?? "nobody")} through ${cut(event.clientId)}.`;
    case "request_refused":
      return `${event.reason} ${event.received}.`;
    case "breaker_closed":
    case "shared_cache_lost":
    case "shared_cache_recovered":
    case "shared_cache_entry_rejected":
      return "";
    default:
      return unknownCode(event);
  }
}

/** Never called for the codes of this version; a later one may have more. */
function unknownCode(_event: never): string {
  return "";
}

function took({ durationSeconds }: { durationSeconds: number }): string {
  return `, ${Math.round(durationSeconds * 1000)} ms`;
}

/** A later version may have more codes than this one: those are worth a look. */
function levelOf({ code }: PropelAuthEvent): EventLevel {
  return EVENT_LEVELS[code] ?? "error";
}

function cut(value: string): string {
  return value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}...` : value;
}

/** Terminals obey control characters, and bidirectional ones turn a line around. */
function escape(text: string): string {
  return text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
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
