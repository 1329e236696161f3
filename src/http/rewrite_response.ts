/**
 * Rewrites the messages of an answer: one JSON body, or an event stream as it comes.
 *
 * @module
 */

import { discard } from "../lib/body.ts";
import { parseJson } from "../lib/json.ts";
import { buildJsonRpcError, INTERNAL_ERROR } from "./json_rpc_error.ts";

/** Changes a JSON-RPC message in place, and tells whether it did. */
export type Rewrite = (message: unknown) => boolean;

/**
 * Rewrites the messages of a response.
 *
 * What is no JSON passes as it is. Everything else about the response stays.
 *
 * @param response What the MCP server answered; its body is used up.
 * @param rewrite Changes one message.
 * @returns The response to send.
 */
export async function rewriteResponse(response: Response, rewrite: Rewrite): Promise<Response> {
  if (response.body === null) return response;
  const headers = new Headers(response.headers);
  if (headers.has("Content-Encoding")) {
    // What cannot be read cannot be taken out either.
    discard(response);
    return buildJsonRpcError(500, INTERNAL_ERROR, "The MCP server must not compress this answer");
  }
  headers.delete("Content-Length");
  const { status, statusText } = response;
  const init = { status, statusText, headers };
  if (/^text\/event-stream\b/i.test(headers.get("Content-Type") ?? "")) {
    return new Response(rewriteEvents(response.body, rewrite), init);
  }
  return new Response(rewriteText(await response.text(), rewrite), init);
}

function rewriteText(text: string, rewrite: Rewrite): string {
  const body = parseJson(text);
  if (body === undefined) return text;
  let changed = false;
  for (const message of Array.isArray(body) ? body : [body]) changed = rewrite(message) || changed;
  return changed ? JSON.stringify(body) : text;
}

/** @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream | HTML, event streams} */
function rewriteEvents(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  rewrite: Rewrite,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = "";
  let event: string[] = [];

  /** The whole events in what has come; the last one too when nothing more comes. */
  function take(text: string, done: boolean): string {
    const split = done || rest.endsWith("\r") || /[\r\n]/.test(text);
    rest += text;
    // Looked through once it has an end: a long line comes in many pieces.
    if (!split) return "";
    // A CR at the end may be half of a CR LF.
    const lines = rest.split(done ? /\r\n|\n|\r/ : /\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    let out = "";
    for (const line of lines) {
      if (line !== "") event.push(line);
      else if (event.length === 0) out += "\n";
      else {
        out += `${rewriteEvent(event, rewrite).join("\n")}\n\n`;
        event = [];
      }
    }
    if (done && rest !== "") event.push(rest);
    if (done && event.length > 0) out += rewriteEvent(event, rewrite).join("\n");
    return out;
  }

  return source.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, controller) {
        const out = take(decoder.decode(bytes, { stream: true }), false);
        if (out !== "") controller.enqueue(encoder.encode(out));
      },
      flush(controller) {
        const out = take(decoder.decode(), true);
        if (out !== "") controller.enqueue(encoder.encode(out));
      },
    }),
  );
}

/** The lines of one event, its data in one line when it had to be changed. */
function rewriteEvent(lines: string[], rewrite: Rewrite): string[] {
  const isData = (line: string) => /^data(:|$)/.test(line);
  const data = lines.filter(isData).map((line) => line.replace(/^data:? ?/, "")).join("\n");
  const rewritten = rewriteText(data, rewrite);
  if (rewritten === data) return lines;
  return [...lines.filter((line) => !isData(line)), `data: ${rewritten}`];
}
