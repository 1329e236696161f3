/**
 * Events as lines, for people and for machines. Pure: no clock, no network.
 *
 * @module
 */

import { type EventLevel, isLoginStart, levelOf } from "./levels.ts";
import type { PropelAuthEvent } from "../../events/events.ts";

/** The most characters of one value that came from outside, in a line. */
const MAX_VALUE_LENGTH = 200;
/** The most characters of an identifier, in a line for people. */
const MAX_ID_LENGTH = 12;

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
  return formatTextLines(event, color, Infinity).join("");
}

/**
 * Formats an event for people, broken between words.
 *
 * @param event The event.
 * @param color Whether to colour it.
 * @param columns The width of the terminal.
 * @returns The lines; a word that is longer than a line stays whole.
 */
export function formatTextLines(event: PropelAuthEvent, color: boolean, columns: number): string[] {
  const level = levelOf(event);
  const paint = (code: number, text: string) => color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const time = new Date(event.occurredAt * 1000).toTimeString().slice(0, 8);
  const digest = "tokenDigest" in event ? event.tokenDigest ?? "" : "";
  const { mark, tint } = isLoginStart(event) ? LOGIN : LOOKS[level];
  const head = `${paint(DIM, time)} ${paint(tint, mark)} ${
    paint(DIM, escape(digest.slice(0, 12).padEnd(12)))
  }`;
  const name = event.code.split("_").map((word) => paint(tint, word));
  const what = escape(summarize(event)).split(" ");
  const said = level === "info" ? [] : event.message.split(" ").map((word) => paint(DIM, word));
  return breakLine(head, [...name, ...what, ...said].filter((word) => word !== ""), columns);
}

/** Puts words behind the head of a line, and on further lines when they do not fit. */
function breakLine(head: string, words: readonly string[], columns: number): string[] {
  const indent = columns < NARROW ? 2 : INDENT;
  const lines: string[] = [];
  let current = head;
  for (const word of words) {
    const joined = `${current} ${word}`;
    if (widthOf(joined) <= columns) current = joined;
    else {
      lines.push(current.trimEnd());
      current = " ".repeat(indent) + word;
    }
  }
  return [...lines, current];
}

/** How many columns a text takes: colours take none. */
function widthOf(text: string): number {
  // deno-lint-ignore no-control-regex -- it is what colours begin with
  return text.replace(/\x1b\[\d+m/g, "").length;
}

const DIM = 2;
const LOOKS: Readonly<Record<EventLevel, { mark: string; tint: number }>> = {
  info: { mark: "✓", tint: 32 },
  warn: { mark: "✗", tint: 33 },
  error: { mark: "!", tint: 31 },
};

/** A client without a token, whose user logs in now: neither a success nor a refusal. */
const LOGIN = { mark: "→", tint: 36 };

/** The column at which a broken line goes on: below the name of the event. */
const INDENT = 24;
/** A terminal so narrow has no room for that indent. */
const NARROW = 60;

/** The members of an event that matter to a person who watches, in a few words. */
function summarize(event: PropelAuthEvent): string {
  switch (event.code) {
    case "token_accepted": {
      const from = event.source.replaceAll("_", " ");
      return `${describeCaller(event)}, from ${from}${took(event)}`;
    }
    case "token_refused": {
      const { reason, expected, received } = event;
      const why = reason.replaceAll("_", " ");
      if (isLoginStart(event)) return `${why}: a client starts its login`;
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
      const { reason, operation, expected, received } = event;
      const what = operation === undefined ? "" : ` for ${operation}`;
      const why = `${reason.replaceAll("_", " ")}${what}`;
      const needed = expected === undefined ? "" : `expected ${expected}, `;
      return `${describeCaller(event)}, ${why}: ${needed}got ${received ?? "nothing"}.`;
    }
    case "metadata_unavailable":
      return `${event.status === undefined ? event.detail : `status ${event.status}`}.`;
    case "breaker_opened":
      return `after ${event.failures} failures, next probe in ${event.retryAfterSeconds} s.`;
    case "session_refused":
      return `${describeCaller(event)}.`;
    case "request_refused": {
      const who = event.reason === "operation" ? `${describeCaller(event)}, ` : "";
      return `${who}${event.reason} ${event.received}.`;
    }
    case "rule_unmatched": {
      const { kind, rule, nearest } = event;
      return `${kind} ${rule}${nearest === undefined ? "" : `, nearest ${nearest}`}.`;
    }
    case "breaker_closed":
    case "shared_cache_lost":
    case "shared_cache_recovered":
    case "shared_cache_order_lost":
    case "shared_cache_entry_rejected":
    case "operations_unjudged":
    case "calls_unaudited":
      return "";
    default:
      return unknownCode(event);
  }
}

/** Who calls, in as few letters as tell people apart; the JSON has it whole. */
function describeCaller({ subject = "nobody", clientId }: { subject?: string; clientId: string }) {
  const [who, through] = [subject, clientId].map((id) =>
    id.length > MAX_ID_LENGTH ? `${id.slice(0, MAX_ID_LENGTH - 4)}..` : id
  );
  return `${who} through ${through}`;
}

/** Never called for the codes of this version; a later one may have more. */
function unknownCode(_event: never): string {
  return "";
}

function took({ durationSeconds }: { durationSeconds: number }): string {
  return `, ${Math.round(durationSeconds * 1000)} ms`;
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
