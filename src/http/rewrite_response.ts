/**
 * Rewrites the messages of an answer: one JSON body, or an event stream while it arrives.
 *
 * @module
 */

import { discard, isEventStream } from "../lib/body.ts";
import { isObject, parseJson } from "../lib/json.ts";
import { createLineReader } from "../lib/lines.ts";
import type { List } from "../operations/lists.ts";
import { buildJsonRpcError } from "./json_rpc_error.ts";

/** Changes a JSON-RPC message in place, and returns whether it did. */
type Rewrite = (message: unknown) => boolean;

/**
 * Creates the rewrite that leaves in lists only the entries a caller may see.
 *
 * @param lists The lists that depend on the caller.
 * @param isListed Whether the caller may see an entry.
 * @param watch Reads each message before its lists are filtered.
 * @returns The rewrite. A result that says how long it may be kept becomes private to the caller.
 */
export function createListRewrite(
  lists: readonly List[],
  isListed: (list: List, entry: unknown) => boolean,
  watch?: (message: unknown) => void,
): Rewrite {
  return (message) => {
    watch?.(message);
    const result = isObject(message) ? message["result"] : undefined;
    if (!isObject(result)) return false;
    let changed = false;
    for (const list of lists) {
      const entries: unknown = result[list.member];
      if (!Array.isArray(entries)) continue;
      const listed = entries.filter((entry) => isListed(list, entry));
      changed ||= listed.length < entries.length;
      result[list.member] = listed;
    }
    // MCP 2026-07-28, Caching: only results of that revision say how they may be kept.
    if (("cacheScope" in result || "ttlMs" in result) && result["cacheScope"] !== "private") {
      result["cacheScope"] = "private";
      changed = true;
    }
    return changed;
  };
}

/**
 * Rewrites the messages of a response. A message that is not JSON passes unchanged; so do status and
 * headers, but for `Content-Length`.
 *
 * @param response The MCP server's answer; its body is used up.
 * @param rewrite Changes one message.
 * @returns The response to send; 500 when the answer is compressed, and so cannot be read here.
 */
export async function rewriteResponse(response: Response, rewrite: Rewrite): Promise<Response> {
  const { status, statusText, headers } = response;
  if (isCompressed(headers) && response.body !== null) {
    // A compressed list cannot be filtered.
    discard(response);
    return buildJsonRpcError(500, "internal", "The MCP server must not compress this answer");
  }
  const rewritten = new Response(await rewriteBody(response, rewrite), {
    status,
    statusText,
    headers,
  });
  if (headers.has("Content-Length")) rewritten.headers.delete("Content-Length");
  return rewritten;
}

/** "none" is no coding of RFC 9110, but often sent to keep a proxy from compressing an event stream. */
function isCompressed(headers: Headers): boolean {
  return !/^(?:identity|none)?$/i.test(headers.get("Content-Encoding") ?? "");
}

async function rewriteBody(response: Response, rewrite: Rewrite): Promise<BodyInit | null> {
  if (isEventStream(response.headers)) {
    return response.body && rewriteEvents(response.body, rewrite);
  }
  // The text is read without a look at `body`, which would make a slower stream of it first.
  const text = await response.text();
  return text === "" ? null : rewriteText(text, rewrite);
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
  const encoder = new TextEncoder();
  const readLines = createLineReader();
  let event: string[] = [];

  /** Takes lines in and returns the events that they complete. */
  function take(lines: readonly string[]): string {
    let out = "";
    for (const line of lines) {
      if (line !== "") event.push(line);
      else if (event.length === 0) out += "\n";
      else {
        out += `${rewriteEvent(event, rewrite).join("\n")}\n\n`;
        event = [];
      }
    }
    return out;
  }

  return source.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, controller) {
        const out = take(readLines(bytes));
        if (out !== "") controller.enqueue(encoder.encode(out));
      },
      flush(controller) {
        // The last line may lack its end, and the last event its empty line.
        event.push(...readLines("\n").filter((line) => line !== ""));
        if (event.length === 0) return;
        controller.enqueue(encoder.encode(rewriteEvent(event, rewrite).join("\n")));
      },
    }),
  );
}

/** Returns the lines of one event; when the rewrite changed its data, that is in one line. */
function rewriteEvent(lines: string[], rewrite: Rewrite): string[] {
  const isData = (line: string) => /^data(:|$)/.test(line);
  const data = lines.filter(isData).map((line) => line.replace(/^data:? ?/, "")).join("\n");
  const rewritten = rewriteText(data, rewrite);
  if (rewritten === data) return lines;
  return [...lines.filter((line) => !isData(line)), `data: ${rewritten}`];
}
