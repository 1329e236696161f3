/**
 * Reads the complete lists of an MCP server, as a client does: initialize, then page by page. Pure: no
 * clock, no network. The caller sends the requests.
 *
 * @module
 */

import { isEventStream } from "../lib/body.ts";
import { isObject, parseJson } from "../lib/json.ts";
import { type List, METHOD_NOT_FOUND, nameOf } from "./lists.ts";

/** A POST to the MCP endpoint. */
export interface ListRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Its answer. */
export interface ListReply {
  readonly status: number;
  readonly headers: Headers;
  /** The body; `undefined` when it could not be read. */
  readonly text: string | undefined;
}

/** The names in a list, or why the list could not be read. */
export type ReadList = { readonly names: readonly string[] } | { readonly fault: string };

/** The lists by method, and the session to end, if the server began one. */
interface ReadLists {
  readonly lists: ReadonlyMap<string, ReadList>;
  readonly sessionId: string | undefined;
}

const PROTOCOL_VERSION = "2025-11-25";
/** A server whose pages never end is given up. */
const MAX_PAGES = 1000;

/**
 * Reads lists.
 *
 * @param wanted The lists.
 * @param clientName The client's name in `initialize`.
 * @returns A generator: it yields each request, takes its answer, and returns the lists.
 */
export function* readLists(
  wanted: readonly List[],
  clientName: string,
): Generator<ListRequest, ReadLists, ListReply> {
  let session: Record<string, string> = {};
  let id = 0;
  const request = (method: string, params: unknown, isRequest = true): ListRequest => ({
    headers: {
      "Accept": "application/json, text/event-stream",
      "Content-Type": "application/json",
      ...session,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...(isRequest && { id: ++id }), method, params }),
  });

  const reply = yield request("initialize", {
    protocolVersion: PROTOCOL_VERSION,
    capabilities: {},
    clientInfo: { name: clientName, version: "1.0.0" },
  });
  const lists = new Map<string, ReadList>();
  const started = readAnswer(reply, id);
  if ("fault" in started) {
    for (const { method } of wanted) lists.set(method, started);
    return { lists, sessionId: undefined };
  }
  const sessionId = reply.headers.get("Mcp-Session-Id") ?? undefined;
  const version = started.result?.["protocolVersion"];
  session = {
    "MCP-Protocol-Version": typeof version === "string" ? version : PROTOCOL_VERSION,
    ...(sessionId !== undefined && { "Mcp-Session-Id": sessionId }),
  };
  yield request("notifications/initialized", undefined, false);
  for (const list of wanted) lists.set(list.method, yield* readPages(list));
  return { lists, sessionId };

  function* readPages(list: List): Generator<ListRequest, ReadList, ListReply> {
    const { method, member } = list;
    const names: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = readAnswer(yield request(method, cursor === undefined ? {} : { cursor }), id);
      if ("fault" in answer) return answer;
      if (answer.result === undefined) return { names };
      const entries = answer.result[member];
      if (!Array.isArray(entries)) return { fault: `the result has no ${member}` };
      for (const entry of entries) {
        const name = nameOf(list, entry);
        if (name !== undefined) names.push(name);
      }
      const next = answer.result["nextCursor"];
      if (typeof next !== "string") return { names };
      cursor = next;
    }
    return { fault: `its pages do not end` };
  }
}

/** The result of a request; `undefined` in place of it when the server does not know the method. */
function readAnswer(
  { status, headers, text = "" }: ListReply,
  id: number,
): { readonly result: Record<string, unknown> | undefined } | { readonly fault: string } {
  if (status < 200 || status > 299) return { fault: `status ${status}` };
  const messages = isEventStream(headers)
    ? text.split(/(?:\r\n|\n|\r(?!\n)){2}/).map(readData)
    : [parseJson(text)];
  for (const message of messages) {
    if (!isObject(message) || message["id"] !== id) continue;
    const { result, error } = message;
    if (isObject(result)) return { result };
    if (isObject(error) && error["code"] === METHOD_NOT_FOUND) return { result: undefined };
    if (isObject(error)) return { fault: `error ${JSON.stringify(error["message"])}` };
  }
  return { fault: "the answer is not a JSON-RPC response" };
}

/** The data of one event, as JSON. */
function readData(event: string): unknown {
  const data = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  return parseJson(data.map((line) => line.slice(5)).join("\n"));
}
