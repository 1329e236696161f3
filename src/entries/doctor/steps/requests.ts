/**
 * The requests that are sent to a running MCP server.
 *
 * @module
 */

import { buildResourceMetadataUrl } from "../../../oauth/protected_resource.ts";
import { type Answer, isAnswer, judgeFault } from "../ask.ts";
import type { CheckId, Verdict } from "../report.ts";
import type { Tools } from "../tools.ts";

/** What to do when nobody answers. */
export const SERVER_ADVICE = "Start the server, or give the doctor the URL that clients use.";

/** The first call of a client, of the transport that every server knows. */
export const FIRST_CALL: Readonly<
  { method: string; headers: Record<string, string>; body: string }
> = {
  method: "POST",
  headers: {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "propelauth-mcp-doctor", version: "1.0.0" },
    },
  }),
};

/**
 * Tells where clients look for the metadata when no challenge tells them.
 *
 * @param serverUrl The MCP endpoint.
 * @returns The URL with the path inserted, and that of the root.
 */
export function metadataPlaces(serverUrl: URL): [inserted: string, root: string] {
  return [buildResourceMetadataUrl(serverUrl.href), buildResourceMetadataUrl(serverUrl.origin)];
}

/**
 * Builds what a browser asks before a request of a page.
 *
 * @param origin The page's origin.
 * @param method The method that the page wants.
 * @param requested The headers that it wants to send.
 * @returns What `fetch` takes beside the URL.
 */
export function buildPreflight(origin: string, method: string, requested: string): RequestInit {
  return {
    method: "OPTIONS",
    headers: {
      "Origin": origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": requested,
    },
  };
}

/**
 * Makes one check out of one request; that nobody answers is a failed check like any other.
 *
 * @param tools The network and the report.
 * @param id The check.
 * @param url What to ask.
 * @param init The request.
 * @param judge Judges the answer.
 */
export async function examine(
  { recorder, ask, timeoutSeconds, show }: Tools,
  id: CheckId,
  url: string,
  init: RequestInit & { wantBody?: boolean },
  judge: (answer: Answer) => Verdict | Promise<Verdict>,
): Promise<void> {
  recorder.start(id);
  const answer = await ask(url, init);
  const verdict = isAnswer(answer)
    ? await judge(answer)
    : judgeFault(answer, url, SERVER_ADVICE, timeoutSeconds, show);
  recorder.record(id, verdict);
}
