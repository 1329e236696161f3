/**
 * An audit log: call events in a bounded queue before a writer of the user's.
 *
 * @module
 */

import { BrokenRule } from "../../lib/broken_rule.ts";
import {
  describe,
  requireFunction,
  requireMembers,
  requireNumber,
} from "../../lib/check_option.ts";
import type { World } from "../../lib/world.ts";
import type { Audit } from "../../operations/call_audit.ts";
import { type AuditArguments, type CallEvent, createEventBuilder } from "./call_event.ts";
import { observeCalls } from "./observe_calls.ts";
import { type AuditLogCounts, type AuditLogProblem, createQueue } from "./queue.ts";

/** `Retry-After` of calls that are refused since the queue is full, in seconds. */
const RETRY_AFTER_SECONDS = 5;

/** How an audit log writes. An unknown option is refused. */
export interface AuditLogOptions {
  /**
   * Writes a batch of events, in the order in which the calls ended. It is not called again before
   * the promise that it returns has settled. When it throws or rejects, it is called with the same
   * events again, and those that came meanwhile, after a pause of 1 to 30 seconds: `eventId` tells
   * which are written already.
   */
  write: (events: readonly CallEvent[]) => void | Promise<void>;
  /**
   * How many events may wait for `write`, those that it is writing included. It bounds the memory.
   *
   * @default {10000}
   */
  maxQueuedCalls?: number;
  /**
   * How many events `write` receives at most.
   *
   * @default {500}
   */
  maxBatchSize?: number;
  /**
   * The behaviour while the queue is full. `"drop"`: events are lost and counted. `"refuse"`: calls are
   * answered 503 before they reach the MCP server; every call that does has its place in the queue.
   *
   * @default {"drop"}
   */
  whenFull?: "drop" | "refuse";
  /**
   * How long `close()` waits for the calls under way to end, and then for the queue to be written, in
   * seconds each.
   *
   * @default {10}
   */
  closeSeconds?: number;
  /** Receives trouble: a write that failed, a queue that is full, and the end of it. */
  onProblem?: (problem: AuditLogProblem) => void;
  /** Picks the arguments that are recorded. Without it none are. */
  auditArguments?: AuditArguments;
}

/** An audit log: a value of the option `audit`. */
export interface AuditLog extends Audit {
  /** How many events were written, dropped, and are waiting. */
  counts(): AuditLogCounts;
  /**
   * Waits until the calls under way have ended and their events are written; a call that is still open
   * after `closeSeconds` ends as `no_answer`. With `whenFull: "refuse"` further calls are refused. Call
   * it when the server takes no more requests, after the `close()` of PropelAuth.
   *
   * @returns The counts: `waiting` events could not be written. Never rejects.
   */
  close(): Promise<AuditLogCounts>;
}

/** The clock of a log. */
interface LogWorld extends Pick<World, "startTimer"> {
  /** Keeps the process alive until the returned function is called. */
  readonly keepAlive: () => () => void;
}

/**
 * Creates an audit log over a given clock.
 *
 * @param options The options as the user gave them.
 * @param world The clock.
 * @returns The log.
 * @throws {BrokenRule} An option is unknown or breaks its rule; `range`: a number is out of its bounds.
 */
export function createAuditLog(options: AuditLogOptions, world: LogWorld): AuditLog {
  const resolved = resolveLogOptions(options);
  const { maxQueuedCalls, whenFull, closeSeconds, auditArguments } = resolved;
  const { startTimer } = world;
  const queue = createQueue({
    ...resolved,
    startTimer,
    // Calls that were let in have their place, though a batch may be longer than the queue.
    drops: whenFull === "drop",
  });
  const endOpenCalls: (() => void)[] = [];
  /** Calls that have begun and not ended. */
  let open = 0;
  let isClosing = false;
  let onIdle = (): void => {};
  let closed: Promise<AuditLogCounts> | undefined;

  const begin = createEventBuilder((event) => {
    queue.add(event);
    if (--open === 0) onIdle();
  }, auditArguments);

  async function close(): Promise<AuditLogCounts> {
    isClosing = true;
    const letEnd = world.keepAlive();
    if (open > 0) {
      await new Promise<void>((resolve) => {
        const stopTimer = startTimer(closeSeconds, resolve);
        onIdle = () => {
          stopTimer();
          resolve();
        };
      });
    }
    for (const end of endOpenCalls) end();
    await queue.drain(closeSeconds);
    letEnd();
    return queue.counts;
  }

  return observeCalls({
    connect: (end) => endOpenCalls.push(end),
    refusesFor(count) {
      // A body without calls answers requests of the MCP server, which calls under way may wait for.
      if (whenFull === "drop" || count === 0) return undefined;
      const taken = queue.counts.waiting + open;
      // A batch longer than the whole queue is let in when nothing else is there.
      if (!isClosing && (taken === 0 || taken + count <= maxQueuedCalls)) return undefined;
      if (!isClosing) queue.reportFull();
      return RETRY_AFTER_SECONDS;
    },
    begin(call) {
      open++;
      return begin(call);
    },
  }, {
    counts: () => queue.counts,
    close: () => closed ??= close(),
  });
}

const SECONDS = "a finite number >= 0";
const NAMES: Record<keyof AuditLogOptions, true> = {
  write: true,
  maxQueuedCalls: true,
  maxBatchSize: true,
  whenFull: true,
  closeSeconds: true,
  onProblem: true,
  auditArguments: true,
};

function resolveLogOptions(options: AuditLogOptions) {
  requireMembers("options", options, Object.keys(NAMES));
  const { write, maxQueuedCalls = 10_000, maxBatchSize = 500, whenFull = "drop" } = options;
  const { closeSeconds = 10, onProblem, auditArguments } = options;
  if (typeof write !== "function") throw new BrokenRule("write", "a function", describe(write));
  if (whenFull !== "drop" && whenFull !== "refuse") {
    throw new BrokenRule("whenFull", '"drop" or "refuse"', describe(whenFull));
  }
  return {
    write,
    maxQueuedCalls: requireCount("maxQueuedCalls", maxQueuedCalls),
    maxBatchSize: requireCount("maxBatchSize", maxBatchSize),
    whenFull,
    closeSeconds: requireNumber("closeSeconds", closeSeconds, SECONDS, (value) => value >= 0),
    onProblem: requireFunction("onProblem", onProblem),
    auditArguments: requireFunction("auditArguments", auditArguments),
  };
}

function requireCount(name: string, value: number): number {
  const rule = "a whole number >= 1";
  return requireNumber(name, value, rule, (count) => Number.isInteger(count) && count >= 1);
}
