/**
 * The calls that have begun and not ended, and by which answers they end.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { World } from "../../lib/world.ts";
import type { AccessTokenError } from "../../oauth/errors.ts";
import type { BegunCall, CallEnd, CallOutcome } from "./observer.ts";
import { refusedBy } from "./outcomes.ts";

/** How long an answer is waited for that may come on another stream of the session, in seconds. */
export const ANSWER_TIMEOUT_SECONDS = 300;
/** How long an answer is waited for after the client cancelled the call, in seconds. */
export const CANCEL_TIMEOUT_SECONDS = 5;
/** How many calls may wait for an answer on another stream; past it the oldest ends without one. */
export const MAX_WAITING_CALLS = 10_000;

/** A call that has not ended. */
export interface OpenCall {
  readonly begun: BegunCall;
  /** The functions of the observers. */
  readonly ends: readonly ((end: CallEnd) => void)[];
  /** The sessions on whose streams its answer may come too. */
  readonly sessions: readonly string[];
  isOver: boolean;
  isCancelled: boolean;
  /** The error of a requirement: a tool that throws it was refused, and did not fail. */
  refusal: AccessTokenError | undefined;
  stopTimer: (() => void) | undefined;
}

/** The open calls of one PropelAuth. */
export interface OpenCalls {
  /** Adds a call. */
  add(call: OpenCall): void;
  /** Ends a call, unless it has ended. */
  end(call: OpenCall, outcome: CallOutcome, openedSessionId?: string): void;
  /** Ends a call whose response is over: an answer may come on another stream of its session. */
  endUnanswered(call: OpenCall): void;
  /** Finds the call that an answer on a session's stream, or a cancellation, is about. */
  find(sessionId: string, id: unknown): OpenCall | undefined;
  /** Ends a call as cancelled, when no answer comes soon. */
  cancel(call: OpenCall): void;
  /** Ends the calls that wait for another stream. */
  endWaiting(): void;
  /** Ends the calls of a session that wait for another stream. */
  endSession(sessionId: string, outcome: CallOutcome): void;
  /** Ends all calls. */
  endAll(): void;
}

/**
 * Creates an empty table.
 *
 * @param world The clock and the timers.
 * @returns The table.
 */
export function createOpenCalls(world: World): OpenCalls {
  const open = new Set<OpenCall>();
  const byKey = new Map<string, OpenCall>();
  /** The open calls whose response is over. */
  const waiting = new Set<OpenCall>();

  function end(call: OpenCall, outcome: CallOutcome, openedSessionId?: string): void {
    if (call.isOver) return;
    call.isOver = true;
    call.stopTimer?.();
    open.delete(call);
    if (waiting.size > 0) waiting.delete(call);
    for (const key of keysOf(call)) if (byKey.get(key) === call) byKey.delete(key);
    const hasFailed = outcome.outcome === "tool_error" || outcome.outcome === "error";
    const ended: CallEnd = {
      eventId: randomUUID(),
      outcome: call.refusal !== undefined && hasFailed ? refusedBy(call.refusal) : outcome,
      // A clock may jump back.
      endedAt: Math.max(call.begun.startedAt, world.now()),
      openedSessionId,
    };
    for (const onEnd of call.ends) {
      try {
        onEnd(ended);
      } catch {
        // An error of the listener must not fail the request.
      }
    }
  }

  const giveUp = (call: OpenCall): void =>
    end(call, { outcome: call.isCancelled ? "cancelled" : "no_answer" });

  function giveUpAfter(seconds: number, call: OpenCall): void {
    call.stopTimer?.();
    call.stopTimer = world.startTimer(seconds, () => giveUp(call));
  }

  return {
    add(call) {
      open.add(call);
      for (const key of keysOf(call)) byKey.set(key, call);
    },
    end,
    endUnanswered(call) {
      if (call.isOver) return;
      if (call.sessions.length === 0) return giveUp(call);
      waiting.add(call);
      giveUpAfter(call.isCancelled ? CANCEL_TIMEOUT_SECONDS : ANSWER_TIMEOUT_SECONDS, call);
      const [oldest] = waiting;
      if (waiting.size > MAX_WAITING_CALLS && oldest !== undefined) giveUp(oldest);
    },
    find(sessionId, id) {
      return typeof id === "string" || typeof id === "number"
        ? byKey.get(keyOf(sessionId, id))
        : undefined;
    },
    cancel(call) {
      call.isCancelled = true;
      giveUpAfter(CANCEL_TIMEOUT_SECONDS, call);
    },
    endWaiting() {
      for (const call of waiting) giveUp(call);
    },
    endSession(sessionId, outcome) {
      for (const call of waiting) if (call.sessions.includes(sessionId)) end(call, outcome);
    },
    endAll() {
      for (const call of open) giveUp(call);
    },
  };
}

const NO_KEYS: readonly string[] = [];

function keysOf({ sessions, begun: { requestId } }: OpenCall): readonly string[] {
  if (requestId === undefined || sessions.length === 0) return NO_KEYS;
  return sessions.map((sessionId) => keyOf(sessionId, requestId));
}

/** The ids `1` and `"1"` are two. */
function keyOf(sessionId: string, id: string | number): string {
  return `${typeof id === "number" ? "n" : "s"}${id}\n${sessionId}`;
}
