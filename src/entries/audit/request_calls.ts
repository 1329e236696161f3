/**
 * The calls of one request, and how its response ends them. Pure: no clock, no network.
 *
 * @module
 */

import { scopeMissing } from "../../oauth/access_token.ts";
import type { AccessTokenError } from "../../oauth/errors.ts";
import type { Answer } from "./answers.ts";
import type { CallOutcome } from "./observer.ts";
import type { OpenCall, OpenCalls } from "./open_calls.ts";
import { outcomeOf, readChallenge, refusedBy } from "./outcomes.ts";

const isOver = (call: OpenCall): boolean => call.isOver;

/** The calls of one request; a class, since closures would be created anew for each request. */
export class RequestCalls {
  readonly #openCalls: OpenCalls;
  #calls: readonly OpenCall[] = [];
  #refusal: AccessTokenError | undefined;
  #sessionId: string | undefined;

  /** Creates an empty list; `openCalls` is the table of all requests. */
  constructor(openCalls: OpenCalls) {
    this.#openCalls = openCalls;
  }

  /** Whether every call has ended. */
  get areOver(): boolean {
    return this.#calls.every(isOver);
  }

  /** Takes the calls of the body. */
  add(calls: readonly OpenCall[]): void {
    this.#calls = calls;
    for (const call of calls) this.#openCalls.add(call);
  }

  /** Notes the session that the response opened. */
  noteSession(sessionId: string): void {
    this.#sessionId = sessionId;
  }

  /** Notes that a requirement inside the MCP server refused the caller. */
  noteRefusal(error: AccessTokenError): void {
    this.#refusal = error;
    const [call, another] = this.#calls;
    // Among several calls, it is not known which one was refused.
    if (call !== undefined && another === undefined) call.refusal = error;
  }

  /** Ends all calls alike. */
  endAll(outcome: CallOutcome): void {
    for (const call of this.#calls) this.#end(call, outcome);
  }

  /** Ends the call that an answer names; gives `false` when it names none of these calls. */
  endAnswered(answer: Answer, status: number): boolean {
    const { id } = answer;
    const outcome = outcomeOf(answer, status);
    if (id === null || id === undefined) {
      // JSON-RPC 2.0 §5: an error about the body as a whole has no id.
      const isAboutAll = id === null && answer.outcome === "error";
      if (isAboutAll) this.endAll(outcome);
      return isAboutAll;
    }
    const call = this.#calls.find(({ isOver, begun }) => !isOver && begun.requestId === id);
    if (call !== undefined) this.#end(call, outcome);
    return call !== undefined;
  }

  /** Ends the calls that an HTTP 403 refuses. */
  endForbidden(headers: Headers): void {
    const scopes = readChallenge(headers);
    for (const call of this.#calls) {
      const error = this.#refusal ?? (scopes && scopeMissing(call.begun.caller, scopes));
      if (error !== undefined) this.#end(call, refusedBy(error));
    }
  }

  /** Ends the calls without an answer, or waits for their answers on another stream. */
  endRest(status: number): void {
    for (const call of this.#calls) {
      if (call.isOver) continue;
      if (status >= 400) this.#end(call, { outcome: "error", httpStatus: status });
      else if (call.begun.requestId === undefined) this.#end(call, { outcome: "ok" });
      else this.#openCalls.endUnanswered(call);
    }
  }

  #end(call: OpenCall, outcome: CallOutcome): void {
    this.#openCalls.end(call, outcome, this.#sessionId);
  }
}
