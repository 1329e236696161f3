/**
 * Follows calls from a request's body to their answers, for all listeners of the option `audit`.
 *
 * @module
 */

import { buildJsonRpcError } from "../../http/json_rpc_error.ts";
import type { World } from "../../lib/world.ts";
import type { AccessToken } from "../../oauth/access_token.ts";
import type { AccessTokenError } from "../../oauth/errors.ts";
import {
  type Audit,
  type AuditedRequest,
  type CallAudit,
  createAudit,
} from "../../operations/call_audit.ts";
import type { Call } from "../../operations/calls.ts";
import { describeCalls, readCopy, sessionsIn } from "./begun_call.ts";
import { followResponse } from "./follow_response.ts";
import type { BegunCall, CallEnd, CallObserver } from "./observer.ts";
import { createOpenCalls, type OpenCall, type OpenCalls } from "./open_calls.ts";
import { refusedBy } from "./outcomes.ts";
import { RequestCalls } from "./request_calls.ts";

/** For how many microtasks an MCP server's response is waited for, before the client is watched. */
const MAX_TICKS = 32;

const observersOf = new WeakMap<Audit, CallObserver>();

/**
 * Creates a value for the option `audit` that calls an observer.
 *
 * @param observer The observer.
 * @param members The other members of the value.
 * @returns The value.
 */
export function observeCalls<T extends object>(observer: CallObserver, members: T): Audit & T {
  const audit = createAudit(
    (audits, world) => createCallAudit(audits.flatMap((one) => observersOf.get(one) ?? []), world),
    members,
  );
  observersOf.set(audit, observer);
  return audit;
}

/** The parts that all requests share. */
interface Shared {
  readonly observers: readonly CallObserver[];
  readonly openCalls: OpenCalls;
}

/**
 * Creates the audit of one PropelAuth.
 *
 * @param observers The observers of all values of the option.
 * @param world The clock and the timers.
 * @returns The audit.
 */
function createCallAudit(observers: readonly CallObserver[], world: World): CallAudit {
  const openCalls = createOpenCalls(world);
  const shared = { observers, openCalls };
  for (const { connect } of observers) connect?.(() => openCalls.endAll());

  const arounds = observers.flatMap(({ aroundRequest }) => aroundRequest ?? []);

  return {
    follow(request, answer) {
      const startedAt = world.now();
      const audited = new FollowedRequest(request, startedAt, shared);
      let run = () => answer(audited);
      for (const aroundRequest of arounds) {
        const inner = run;
        run = () => aroundRequest(request, startedAt, inner);
      }
      const answered = run();
      answered.catch(() => audited.fail());
      return answered;
    },
    close: () => openCalls.endWaiting(),
  };
}

/** A request that is followed; a class, since closures would be created anew for each request. */
class FollowedRequest implements AuditedRequest {
  readonly #request: Request;
  readonly #startedAt: number;
  readonly #shared: Shared;
  readonly #calls: RequestCalls;
  #begun: readonly BegunCall[] = [];
  #onLeave: (() => void) | undefined;
  #isOver = false;

  constructor(request: Request, startedAt: number, shared: Shared) {
    this.#request = request;
    this.#startedAt = startedAt;
    this.#shared = shared;
    this.#calls = new RequestCalls(shared.openCalls);
  }

  begin(caller: AccessToken, calls: readonly Call[], parsedBody: unknown): Response | undefined {
    const { observers } = this.#shared;
    for (const { refusesFor } of observers) {
      const seconds = refusesFor?.(calls.length);
      if (seconds !== undefined) return buildBusy(seconds);
    }
    const request = this.#request;
    const sessions = sessionsIn(request);
    const calling = { request, sessions, caller, startedAt: this.#startedAt };
    this.#begun = describeCalls(calling, calls, parsedBody);
    this.#calls.add(this.#begun.map((call) => openCall(call, sessions, observers)));
    return undefined;
  }

  refuse(error: unknown): void {
    this.#calls.endAll(refusedBy(error));
  }

  noteRefusal(error: AccessTokenError): void {
    this.#calls.noteRefusal(error);
  }

  /** Ends all calls: no response was found. */
  fail(): void {
    this.#calls.endAll({ outcome: "error" });
  }

  async serve(run: () => Promise<Response>): Promise<Response> {
    const { observers, openCalls } = this.#shared;
    const [begun, calls] = [this.#begun, this.#calls];
    cancelNamed(begun, openCalls);
    let serve = run;
    for (const { aroundServer } of observers) {
      if (aroundServer === undefined) continue;
      const inner = serve;
      serve = () => aroundServer(begun, inner);
    }
    let isFollowed = false;
    const following = serve().then((response) => {
      const onOver = (): void => this.#stopWatching();
      return followResponse(response, { request: this.#request, calls, openCalls, onOver });
    });
    following.then(() => isFollowed = true, () => {});
    // Until its body is read, too: a JSON answer is, before it is sent.
    for (let tick = 0; tick < MAX_TICKS && !isFollowed; tick++) await undefined;
    if (!isFollowed) this.#watchLeaving();
    const response = await following;
    if (!calls.areOver) this.#watchLeaving();
    return response;
  }

  async readAndServe(
    caller: AccessToken,
    run: () => Promise<Response>,
    onUnread: () => void,
  ): Promise<Response> {
    const read = await readCopy(this.#request);
    if (read === undefined) onUnread();
    const busy = read && this.begin(caller, read.calls, read.parsedBody);
    return busy ?? await this.serve(run);
  }

  /**
   * Ends the calls as cancelled when the client leaves. Deno takes longer to look at the signal of a
   * server's request than all the rest, so it is done only for calls that do not end at once.
   */
  #watchLeaving(): void {
    if (this.#begun.length === 0 || this.#onLeave !== undefined || this.#isOver) return;
    this.#onLeave = () => this.#calls.endAll({ outcome: "cancelled" });
    const { signal } = this.#request;
    // The requests of some adapters have no signal.
    if (signal?.aborted) this.#onLeave();
    else signal?.addEventListener("abort", this.#onLeave);
  }

  /**
   * Ends the watch with the response, though a call may still wait for another stream: Deno aborts the
   * signal after each response, unless it runs with --unstable-no-legacy-abort.
   */
  #stopWatching(): void {
    this.#isOver = true;
    if (this.#onLeave === undefined) return;
    this.#request.signal?.removeEventListener("abort", this.#onLeave);
  }
}

/** Begins a call for every observer. */
function openCall(
  begun: BegunCall,
  sessions: readonly string[],
  observers: readonly CallObserver[],
): OpenCall {
  const ends = observers.map((observer): (end: CallEnd) => void => {
    try {
      return observer.begin(begun);
    } catch {
      // An error of the listener must not fail the request.
      return () => {};
    }
  });
  return {
    begun,
    ends,
    sessions,
    isOver: false,
    isCancelled: false,
    refusal: undefined,
    stopTimer: undefined,
  };
}

/** Cancels the calls of the same session that notifications name (MCP, Cancellation). */
function cancelNamed(begun: readonly BegunCall[], openCalls: OpenCalls): void {
  for (const { method, sessionId, params } of begun) {
    if (method !== "notifications/cancelled" || sessionId === undefined) continue;
    const call = openCalls.find(sessionId, params["requestId"]);
    if (call !== undefined) openCalls.cancel(call);
  }
}

function buildBusy(seconds: number): Response {
  const message = "Calls cannot be recorded now: try again later";
  const response = buildJsonRpcError(503, "transport", message);
  response.headers.set("Retry-After", String(Math.max(1, Math.ceil(seconds))));
  return response;
}
