/**
 * The calls of one request, and how its response ends them. Pure: no clock, no network.
 *
 * @module
 */

import type { AccessTokenError } from "../../oauth/errors.ts";
import type { Answer } from "./answer_reader.ts";
import type { CallOutcome } from "./observer.ts";
import type { OpenCall, OpenCalls } from "./open_calls.ts";
import { outcomeOf, readChallenge, refusedBy } from "./outcomes.ts";

/** The calls of one request. */
export interface RequestCalls {
  /** Whether every call has ended. */
  readonly areOver: boolean;
  /** Takes the calls of the body. */
  add(calls: readonly OpenCall[]): void;
  /** Notes the session that the response opened. */
  noteSession(sessionId: string): void;
  /** Notes that a requirement inside the MCP server refused the caller. */
  noteRefusal(error: AccessTokenError): void;
  /** Ends all calls alike. */
  endAll(outcome: CallOutcome): void;
  /** Ends the call that an answer in a response with this status has; `false` without such a call. */
  endAnswered(answer: Answer, status: number): boolean;
  /** Ends the calls that an HTTP 403 refuses. */
  endForbidden(headers: Headers): void;
  /** Ends the calls that the response does not answer, or has them wait for another stream. */
  endRest(status: number): void;
}

/**
 * Creates the calls of one request, none at first.
 *
 * @param openCalls The table of open calls.
 * @returns The calls.
 */
export function createRequestCalls(openCalls: OpenCalls): RequestCalls {
  let calls: readonly OpenCall[] = [];
  let refusal: AccessTokenError | undefined;
  let sessionId: string | undefined;

  const end = (call: OpenCall, outcome: CallOutcome): void =>
    openCalls.end(call, outcome, sessionId);

  function endAll(outcome: CallOutcome): void {
    for (const call of calls) end(call, outcome);
  }

  return {
    get areOver() {
      return calls.every(({ isOver }) => isOver);
    },
    add(added) {
      calls = added;
    },
    noteSession(opened) {
      sessionId = opened;
    },
    noteRefusal(error) {
      refusal = error;
      const [call, another] = calls;
      // Of several, it is not known which one was refused.
      if (call !== undefined && another === undefined) call.refusal = error;
    },
    endAll,
    endAnswered(answer, status) {
      const { id } = answer;
      const outcome = outcomeOf(answer, status);
      if (id === null || id === undefined) {
        // JSON-RPC 2.0 §5: an error about the body as a whole has no id.
        const isAboutAll = id === null && answer.outcome === "error";
        if (isAboutAll) endAll(outcome);
        return isAboutAll;
      }
      const call = calls.find(({ isOver, begun }) => !isOver && begun.requestId === id);
      if (call === undefined) return false;
      end(call, outcome);
      return true;
    },
    endForbidden(headers) {
      const outcome = refusal === undefined ? readChallenge(headers) : refusedBy(refusal);
      if (outcome !== undefined) endAll(outcome);
    },
    endRest(status) {
      for (const call of calls) {
        if (call.isOver) continue;
        if (status >= 400) end(call, { outcome: "error", httpStatus: status });
        else if (call.begun.requestId === undefined) end(call, { outcome: "ok" });
        else openCalls.endUnanswered(call);
      }
    },
  };
}
