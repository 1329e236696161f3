/**
 * Reads the answers in a response while it is sent.
 *
 * @module
 */

import { createEndpointReader } from "../../http/sessions.ts";
import { isStandingStream, STREAM_ENDED } from "../../http/standing_streams.ts";
import { isEventStream } from "../../lib/body.ts";
import { type Answer, MAX_ANSWER_LENGTH, readAnswers } from "./answers.ts";
import { sessionsIn } from "./begun_call.ts";
import { createEventStreamReader } from "./event_stream_reader.ts";
import { type BodyEvents, observeBody, observeShortBody } from "./observed_body.ts";
import type { CallOutcome } from "./observer.ts";
import type { OpenCalls } from "./open_calls.ts";
import { outcomeOf } from "./outcomes.ts";
import type { RequestCalls } from "./request_calls.ts";

const JSON_TYPE = /^application\/(?:json|[^;]*\+json)\b/i;
/** A JSON body of a declared length above it is read while it is sent, not before: 1 MiB. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Statuses of responses that cannot have a body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The status by which the Express adapter, like nginx, says that the client has left. */
const CLIENT_LEFT = 499;

/** A request whose response is followed. */
interface Followed {
  readonly request: Request;
  readonly calls: RequestCalls;
  readonly openCalls: OpenCalls;
  /** Called when no more answers come in this response. */
  readonly onOver: () => void;
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
export function followResponse(
  response: Response,
  followed: Followed,
): Response | Promise<Response> {
  const { calls } = followed;
  const { status, headers } = response;
  const opened = headers.get("Mcp-Session-Id");
  if (opened !== null) calls.noteSession(opened);
  if (status === 403) calls.endForbidden(headers);
  if (status === CLIENT_LEFT) calls.endAll({ outcome: "cancelled" });
  const type = headers.get("Content-Type") ?? "";
  const isReadable = !headers.has("Content-Encoding");
  // `body` is read last: reading it turns a text into a stream, which takes longer to send.
  if (isReadable && isEventStream(headers) && response.body !== null) {
    const events = followEvents(status, followed);
    if (isStandingStream(followed.request, response)) {
      return withBody(response, observeBody(response.body, events));
    }
    return observeShortBody(response.body, events).then((body) => withBody(response, body));
  }
  if (!calls.areOver && isReadable && JSON_TYPE.test(type) && !BODILESS.has(status)) {
    return followJson(response, followed);
  }
  calls.endRest(status);
  followed.onOver();
  return response;
}

function followEvents(status: number, followed: Followed): BodyEvents {
  const { request, calls, openCalls, onOver } = followed;
  const announced: string[] = [];

  function onAnswer(answer: Answer): void {
    if (calls.endAnswered(answer, status)) return;
    for (const sessionId of [...sessionsIn(request), ...announced]) {
      const call = openCalls.find(sessionId, answer.id);
      if (call !== undefined) return openCalls.end(call, outcomeOf(answer, status));
    }
  }

  /** A stream of HTTP+SSE says first to which session it belongs; no other carries its answers. */
  function endAnnounced(outcome: CallOutcome): void {
    for (const sessionId of announced) openCalls.endSession(sessionId, outcome);
  }

  const read = createEventStreamReader(MAX_ANSWER_LENGTH, (data) => readAnswers(data, onAnswer));
  const readEndpoint = request.method === "GET"
    ? createEndpointReader((sessionId) => announced.push(sessionId))
    : undefined;
  return {
    onBytes(bytes) {
      readEndpoint?.(bytes);
      read(bytes);
    },
    onEnd() {
      calls.endRest(status);
      onOver();
      endAnnounced({ outcome: "no_answer" });
    },
    onLeave(reason) {
      const outcome = reason === STREAM_ENDED ? "no_answer" : "cancelled";
      calls.endAll({ outcome });
      onOver();
      endAnnounced({ outcome });
    },
  };
}

function followJson(
  response: Response,
  { calls, onOver }: Followed,
): Response | Promise<Response> {
  const { status, headers } = response;
  const end = (text: string): void => {
    readAnswers(text, (answer) => calls.endAnswered(answer, status));
    calls.endRest(status);
    onOver();
  };
  const isLong = Number(headers.get("Content-Length") ?? 0) > MAX_BUFFERED_BYTES;
  if (isLong && response.body !== null) {
    const longDecoder = new TextDecoder();
    let text = "";
    const observed = observeBody(response.body, {
      onBytes(bytes) {
        if (text.length <= MAX_ANSWER_LENGTH) text += longDecoder.decode(bytes, { stream: true });
      },
      onEnd: () => end(text),
      onLeave: () => calls.endAll({ outcome: "cancelled" }),
    });
    return withBody(response, observed);
  }
  // As a text, which servers send faster than bytes.
  return response.text().then((text) => {
    end(text);
    const copy = withBody(response, text);
    // Bytes that are not UTF-8, and a byte order mark, have other lengths as text.
    if (headers.has("Content-Length")) copy.headers.delete("Content-Length");
    return copy;
  });
}

/** Names the parts: adapters for Node take longer to send a response built with another as its init. */
function withBody({ status, statusText, headers }: Response, body: BodyInit): Response {
  return new Response(body, { status, statusText, headers });
}
