/**
 * Follows calls from a request's body to their answers, for all listeners of the option `audit`.
 *
 * @module
 */

import { buildJsonRpcError } from "../../http/json_rpc_error.ts";
import type { World } from "../../lib/world.ts";
import type { AccessToken } from "../../oauth/access_token.ts";
import {
  type Audit,
  type AuditedRequest,
  type CallAudit,
  createAudit,
} from "../../operations/call_audit.ts";
import { describeCalls, readCopy, sessionsIn } from "./begun_call.ts";
import { followResponse } from "./follow_response.ts";
import type { BegunCall, CallEnd, CallObserver } from "./observer.ts";
import { createOpenCalls, type OpenCall, type OpenCalls } from "./open_calls.ts";
import { refusedBy } from "./outcomes.ts";
import { createRequestCalls, type RequestCalls } from "./request_calls.ts";

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
  /** The calls of the request that the MCP server has under way for a caller. */
  readonly served: WeakMap<AccessToken, RequestCalls>;
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
  const shared = { observers, openCalls, served: new WeakMap<AccessToken, RequestCalls>() };
  for (const { connect } of observers) connect?.(() => openCalls.endAll());

  async function answerFollowed(
    request: Request,
    startedAt: number,
    answer: (audited: AuditedRequest) => Promise<Response>,
  ): Promise<Response> {
    const calls = createRequestCalls(openCalls);
    try {
      return await answer(auditRequest(request, startedAt, calls, shared));
    } catch (error) {
      calls.endAll({ outcome: "error" });
      throw error;
    }
  }

  return {
    follow(request, answer) {
      const startedAt = world.now();
      let run = () => answerFollowed(request, startedAt, answer);
      for (const { aroundRequest } of observers) {
        if (aroundRequest === undefined) continue;
        const inner = run;
        run = () => aroundRequest(request, startedAt, inner);
      }
      return run();
    },
    noteRefusal(caller, error) {
      shared.served.get(caller)?.noteRefusal(error);
    },
    close: () => openCalls.endWaiting(),
  };
}

function auditRequest(
  request: Request,
  startedAt: number,
  calls: RequestCalls,
  { observers, openCalls, served }: Shared,
): AuditedRequest {
  let begun: readonly BegunCall[] = [];
  const audited: AuditedRequest = {
    begin(caller, read, parsedBody) {
      for (const { refusesFor } of observers) {
        const seconds = refusesFor?.(read.length);
        if (seconds !== undefined) return buildBusy(seconds);
      }
      const sessions = sessionsIn(request);
      begun = describeCalls({ request, caller, startedAt }, read, parsedBody);
      const opened = begun.map((call) => openCall(call, sessions, observers));
      calls.add(opened);
      opened.forEach(openCalls.add);
      return undefined;
    },
    refuse: (error) => calls.endAll(refusedBy(error)),
    async serve(caller, run) {
      if (begun.length > 0) {
        served.set(caller, calls);
        // Adapters for Node may have none before the client leaves.
        request.signal?.addEventListener("abort", () => calls.endAll({ outcome: "cancelled" }));
        cancelNamed(begun, openCalls);
      }
      let serve = run;
      for (const { aroundServer } of observers) {
        if (aroundServer === undefined) continue;
        const inner = serve;
        serve = () => aroundServer(begun, inner);
      }
      return await followResponse(await serve(), { request, calls, openCalls });
    },
    async readAndServe(caller, run, onUnread) {
      const read = await readCopy(request);
      if (read === undefined) onUnread();
      const busy = read && audited.begin(caller, read.calls, read.parsedBody);
      return busy ?? await audited.serve(caller, run);
    },
  };
  return audited;
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
