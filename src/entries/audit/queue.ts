/**
 * A bounded queue in front of a writer: one batch at a time, in order, each until it is written.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { World } from "../../lib/world.ts";
import { type CallEvent, notify } from "./call_event.ts";

/** The first and the longest pause after a write that failed, in seconds. */
const [FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS] = [1, 30];

/** The number of events by what happened to them. */
export interface AuditLogCounts {
  /** Events that `write` has written. */
  readonly written: number;
  /** Events that were lost, since the queue was full. */
  readonly dropped: number;
  /** Events that are not written yet, those of the batch being written included. */
  readonly waiting: number;
}

/**
 * Trouble of an audit log, or its end.
 *
 * - `write_failed`: `write` threw; the same events are written again after a pause.
 * - `full`: from now on events are dropped, or calls refused. Reported once until `recovered`.
 * - `recovered`: after one of the above, batches are written and the queue is at most half full.
 */
export type AuditLogProblem = AuditLogCounts & {
  readonly code: "write_failed" | "full" | "recovered";
  /** With `write_failed`: the value that `write` threw. */
  readonly error?: unknown;
};

/** The queue of one audit log. */
interface Queue {
  readonly counts: AuditLogCounts;
  /** Adds an event, or drops it when there is no room. */
  add(event: CallEvent): void;
  /** Reports that calls are refused, since there is no room. */
  reportFull(): void;
  /** Resolves when all is written, or after some seconds. */
  drain(seconds: number): Promise<void>;
}

/** How a queue writes. */
interface QueueOptions {
  readonly write: (events: readonly CallEvent[]) => void | Promise<void>;
  readonly maxQueuedCalls: number;
  /** Whether events past that are dropped; otherwise calls are refused before they begin. */
  readonly drops: boolean;
  readonly maxBatchSize: number;
  readonly onProblem: ((problem: AuditLogProblem) => void) | undefined;
  readonly startTimer: World["startTimer"];
}

/**
 * Creates an empty queue.
 *
 * @param options The writer and the bounds.
 * @returns The queue.
 */
export function createQueue(options: QueueOptions): Queue {
  const { write, maxQueuedCalls, drops, maxBatchSize, onProblem, startTimer } = options;
  // `write` serves many requests: it must not run as the caller of one of them.
  const runOutside = AsyncLocalStorage.snapshot();
  const waiting: CallEvent[] = [];
  let written = 0;
  let dropped = 0;
  let isWriting = false;
  let isFull = false;
  let hasFailed = false;
  let endPause = (): void => {};
  let isDraining = false;
  let onEmpty = (): void => {};

  const counts = (): AuditLogCounts => ({ written, dropped, waiting: waiting.length });

  function report(code: AuditLogProblem["code"], error?: unknown): void {
    if (onProblem === undefined) return;
    try {
      notify(onProblem, { code, ...counts(), ...(code === "write_failed" && { error }) });
    } catch {
      // A listener's fault does not stop the log.
    }
  }

  function reportFull(): void {
    if (!isFull) report("full");
    isFull = true;
  }

  async function pause(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const stopTimer = startTimer(seconds, resolve);
      endPause = () => {
        stopTimer();
        resolve();
      };
    });
    endPause = () => {};
  }

  async function writeAll(): Promise<void> {
    isWriting = true;
    let seconds = FIRST_PAUSE_SECONDS;
    // The events of one turn of the event loop belong into one batch.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatchSize);
      // Counted now, since the writer may empty the list.
      const { length } = batch;
      try {
        await write(batch);
      } catch (error) {
        hasFailed = true;
        report("write_failed", error);
        await pause(isDraining ? FIRST_PAUSE_SECONDS : seconds);
        seconds = Math.min(2 * seconds, MAX_PAUSE_SECONDS);
        continue;
      }
      seconds = FIRST_PAUSE_SECONDS;
      waiting.splice(0, length);
      written += length;
      // Not at each batch: a slow writer would report both again and again.
      const isOver = (isFull || hasFailed) && waiting.length <= maxQueuedCalls / 2;
      if (!isOver) continue;
      isFull = hasFailed = false;
      report("recovered");
    }
    isWriting = false;
    onEmpty();
  }

  return {
    get counts() {
      return counts();
    },
    reportFull,
    add(event) {
      if (drops && waiting.length >= maxQueuedCalls) {
        dropped++;
        reportFull();
        return;
      }
      waiting.push(event);
      if (!isWriting) void runOutside(writeAll);
    },
    async drain(seconds) {
      isDraining = true;
      endPause();
      if (!isWriting) return;
      await new Promise<void>((resolve) => {
        const stopTimer = startTimer(seconds, resolve);
        onEmpty = () => {
          stopTimer();
          resolve();
        };
      });
    },
  };
}
