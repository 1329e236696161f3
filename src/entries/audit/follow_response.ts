/**
 * Reads the answers in a response while it is sent.
 *
 * @module
 */

import { createEndpointReader } from "../../http/sessions.ts";
import { STREAM_ENDED } from "../../http/standing_streams.ts";
import { type Answer, createAnswerReader } from "./answer_reader.ts";
import { sessionsIn } from "./begun_call.ts";
import { createEventStreamReader } from "./event_stream_reader.ts";
import { observeBody } from "./observed_body.ts";
import type { CallOutcome } from "./observer.ts";
import type { OpenCalls } from "./open_calls.ts";
import { outcomeOf } from "./outcomes.ts";
import type { RequestCalls } from "./request_calls.ts";

type Body = NonNullable<Response["body"]>;

const EVENT_STREAM = /^text\/event-stream\b/i;
const JSON_TYPE = /^application\/(?:json|[^;]*\+json)\b/i;
/** A JSON body of a declared length above it is read while it is sent, not before: 1 MiB. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** The status by which the Express adapter, like nginx, says that nobody waits for a response. */
const CLIENT_LEFT = 499;

/** A request whose response is followed. */
interface Followed {
  readonly request: Request;
  readonly calls: RequestCalls;
  readonly openCalls: OpenCalls;
}

/**
 * Ends the calls of a request by its response, and those of other requests whose answers come on a
 * stream of their session.
 *
 * A compressed response is not read: its calls end without an answer.
 *
 * @param response The MCP server's response.
 * @param followed The request.
 * @returns The response to send: the same but for its body, when that has to be read.
 */
export async function followResponse(response: Response, followed: Followed): Promise<Response> {
  const { calls } = followed;
  const { status, headers } = response;
  const opened = headers.get("Mcp-Session-Id");
  if (opened !== null) calls.noteSession(opened);
  if (status === 403) calls.endForbidden(headers);
  if (status === CLIENT_LEFT) calls.endAll({ outcome: "cancelled" });
  const type = headers.get("Content-Type") ?? "";
  const isReadable = !headers.has("Content-Encoding");
  // `body` is looked at where it must be: that makes a stream of it, which takes longer to send.
  if (isReadable && EVENT_STREAM.test(type) && response.body !== null) {
    return new Response(followEvents(response.body, status, followed), response);
  }
  if (!calls.areOver && isReadable && JSON_TYPE.test(type) && status !== 204 && status !== 205) {
    return await followJson(response, calls);
  }
  calls.endRest(status);
  return response;
}

function followEvents(body: Body, status: number, { request, calls, openCalls }: Followed): Body {
  const sessions = [...sessionsIn(request)];
  const announced: string[] = [];

  function onAnswer(answer: Answer): void {
    if (calls.endAnswered(answer, status)) return;
    for (const sessionId of sessions) {
      const call = openCalls.find(sessionId, answer.id);
      if (call !== undefined) return openCalls.end(call, outcomeOf(answer, status));
    }
  }

  /** A stream of HTTP+SSE says first to which session it belongs; no other carries its answers. */
  function endAnnounced(outcome: CallOutcome): void {
    for (const sessionId of announced) openCalls.endSession(sessionId, outcome);
  }

  const read = createEventStreamReader(createAnswerReader(onAnswer));
  const readEndpoint = createEndpointReader((sessionId) => {
    sessions.push(sessionId);
    announced.push(sessionId);
  });
  return observeBody(body, {
    onBytes(bytes) {
      if (request.method === "GET") readEndpoint(bytes);
      read(bytes);
    },
    onEnd() {
      calls.endRest(status);
      endAnnounced({ outcome: "no_answer" });
    },
    onLeave(reason) {
      const outcome = reason === STREAM_ENDED ? "no_answer" : "cancelled";
      calls.endAll({ outcome });
      endAnnounced({ outcome });
    },
  });
}

async function followJson(response: Response, calls: RequestCalls): Promise<Response> {
  const { status, headers } = response;
  const reader = createAnswerReader((answer) => calls.endAnswered(answer, status));
  const isLong = Number(headers.get("Content-Length") ?? 0) > MAX_BUFFERED_BYTES;
  if (isLong && response.body !== null) {
    const observed = observeBody(response.body, {
      onBytes: (bytes) => reader.push(bytes, 0, bytes.length),
      onEnd: () => calls.endRest(status),
      onLeave: () => calls.endAll({ outcome: "cancelled" }),
    });
    return new Response(observed, response);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  reader.push(bytes, 0, bytes.length);
  calls.endRest(status);
  return new Response(bytes, response);
}
